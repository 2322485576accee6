import type { KubeObject } from "../../api/objects.ts";
import { ifAllowed } from "../../kube/errors.ts";
import type { Resource } from "../../kube/resources.ts";
import { wrapped } from "../terminal/output.ts";

/** A right that this user lacks. */
export interface MissingRight {
  readonly verb: "get" | "list";
  /** Plural and group: `sidecarsets.apps.kruise.io`. */
  readonly resource: string;
  /** Absent for a cluster-scoped object, or for all namespaces. */
  readonly namespace?: string;
  readonly name?: string;
  /** What is unknown without it. */
  readonly hides: string;
}

/** Reads objects, and collects the rights that this user lacks. */
export class TolerantReader {
  readonly #missing: MissingRight[] = [];

  get missing(): readonly MissingRight[] {
    return this.#missing;
  }

  /** The answer, or undefined if it is forbidden. Rejects with any other error. */
  async read<T, O extends KubeObject>(
    answer: Promise<T>,
    kind: Resource<O>,
    right: Omit<MissingRight, "resource">,
  ): Promise<T | undefined> {
    const found = await ifAllowed(answer.then((value) => ({ value })));
    if (found !== undefined) return found.value;
    const [group, version] = kind.apiVersion.split("/");
    const resource = version === undefined ? kind.plural : `${kind.plural}.${group}`;
    this.#missing.push({ ...right, resource });
    return undefined;
  }
}

/** Explains what is unknown and which rights would show it; empty without missing rights. */
export function missingRightsText(missing: readonly MissingRight[]): string {
  if (missing.length === 0) return "";
  const lines = missing.flatMap(({ verb, resource, name, namespace, hides }) => {
    const place = namespace === undefined ? "" : ` in namespace ${namespace}`;
    const target = name === undefined ? resource : `${resource}/${name}`;
    return [`  ${verb} ${target}${place}:`, ...wrapped(hides, 4)];
  });
  return `Unknown, because this user may not:\n${lines.join("\n")}\n`;
}
