import type { ObjectMeta } from "../../api/meta.ts";

/** A Helm release, by its name and namespace. */
export interface HelmOwner {
  readonly name: string;
  readonly namespace: string;
}

/** The Helm release that an object belongs to, by Helm's annotations; undefined if it belongs to none. */
export function helmOwnerOf({ annotations = {}, namespace }: ObjectMeta): HelmOwner | undefined {
  const name = annotations["meta.helm.sh/release-name"];
  if (name === undefined) return undefined;
  return {
    name,
    namespace: annotations["meta.helm.sh/release-namespace"] ?? namespace ?? "default",
  };
}
