import { isObject } from "../../api/json.ts";
import type { ObjectMeta } from "../../api/meta.ts";
import type { Pod } from "../../api/pod.ts";
import { isMarkedInjected } from "../annotations/injected_list.ts";
import { FIELD_MANAGER } from "../field_manager.ts";

type ManagedFields = NonNullable<ObjectMeta["managedFields"]>;

const NONE: ManagedFields = [];
const LISTS = ["containers", "initContainers"] as const;

/**
 * `managedFields` entries of other clients that own images of injected containers, reduced to these fields; empty
 * for most Pods, undefined if the Pod has no `managedFields`.
 */
export function foreignImageFields({ metadata, spec }: Pod): ManagedFields | undefined {
  const { managedFields } = metadata;
  if (!Array.isArray(managedFields) || managedFields.length === 0) return undefined;
  const injected = LISTS.flatMap((list) => {
    const keys = (spec[list] ?? []).filter(isMarkedInjected).map(({ name }) => keyOf(name));
    return keys.length === 0 ? [] : [{ list, keys }];
  });
  if (injected.length === 0) return NONE;
  const entries = managedFields.flatMap(({ manager, fieldsV1 }) => {
    if (manager === FIELD_MANAGER) return [];
    const owned = injected.flatMap(({ list, keys: candidates }) => {
      const keys = candidates.filter((key) => ownsImage(fieldsV1, { list, key }));
      const fields = Object.fromEntries(keys.map((key) => [key, { "f:image": {} }]));
      return keys.length === 0 ? [] : [[`f:${list}`, fields] as const];
    });
    if (owned.length === 0) return [];
    return [{ ...(manager ? { manager } : {}), fieldsV1: { "f:spec": Object.fromEntries(owned) } }];
  });
  return entries.length === 0 ? NONE : entries;
}

/**
 * Whether another client changed the image of an injected container after the Pod's creation. The API server
 * computes owners before it calls webhooks, so fields that webhooks change have no owner.
 *
 * @returns undefined if the Pod has no `managedFields`
 */
export function isImageForeign({ metadata: { managedFields } }: Pod, container: string) {
  if (managedFields === undefined) return undefined;
  const key = keyOf(container);
  return managedFields.some(({ manager, fieldsV1 }) =>
    manager !== FIELD_MANAGER && LISTS.some((list) => ownsImage(fieldsV1, { list, key }))
  );
}

function keyOf(container: string): string {
  return `k:${JSON.stringify({ name: container })}`;
}

function ownsImage(fields: unknown, { list, key }: { list: string; key: string }): boolean {
  let node = fields;
  for (const step of ["f:spec", `f:${list}`, key]) {
    if (!isObject(node) || !Object.hasOwn(node, step)) return false;
    node = node[step];
  }
  return isObject(node) && Object.hasOwn(node, "f:image");
}
