import type {
  MutatingAdmissionPolicy,
  MutatingAdmissionPolicyBinding,
} from "../../lib/api/admission_policy.ts";
import type { ObjectMeta } from "../../lib/api/meta.ts";
import type { Pod } from "../../lib/api/pod.ts";
import { type MechanismPlan, planMechanisms } from "../../lib/core/admission_policy/plan.ts";
import { inject } from "../../lib/core/inject/inject.ts";
import type { Injection, InjectRequest, Skip } from "../../lib/core/inject/contract.ts";
import { injectedPod } from "../../lib/core/json/patch.ts";
import type { NamespaceFacts, PreparedSidecarSet } from "../../lib/core/prepared.ts";
import { selectsPod } from "../../lib/core/select/pod_selection.ts";
import { LEFT_TO_WEBHOOK } from "../../lib/core/registration/left_to_webhook.ts";
import { ApiError } from "../../lib/kube/errors.ts";
import { create } from "../../lib/kube/requests.ts";
import { resources } from "../../lib/kube/resources.ts";
import { send } from "../../lib/kube/response.ts";
import type { ControlPlane } from "./control_plane.ts";
import { eventually } from "./eventually.ts";

type Plane = Pick<ControlPlane, "client">;

/** SidecarSets whose policy applies to Pods of one name only, so that many can be tried at once. */
export interface Scene {
  /** Of the policy and of the Pods; a DNS label. */
  readonly name: string;
  readonly sidecarSets: readonly PreparedSidecarSet[];
  readonly revisionsOf?: InjectRequest["revisionsOf"];
}

/** A Pod as the API server would store it, or why it refuses it. */
export type Creation = { readonly pod: Pod } | { readonly refused: string };

/** One Pod as the policy makes it, and as the webhook does. */
export interface Comparison {
  /** By the policy, and by the webhook too if its entry for Pods that a policy leaves to it matches. */
  readonly byPolicy: Creation;
  /** Whether that entry matches. */
  readonly isLeft: boolean;
  readonly byWebhook: Creation;
  readonly injected: readonly string[];
  readonly skipped: readonly Skip[];
}

/** Name of Pods that no policy applies to. */
const UNTOUCHED = "untouched";
/** Name of Pods that are annotated if the webhook's entry for Pods that a policy leaves to it matches. */
const LEFT = "left-to-webhook";

export function planOf({ sidecarSets, revisionsOf = () => [] }: Scene): MechanismPlan {
  return planMechanisms({ sidecarSets, revisionsOf, excludedNamespaces: [] });
}

/** Stores the policies, and waits until the API server uses all of them. */
export async function activate(plane: Plane, scenes: readonly Scene[]): Promise<void> {
  for (const scene of scenes) {
    const { mutatingAdmissionPolicy: policy, binding } = planOf(scene);
    if (policy !== undefined && binding !== undefined) {
      await store(plane, { name: scene.name, policy, binding });
    }
  }
  // The API server has read all policies once it has read the last one.
  const name = `after-${scenes.at(-1)?.name}`;
  const left = `left-${scenes.at(-1)?.name}`;
  const [first] = scenes.flatMap((scene) => planOf(scene).mutatingAdmissionPolicy ?? []);
  const { binding } = scenes.map(planOf).find((plan) => plan.binding !== undefined) ?? {};
  if (first?.spec === undefined || binding === undefined) return;
  const expression =
    '[JSONPatch{op: "add", path: "/metadata/annotations", value: {"probe": "active"}}]';
  const spec = {
    ...first.spec,
    matchConditions: [],
    variables: [],
    mutations: [{ patchType: "JSONPatch" as const, jsonPatch: { expression } }],
  };
  const matchConditions = [{ ...LEFT_TO_WEBHOOK }];
  const marking = { ...first, spec: { ...spec, matchConditions } };
  await store(plane, { name: left, appliesTo: LEFT, policy: marking, binding });
  await store(plane, { name, policy: { ...first, spec }, binding });
  const probe: Pod = { metadata: { name }, spec: { containers: [{ name: "main", image: "m" }] } };
  await eventually(async () => {
    const creation = await createdPod(plane, probe);
    return "pod" in creation && creation.pod.metadata.annotations?.probe === "active";
  }, { what: "the API server uses the policies", timeout: 120_000, interval: 200 });
}

async function store(
  { client }: Plane,
  { name, appliesTo = name, policy, binding }: {
    name: string;
    /** Name of Pods. */
    appliesTo?: string;
    policy: MutatingAdmissionPolicy;
    binding: MutatingAdmissionPolicyBinding;
  },
): Promise<void> {
  if (policy.spec === undefined) return;
  const only = { name: "scene", expression: `object.metadata.name == '${appliesTo}'` };
  const matchConditions = [only, ...policy.spec.matchConditions ?? []];
  await send(
    client,
    create(resources.mutatingAdmissionPolicies, {
      body: {
        ...policy,
        metadata: { ...policy.metadata, name },
        spec: { ...policy.spec, matchConditions },
      },
    }),
  );
  await send(
    client,
    create(resources.mutatingAdmissionPolicyBindings, {
      body: { ...binding, metadata: { name }, spec: { policyName: name } },
    }),
  );
}

/** Creates the Pod in a dry run. */
export async function createdPod({ client }: Plane, pod: Pod): Promise<Creation> {
  const { namespace = "default" } = pod.metadata;
  const body = { ...pod, metadata: { ...pod.metadata, namespace } };
  try {
    return { pod: await send(client, create(resources.pods, { namespace, dryRun: true, body })) };
  } catch (error) {
    if (!(error instanceof ApiError) || error.httpCode < 400) throw error;
    return { refused: error.message };
  }
}

export interface ComparedPod {
  readonly pod: Pod;
  /** As the API server knows it. */
  readonly namespace: NamespaceFacts;
  /** Whether the Pod is evaluated once more during its creation. @default false */
  readonly isReinvoked?: boolean;
}

/** Creates the Pod by the policy of its scene, and as the webhook patches it. */
export async function compare(
  plane: Plane,
  scene: Scene,
  { pod, namespace, isReinvoked = false }: ComparedPod,
): Promise<Comparison> {
  const named = (name: string): Pod => ({
    ...pod,
    metadata: { ...pod.metadata, name, namespace: namespace.name },
  });
  const byPolicy = await createdPod(plane, named(scene.name));
  // The webhook sees a Pod with the API server's defaults.
  const seen = await createdPod(plane, named(UNTOUCHED));
  if ("refused" in seen) {
    return { byPolicy, isLeft: false, byWebhook: seen, injected: [], skipped: [] };
  }
  const { patched, injected, skipped } = reviewed(scene, {
    pod: underCreation(seen.pod, { isReinvoked }),
    namespace,
  });
  const marked = await createdPod(plane, named(LEFT));
  const isLeft = "pod" in marked && marked.pod.metadata.annotations?.probe === "active";
  const { managedFields } = seen.pod.metadata;
  return {
    byPolicy: isLeft && "pod" in byPolicy
      ? await createdPod(
        plane,
        reviewed(scene, {
          pod: underCreation(withFields(byPolicy.pod, managedFields), { isReinvoked }),
          namespace,
        }).patched,
      )
      : byPolicy,
    isLeft,
    byWebhook: await createdPod(plane, patched),
    injected: injected.filter(({ isNew }) => isNew).map(({ sidecarSet }) => sidecarSet),
    skipped,
  };
}

/** The Pod after the webhook's review. */
function reviewed(
  scene: Scene,
  { pod, namespace }: Pick<ComparedPod, "pod" | "namespace">,
): { patched: Pod } & Pick<Injection, "injected" | "skipped"> {
  const match: InjectRequest["match"] = (labels) =>
    scene.sidecarSets.filter(({ sidecarSet: { spec } }) => selectsPod(spec, { labels, namespace }));
  const { patch, injected, skipped } = inject({
    pod,
    namespace,
    selecting: match(pod.metadata.labels ?? {}),
    match,
    revisionsOf: scene.revisionsOf ?? (() => []),
    sharesOf: () => ({ matched: 0, pinned: 0 }),
    now: new Date(),
  });
  const after = patch.length === 0 ? pod : injectedPod(pod, patch);
  const { managedFields: _managedFields, ...metadata } = after.metadata;
  return { patched: { ...after, metadata }, injected, skipped };
}

function withFields(pod: Pod, managedFields: ObjectMeta["managedFields"]): Pod {
  return { ...pod, metadata: { ...pod.metadata, ...(managedFields ? { managedFields } : {}) } };
}

/**
 * The Pod of a response as a webhook sees it. Its managed fields are those of the client's request, so they do not
 * have what an earlier call has added.
 */
function underCreation(
  { status: _status, ...pod }: Pod,
  { isReinvoked }: Required<Pick<ComparedPod, "isReinvoked">>,
): Pod {
  const { uid: _uid, creationTimestamp: _time, generation: _generation, ...metadata } =
    pod.metadata;
  if (isReinvoked) delete metadata.managedFields;
  return { ...pod, metadata };
}

/** A Pod without what differs between two creations of the same Pod; annotations that are JSON are parsed. */
export function comparable(creation: Creation): unknown {
  if ("refused" in creation) return { refused: true };
  const { metadata: { labels, annotations = {} }, spec } = creation.pod;
  return {
    labels,
    annotations: Object.fromEntries(
      Object.entries(annotations).map(([key, text]) => [key, withoutTimes(parsed(text))]),
    ),
    spec,
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** A policy records the time of the revision, the webhook that of the creation. */
function withoutTimes(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(
      value,
      (key, member) => key === "updateTimestamp" && member !== null ? "T" : member,
    ),
  );
}
