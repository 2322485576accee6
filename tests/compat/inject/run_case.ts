import type { AdmissionRequest } from "../../../lib/api/admission.ts";
import type { SidecarSet } from "../../../lib/api/sidecarset.ts";
import { injectedPod } from "../../../lib/core/json/patch.ts";
import { inject } from "../../../lib/core/inject/inject.ts";
import { prepareSidecarSet } from "../../../lib/core/defaults/prepare.ts";
import type { PreparedSidecarSet } from "../../../lib/core/prepared.ts";
import { recordedHashes } from "../../../lib/core/revision/hash.ts";
import { selectsPod } from "../../../lib/core/select/pod_selection.ts";
import { createPodReview } from "../../../lib/webhook/pods.ts";
import type { InjectCase, Result } from "./inject_case.ts";

/** Runs a case through the webhook's review of Pods, with the settings that give OpenKruise's behaviour. */
export function runCase(testCase: InjectCase): Result {
  const prepared = testCase.sidecarSets.map(prepareAsOpenKruise);
  const review = createPodReview({
    isSynced: () => true,
    excludedNamespaces: new Set(),
    match: (labels, namespace) =>
      prepared.filter(({ sidecarSet }) => selectsPod(sidecarSet.spec, { labels, namespace })),
    // Namespaces always exist for an API server; one that the case does not list has no labels.
    namespace: (name) => ({ name, labels: testCase.namespaceLabels?.[name] ?? {} }),
    readNamespace: () => Promise.reject(new Error("not reached: every namespace is known")),
    sidecarSet: (name) => prepared.find((each) => each.name === name),
    untilCurrent: () => Promise.resolve(),
    readSidecarSet: () => Promise.reject(new Error("not reached: every SidecarSet is known")),
    revisionsOf: () => testCase.revisions ?? [],
    sharesOf: () => ({ matched: 0, pinned: 0 }),
    inject,
    now: () => new Date(0),
  });
  const decision = review(requestOf(testCase));
  if (decision instanceof Promise) throw new Error("Cannot judge a case that waits for something");
  if (!decision.allowed) return { error: true };
  if (!decision.patch?.length) return { skipped: true };
  return { pod: injectedPod(testCase.pod, decision.patch) };
}

/**
 * The hashes are those that the case's objects carry: an explicit empty list of containers counts in them and is not
 * written in the objects. A SidecarSet that the schema refuses cannot be stored; should it be, it is invalid and
 * injected into nothing.
 */
function prepareAsOpenKruise(sidecarSet: SidecarSet): PreparedSidecarSet {
  const spec = { ...sidecarSet.spec, failurePolicy: "Fail", conflictPolicy: "Replace" } as const;
  const configured = { ...sidecarSet, spec };
  const revisionName = sidecarSet.status?.latestRevision ?? "";
  const prepared = prepareSidecarSet(configured, { revisionName });
  if (prepared.ok) return { ...prepared.value, ...recordedHashes(prepared.value.sidecarSet) };
  return {
    name: sidecarSet.metadata.name ?? "",
    sidecarSet: configured,
    hash: "",
    hashWithoutImage: "",
    revisionName,
    problems: prepared.problems,
  };
}

function requestOf({ pod, operation, subResource }: InjectCase): AdmissionRequest {
  return {
    uid: "case",
    kind: { group: "", version: "v1", kind: "Pod" },
    resource: { group: "", version: "v1", resource: "pods" },
    operation: operation ?? "CREATE",
    ...(subResource === undefined ? {} : { subResource }),
    object: pod,
  };
}
