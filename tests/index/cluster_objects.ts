import { CANARY_ANNOTATION, CANARY_BASE_ANNOTATION } from "../../lib/api/names.ts";
import type { Pod } from "../../lib/api/pod.ts";
import type { PreparedSidecarSet } from "../../lib/core/prepared.ts";
import { podOf, sidecarSetOf } from "../support/objects.ts";

const SELECTORS = [
  { matchLabels: { app: "web" } },
  { matchLabels: { app: "db" } },
  { matchExpressions: [{ key: "app", operator: "NotIn" as const, values: ["db"] }] },
];
const PLACES = [
  {},
  { namespace: "one" },
  { namespaceSelector: { matchLabels: { sidecars: "on" } } },
];
/** What a SidecarSet brings; a plain init container is in no hash. */
const SIDECARS = [
  (name: string, image: string) => ({ containers: [{ name: `agent-${name}`, image }] }),
  (_: string, image: string) => ({ containers: [], initContainers: [{ name: "fetch", image }] }),
  (_: string, image: string) => ({ containers: [], initContainers: [{ name: "prepare", image }] }),
];
const STATES = ["Ready", "Pending", "Running", "Succeeded"] as const;

/** What differs between the SidecarSets of a model; numbers choose. */
export interface SidecarSetForm {
  readonly selector: number;
  readonly place: number;
  readonly sidecar: number;
  readonly image: number;
  readonly effectiveSince: string;
  readonly paused: boolean;
  /** Whose canary it is; empty where it is none. */
  readonly base: string;
}

/** What differs between the Pods of a model; names are of SidecarSets, and empty where there is none. */
export interface PodForm {
  readonly app: string;
  readonly state: number;
  readonly injected: string;
  readonly sidecar: number;
  readonly image: number;
  /** The Pod's condition says of it that it cannot be upgraded. */
  readonly denied: string;
  /** uid of its ReplicaSet. */
  readonly owner: string;
}

export const PLAIN_SIDECARSET: SidecarSetForm = {
  ...{ selector: 0, place: 0, sidecar: 0, image: 0, effectiveSince: "", paused: false, base: "" },
};
export const PLAIN_POD: PodForm = {
  ...{ app: "web", state: 0, injected: "", sidecar: 0, image: 0, denied: "", owner: "" },
};

/** The SidecarSet of a form; made once for each, as it takes long. */
export const sidecarSetAs: (name: string, form: SidecarSetForm) => PreparedSidecarSet = memoized(
  (name, { selector, place, sidecar, image, effectiveSince, paused, base }) =>
    sidecarSetOf({
      name,
      spec: {
        selector: SELECTORS[selector],
        ...PLACES[place],
        ...SIDECARS[sidecar]?.(name, `agent:${image}`),
        injectionStrategy: { paused },
      },
      ...(effectiveSince ? { status: { effectiveSince } } : {}),
      ...(base
        ? { annotations: { [CANARY_ANNOTATION]: "true", [CANARY_BASE_ANNOTATION]: base } }
        : {}),
    }),
);

/** The Pod of a form; made once for each. */
export const podAs: (key: string, form: PodForm) => Pod = memoized(
  (key, { app, state, injected, sidecar, image, denied, owner }) => {
    const [namespace = "", name = ""] = key.split("/");
    const pod = podOf({
      ...{ name, namespace, labels: { app }, creationTimestamp: "2026-01-02T00:00:00Z" },
      injected: injected ? [sidecarSetAs(injected, { ...PLAIN_SIDECARSET, sidecar, image })] : [],
      state: STATES[state] ?? "Ready",
    });
    const ownerReferences = [
      { apiVersion: "apps/v1", kind: "ReplicaSet", name: owner, uid: owner, controller: true },
    ];
    const denial = {
      ...{ type: "SidecarSetUpgradable", status: "False" },
      message: JSON.stringify({ [denied]: false }),
    };
    const conditions = [...pod.status?.conditions ?? [], ...(denied ? [denial] : [])];
    return {
      ...pod,
      metadata: { ...pod.metadata, ...(owner ? { ownerReferences } : {}) },
      status: { ...pod.status, conditions },
    };
  },
);

function memoized<F, V>(make: (key: string, form: F) => V): (key: string, form: F) => V {
  const known = new Map<string, V>();
  return (key, form) => {
    const text = JSON.stringify([key, form]);
    const value = known.get(text) ?? make(key, form);
    known.set(text, value);
    return value;
  };
}
