import { compareUtf8 } from "../json/go_json.ts";
import type { PreparedSidecarSet } from "../prepared.ts";
import { admit } from "./admit.ts";
import { caveatsOf } from "./caveats.ts";
import { choose } from "./choose.ts";
import { clearCopies } from "./copies.ts";
import type { Caveat, Injection, InjectRequest } from "./contract.ts";
import { createPatchWriter, type Decisions, type PatchWriter } from "./patch_writer.ts";
import { transferContextOf } from "./env.ts";
import { createPlanner, type Planner } from "./planner.ts";

/** Decides injections, with cached plans and patches. */
interface Injector {
  inject(request: InjectRequest): Injection;
}

/** An injector for many Pods. Its caches are weak: they are released with the SidecarSets. */
export function createInjector(): Injector {
  const memory = { planner: createPlanner(), write: createPatchWriter() };
  return { inject: (request) => injectWith(memory, request) };
}

/**
 * Decides what to inject into a new Pod, as a JSON patch.
 *
 * Deterministic and idempotent: the same Pod and SidecarSets give the same patch, and an injected Pod gets none.
 * Every selecting SidecarSet is either in `injected` or has one skip with its reason. The request is never mutated.
 */
export function inject(request: InjectRequest): Injection {
  return createInjector().inject(request);
}

function injectWith(
  { planner, write }: { planner: Planner; write: PatchWriter },
  given: InjectRequest,
): Injection {
  const { pod, operations } = clearCopies(given, planner);
  const { labels } = pod.metadata;
  const selecting = labels === given.pod.metadata.labels
    ? given.selecting
    : given.match(labels ?? {});
  const request = pod === given.pod ? given : { ...given, pod, selecting };
  const { choice, admission } = settle(request, planner);
  const injected = [
    ...choice.present.map(({ prepared, revision }) => ({
      sidecarSet: prepared.name,
      revision,
      isNew: false,
    })),
    ...admission.admitted.map(({ plan }) => ({
      sidecarSet: plan.name,
      revision: plan.prepared.revisionName,
      isNew: true,
    })),
  ];
  const caveats = caveatsIn(request, { choice, admission });
  const patch = write(request, { choice, admission });
  return {
    ...(caveats.length > 0 ? { caveats } : {}),
    patch: operations.length === 0 ? patch : [...operations, ...patch],
    injected: injected.sort((a, b) => compareUtf8(a.sidecarSet, b.sidecarSet)),
    skipped: [...choice.skipped, ...admission.skipped],
  };
}

/**
 * Decides about every SidecarSet that selects the Pod with the labels that the injection gives it. The labels that
 * an admitted SidecarSet sets can select more; these are decided after all earlier ones. As no SidecarSet may set a
 * label that ends another one's selection, each round only adds SidecarSets, and the last one adds none.
 */
function settle(request: InjectRequest, planner: Planner): Decisions {
  let selecting = byName(request.selecting);
  for (;;) {
    const settling = selecting === request.selecting ? request : { ...request, selecting };
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

function caveatsIn(
  { pod }: InjectRequest,
  { choice, admission }: Decisions,
): readonly Caveat[] {
  const context = transferContextOf(pod, admission);
  const caveats: Caveat[] = [];
  for (const group of [choice.present, admission.admitted]) {
    for (const { plan } of group) {
      if (plan === undefined) continue;
      for (const message of caveatsOf(plan, context)) {
        caveats.push({ sidecarSet: plan.name, message });
      }
    }
  }
  for (const { sidecarSet, field } of admission.untargeted) {
    const message = `fix the names of ${field}: the Pod has no container that they match`;
    caveats.push({ sidecarSet, message });
  }
  return caveats;
}
