import type { Container } from "../../../lib/api/container.ts";
import { NAMESPACE_NAME_LABEL, REVISION_OWNER_LABEL } from "../../../lib/api/names.ts";
import { readSidecarSet } from "../../../lib/api/read.ts";
import type { SidecarSet } from "../../../lib/api/sidecarset.ts";
import { isMarkedInjected } from "../../../lib/core/annotations/injected_list.ts";
import { compareQuantities, parseQuantity } from "../../../lib/core/quantity/quantity.ts";
import { selectorProblems } from "../../../lib/core/select/selector_problems.ts";
import type { Departure } from "../contract.ts";
import { type InjectCase, type Result, sidecarsOf } from "./inject_case.ts";
import { runCase } from "./run_case.ts";
import { changeInjected, inNameOrder, recordedPod } from "./recorded.ts";
import { refusalsOf } from "./refusals.ts";

export interface InjectDeparture extends Departure<InjectCase> {
  expected(testCase: InjectCase): InjectCase["result"];
}

const REFUSED: Result = { error: true };
const SERVICE_ACCOUNT_PATH = "/var/run/secrets/kubernetes.io/serviceaccount";
const NUMBER_WITH_SUFFIX = /(?<![\w.])[0-9.]+([a-zA-Z]+)/g;
const SUFFIX = /^(m|k|M|G|T|P|Ki|Mi|Gi|Ti|Pi|[eE][0-9]+)$/;

/** In the order in which they are applied, each to the result that the one before has left. */
export const departures: readonly InjectDeparture[] = [
  {
    number: "B-26",
    says: "a selector that Kubernetes refuses selects nothing instead of blocking every Pod",
    applies: ({ sidecarSets, result }) => "error" in result && sidecarSets.some(hasBadSelector),
    expected: (testCase) =>
      runCase({
        ...testCase,
        sidecarSets: testCase.sidecarSets.filter((each) => !hasBadSelector(each)),
      }),
  },
  {
    number: "B-26",
    says: "a SidecarSet with a value outside its enum cannot be stored and is not injected",
    applies: ({ sidecarSets, result }) =>
      "pod" in result && sidecarSets.some((each) => !readSidecarSet(each).ok),
    expected: () => REFUSED,
  },
  {
    number: "B-28",
    says: "a pinned revision of another SidecarSet counts as missing",
    applies: ({ sidecarSets, revisions = [] }) =>
      sidecarSets.some(({ metadata, spec }) => {
        const name = spec.injectionStrategy?.revision?.revisionName;
        const pinned = revisions.find((revision) => revision.metadata.name === name);
        return pinned !== undefined &&
          pinned.metadata.labels?.[REVISION_OWNER_LABEL] !== metadata.name;
      }),
    expected: () => REFUSED,
  },
  {
    number: "B-41",
    says: "an integer partition keeps that many Pods on the pinned revision",
    applies: ({ sidecarSets }) => sidecarSets.some(isPartialByCount),
    expected: (testCase) =>
      runCase({ ...testCase, sidecarSets: testCase.sidecarSets.map(alwaysPinned) }),
  },
  {
    number: "B-34",
    says: "a number with an unknown suffix is an error instead of zero",
    applies: ({ sidecarSets }) =>
      sidecarSets.flatMap(expressionsOf).some((text) =>
        [...text.matchAll(NUMBER_WITH_SUFFIX)].some(([, suffix = ""]) => !SUFFIX.test(suffix))
      ),
    expected: () => REFUSED,
  },
  {
    number: "B-35",
    says: "computed requests above computed limits are an error of the SidecarSet, not of the Pod",
    applies: (testCase) =>
      testCase.sidecarSets.some((each) => expressionsOf(each).length > 0) &&
      injectedContainers(testCase).some(requestsTooMuch),
    expected: () => REFUSED,
  },
  {
    number: "B-27",
    says: "a sidecar without an image, or a hot upgrade without an empty one, is not injected",
    applies: (testCase) => refusalsOf(testCase).has("image"),
    expected: () => REFUSED,
  },
  {
    number: "B-31",
    says: "of two SidecarSets that bring one container name to a Pod the second is not injected",
    applies: (testCase) => refusalsOf(testCase).has("name of another SidecarSet"),
    expected: () => REFUSED,
  },
  {
    number: "B-38",
    says: "a sidecar is not injected next to a container of its name in the Pod's other list",
    applies: (testCase) => refusalsOf(testCase).has("name in the other list"),
    expected: () => REFUSED,
  },
  {
    number: "D-7",
    says:
      "volumes, paths, host ports and fields that the API server refuses in the Pod are the SidecarSet's error",
    applies: (testCase) => {
      const refusals = refusalsOf(testCase);
      return refusals.has("place") || refusals.has("field");
    },
    expected: () => REFUSED,
  },
  {
    number: "B-36",
    says: "computed resources leave the sidecar's claims",
    applies: ({ sidecarSets, result }) =>
      "pod" in result && sidecarSets.flatMap(sidecarsOf).some(keepsClaims),
    expected: (testCase) => {
      const claims = new Map(
        testCase.sidecarSets.flatMap(sidecarsOf).filter(keepsClaims).map(({ sidecar }) => [
          sidecar.name,
          sidecar.resources?.claims,
        ]),
      );
      return changeInjected(testCase, (container) =>
        claims.has(container.name)
          ? {
            ...container,
            resources: { ...container.resources, claims: claims.get(container.name) },
          }
          : container);
    },
  },
  {
    number: "B-42",
    says: "sharing volume mounts leaves each container's service account token to itself",
    applies: ({ sidecarSets, pod }) =>
      sidecarSets.flatMap(sidecarsOf).some(({ sidecar }) =>
        sidecar.shareVolumePolicy?.type === "enabled"
      ) && pod.spec.containers.some(mountsToken),
    expected: (testCase) => {
      const bringsOwn = new Set(
        testCase.sidecarSets.flatMap(sidecarsOf).filter(({ sidecar }) => mountsToken(sidecar))
          .map(({ sidecar }) => sidecar.name),
      );
      return changeInjected(
        testCase,
        (container) =>
          bringsOwn.has(container.name.replace(/-[12]$/, "")) || bringsOwn.has(container.name)
            ? container
            : withoutToken(container),
      );
    },
  },
  {
    number: "B-37",
    says: "several SidecarSets stand in the order of their names, each in the order of its spec",
    applies: ({ sidecarSets, featureGates }) =>
      featureGates?.EnableSortSidecarContainerByName === true ||
      new Set(sidecarSets.map(namesItsNamespace)).size > 1,
    expected: inNameOrder,
  },
  {
    number: "D-11",
    says: "kubectl keeps to the Pod's own container when a sidecar stands in front of it",
    applies: (testCase) => resultsOf(testCase).some((each) => containerBehind(each, testCase)),
    expected: (testCase) => {
      const results = resultsOf(testCase).map((each) => withDefaultContainer(each, testCase));
      return "anyOf" in testCase.result ? { anyOf: results } : results[0] ?? testCase.result;
    },
  },
];

const DEFAULT_CONTAINER = "kubectl.kubernetes.io/default-container";

function resultsOf({ result }: InjectCase): readonly Result[] {
  return "anyOf" in result ? result.anyOf : [result];
}

/**
 * The Pod's first own container, where one that is injected stands in front and the Pod does not say which one to
 * take.
 */
function containerBehind(result: Result, { pod }: InjectCase): string | undefined {
  if (!("pod" in result)) return undefined;
  const { metadata: { annotations }, spec: { containers } } = result.pod;
  if (annotations?.[DEFAULT_CONTAINER] !== undefined) return undefined;
  const known = new Set(pod.spec.containers.map(({ name }) => name));
  const isInFront = containers.findIndex(({ name }) => !known.has(name)) === 0;
  const own = containers.find((each) => known.has(each.name) && !isMarkedInjected(each));
  return isInFront ? own?.name : undefined;
}

function withDefaultContainer(result: Result, testCase: InjectCase): Result {
  const name = containerBehind(result, testCase);
  if (name === undefined || !("pod" in result)) return result;
  const { metadata } = result.pod;
  const annotations = { ...metadata.annotations, [DEFAULT_CONTAINER]: name };
  return { pod: { ...result.pod, metadata: { ...metadata, annotations } } };
}

function hasBadSelector({ spec }: SidecarSet): boolean {
  return [spec.selector, spec.namespaceSelector].some((selector) =>
    selector !== undefined && selectorProblems(selector, "spec").length > 0
  );
}

function isPartialByCount({ spec }: SidecarSet): boolean {
  const revision = spec.injectionStrategy?.revision;
  return revision?.policy === "Partial" && Number.isInteger(spec.updateStrategy?.partition) &&
    spec.updateStrategy?.partition !== 0 && spec.updateStrategy?.selector === undefined;
}

function alwaysPinned(sidecarSet: SidecarSet): SidecarSet {
  if (!isPartialByCount(sidecarSet)) return sidecarSet;
  const { injectionStrategy } = sidecarSet.spec;
  const revision = { ...injectionStrategy?.revision, policy: "Always" as const };
  return {
    ...sidecarSet,
    spec: { ...sidecarSet.spec, injectionStrategy: { ...injectionStrategy, revision } },
  };
}

function expressionsOf(sidecarSet: SidecarSet): string[] {
  return sidecarsOf(sidecarSet).flatMap(({ sidecar }) => {
    const { limits, requests } = sidecar.resourcesPolicy?.resourcesExpr ?? {};
    return [limits?.cpu, limits?.memory, requests?.cpu, requests?.memory]
      .flatMap((text) => text ?? []);
  });
}

function injectedContainers(testCase: InjectCase): readonly Container[] {
  const pod = recordedPod(testCase);
  return [...pod?.spec.containers ?? [], ...pod?.spec.initContainers ?? []].filter(({ env }) =>
    env?.some(({ name }) => name === "IS_INJECTED")
  );
}

function requestsTooMuch({ resources }: Container): boolean {
  return Object.entries(resources?.requests ?? {}).some(([resource, requested]) => {
    const limit = parseQuantity(String(resources?.limits?.[resource] ?? ""));
    const request = parseQuantity(String(requested));
    return limit !== undefined && request !== undefined && compareQuantities(request, limit) > 0;
  });
}

function keepsClaims({ sidecar }: ReturnType<typeof sidecarsOf>[number]): boolean {
  return sidecar.resourcesPolicy !== undefined && sidecar.resources?.claims !== undefined;
}

function mountsToken({ volumeMounts }: Container): boolean {
  return volumeMounts?.some(({ mountPath }) => mountPath === SERVICE_ACCOUNT_PATH) ?? false;
}

function withoutToken(container: Container): Container {
  const { volumeMounts, ...rest } = container;
  const kept = volumeMounts?.filter(({ mountPath }) => mountPath !== SERVICE_ACCOUNT_PATH) ?? [];
  return kept.length === 0 ? rest : { ...rest, volumeMounts: kept };
}

function namesItsNamespace({ spec }: SidecarSet): boolean {
  const { matchLabels = {}, matchExpressions = [] } = spec.namespaceSelector ?? {};
  return spec.namespace !== undefined || NAMESPACE_NAME_LABEL in matchLabels ||
    matchExpressions.some(({ key, operator }) => key === NAMESPACE_NAME_LABEL && operator === "In");
}
