import type { Clock } from "../api/clock.ts";
import type { FieldProblem } from "../api/problems.ts";
import type { Logger } from "../api/logger.ts";
import { NAMESPACE_NAME_LABEL } from "../api/names.ts";
import type { SidecarSet } from "../api/sidecarset.ts";
import type { Injected } from "../core/inject/contract.ts";
import { createInjector } from "../core/inject/inject.ts";
import type { NamespaceFacts } from "../core/prepared.ts";
import type { ClusterIndex } from "../index/cluster.ts";
import type { RestClient } from "../kube/contract.ts";
import { orUndefined } from "../kube/errors.ts";
import { get, list } from "../kube/requests.ts";
import { resources } from "../kube/resources.ts";
import { send } from "../kube/response.ts";
import { createHandler, type Observation } from "../webhook/handler.ts";
import { CurrentSidecarSets } from "../webhook/current_sidecarsets.ts";
import { createJobReview, type JobReviewOptions } from "../webhook/jobs.ts";
import { createPodReview, type PodReviewObserver } from "../webhook/pods.ts";
import {
  createSidecarSetDefaulting,
  createSidecarSetValidation,
  type SidecarSetValidationInput,
} from "../webhook/sidecarsets.ts";
import { withUnknownFieldWarnings } from "../webhook/warnings.ts";
import { toPrepared } from "../core/defaults/prepare.ts";

interface AdmissionOptions {
  readonly client: RestClient;
  readonly index: ClusterIndex;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly excludedNamespaces: readonly string[];
  /** Whether `failurePolicy: Fail` refuses Pods. */
  readonly refusesPods: boolean;
  /**
   * Whether SidecarSets are stored without defaults.
   * @default false
   */
  readonly omitsDefaults?: boolean;
  isSynced(): boolean;
  /** What is wrong with a stored SidecarSet by itself. */
  problemsOf(sidecarSet: SidecarSet): readonly FieldProblem[];
  validate(input: SidecarSetValidationInput): readonly FieldProblem[];
  /** As `SidecarSetValidationOptions.cover`. */
  cover(input: SidecarSetValidationInput): Promise<boolean> | undefined;
  /** As `SidecarSetValidationOptions.warningsOf`. */
  warningsOf?(input: SidecarSetValidationInput): readonly string[];
  readonly observer?: PodReviewObserver;
  observe?(observation: Observation): void;
}

/** The webhook's handler over the index, which has everything that a decision needs: nothing is awaited. */
export function createAdmission(
  options: AdmissionOptions,
): (request: Request) => Promise<Response> {
  const { client, index, clock, logger, isSynced, observe } = options;
  const injector = createInjector();
  const current = new CurrentSidecarSets({
    clock,
    readCount: (signal) => countSidecarSets(client, signal),
    knownCount: () => index.sidecarSets.size,
  });
  index.changes.subscribe(({ kind }) => {
    if (kind === "sidecarset") current.observe();
  });

  /** Counts a Pod before the watch sends it, if the revision of the next Pod depends on the counts. */
  function expectPod({ sidecarSet: name, revision }: Injected): void {
    const prepared = index.sidecarSets.get(name);
    if (prepared?.sidecarSet.spec.injectionStrategy?.revision?.policy !== "Partial") return;
    const pinned = revision !== prepared.revisionName;
    index.expectedPods.add(name, { pinned, at: clock.monotonic() });
  }

  const reviewing: JobReviewOptions = {
    isSynced,
    excludedNamespaces: new Set(options.excludedNamespaces),
    match: (labels, namespace) => index.sidecarSets.match(labels, namespace),
    namespace: (name) => index.namespaces.get(name),
    readNamespace: (name, signal) => readNamespace(client, name, signal),
    async readSidecarSet(name, signal) {
      const stored = await orUndefined(
        send(client, get(resources.sidecarSets, { name }), signal),
      );
      return stored && index.revisions.compared(toPrepared(stored, options.problemsOf));
    },
    revisionsOf: (name) => index.revisions.of(name),
    sharesOf(name) {
      const known = index.sharesOf(name);
      const expected = index.expectedPods.of(name, clock.monotonic());
      return {
        matched: known.matched + expected.matched,
        pinned: known.pinned + expected.pinned,
      };
    },
    inject: (request) => injector.inject(request),
    now: () => clock.now(),
  };

  return createHandler({
    logger,
    ...(observe ? { observe } : {}),
    reviews: {
      mutatePod: createPodReview({
        ...reviewing,
        sidecarSet: (name) => index.sidecarSets.get(name),
        untilCurrent: () => current.untilCurrent(),
        refusesPods: options.refusesPods,
        observer: {
          onInjected(injected, namespace) {
            expectPod(injected);
            options.observer?.onInjected(injected, namespace);
          },
          onSkipped: (skip, namespace) => options.observer?.onSkipped(skip, namespace),
        },
      }),
      validateJob: createJobReview(reviewing),
      mutateSidecarSet: createSidecarSetDefaulting({
        omitsDefaults: options.omitsDefaults ?? false,
      }),
      validateSidecarSet: withUnknownFieldWarnings(createSidecarSetValidation({
        validateSidecarSet: options.validate,
        cover: options.cover,
        ...(options.warningsOf ? { warningsOf: options.warningsOf } : {}),
        isSynced,
      })),
    },
  });
}

async function readNamespace(
  client: RestClient,
  name: string,
  signal: AbortSignal,
): Promise<NamespaceFacts | undefined> {
  const stored = await orUndefined(send(client, get(resources.namespaces, { name }), signal));
  return stored && { name, labels: stored.metadata.labels ?? { [NAMESPACE_NAME_LABEL]: name } };
}

async function countSidecarSets(client: RestClient, signal: AbortSignal): Promise<number> {
  const { items, metadata } = await send(client, list(resources.sidecarSets, { limit: 1 }), signal);
  return items.length + (metadata.remainingItemCount ?? 0);
}
