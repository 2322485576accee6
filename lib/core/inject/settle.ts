import type { PreparedSidecarSet } from "../prepared.ts";
import { compareUtf8 } from "../json/go_json.ts";
import { type Admission, admit } from "./admit.ts";
import { type Choice, choose } from "./choose.ts";
import type { InjectRequest } from "./contract.ts";
import type { Planner } from "./planner.ts";

/** The SidecarSets of a Pod once the labels that they patch select no others. */
interface Settled {
  readonly choice: Choice;
  readonly admission: Admission;
}

/**
 * Decides about every SidecarSet that selects the Pod with the labels that the injection gives it. The labels that
 * an admitted SidecarSet sets can select more; these are decided after all earlier ones. As no SidecarSet may set a
 * label that ends another one's selection, each round only adds SidecarSets, and the last one adds none.
 */
export function settle(request: InjectRequest, planner: Planner): Settled {
  let selecting = byName(request.selecting);
  for (;;) {
    const settling = { ...request, selecting };
    const choice = choose(settling, planner);
    const admission = admit(settling, choice);
    const { labels } = admission;
    if (labels.size === 0) return { choice, admission };
    const known = new Set(selecting.map(({ name }) => name));
    const added = request.match({ ...request.pod.metadata.labels, ...Object.fromEntries(labels) })
      .filter(({ name }) => !known.has(name));
    if (added.length === 0) return { choice, admission };
    selecting = [...selecting, ...byName(added)];
  }
}

function byName(sidecarSets: readonly PreparedSidecarSet[]): readonly PreparedSidecarSet[] {
  return sidecarSets.length < 2
    ? sidecarSets
    : sidecarSets.toSorted((a, b) => compareUtf8(a.name, b.name));
}
