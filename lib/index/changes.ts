import type { WebhookConfiguration } from "../api/webhook_configuration.ts";
import type { ObservedPod } from "../core/observed_pod.ts";
import type { PreparedSidecarSet } from "../core/prepared.ts";

interface CommonChange {
  /** SidecarSets whose Pods, revision or findings changed; a reader can iterate it more than once. */
  readonly sidecarSets: Iterable<string>;
}

/** A Pod appeared, changed or was deleted. */
interface PodChange extends CommonChange {
  readonly kind: "pod";
  /** `namespace/name`. */
  readonly key: string;
  /** Undefined if the Pod is new. Both are projections. */
  readonly before: ObservedPod | undefined;
  /** Undefined if the Pod is deleted. */
  readonly after: ObservedPod | undefined;
}

/** A SidecarSet appeared, changed or was deleted. */
export interface SidecarSetChange extends CommonChange {
  readonly kind: "sidecarset";
  readonly name: string;
  readonly before: PreparedSidecarSet | undefined;
  readonly after: PreparedSidecarSet | undefined;
}

/** The labels of a namespace changed, or it is new. */
interface NamespaceChange extends CommonChange {
  readonly kind: "namespace";
  readonly name: string;
}

/** A ControllerRevision was stored or deleted. */
interface RevisionChange extends CommonChange {
  readonly kind: "revision";
  readonly name: string;
}

/** The record of a clean-up was stored or deleted. */
interface CleanupRecordChange extends CommonChange {
  readonly kind: "cleanuprecord";
  /** The SidecarSet that the record belongs to. */
  readonly sidecarSet: string;
}

/** A webhook configuration of the installation was stored or deleted. */
interface RegistrationChange extends CommonChange {
  readonly kind: "registration";
  readonly configuration: WebhookConfiguration["kind"];
  readonly after: WebhookConfiguration | undefined;
  /** The store was rolled back: versions of earlier states cannot be compared with later ones. */
  readonly isRolledBack: boolean;
}

/** The MutatingAdmissionPolicy of the installation or its binding was stored or deleted, or can be used or not. */
export interface PolicyChange extends CommonChange {
  readonly kind: "policy";
  readonly changed: "policy" | "binding" | "support";
}

/** A fact that a status reports, and that is not in the index: coverage, missed Pods or refused Pods. */
interface FindingChange extends CommonChange {
  readonly kind: "finding";
}

/** Pods that a change concerned are all classified again; their SidecarSets had to wait for that. */
interface ClassificationChange extends CommonChange {
  readonly kind: "classification";
}

export type Change =
  | PodChange
  | SidecarSetChange
  | NamespaceChange
  | RevisionChange
  | CleanupRecordChange
  | RegistrationChange
  | PolicyChange
  | FindingChange
  | ClassificationChange;

/** Publishes changes to subscribers, in the order in which they subscribed. */
export class ChangeFeed {
  readonly #subscribers: ((change: Change) => void)[] = [];

  /** @param subscriber is called synchronously for each later change; it must not block */
  subscribe(subscriber: (change: Change) => void): void {
    this.#subscribers.push(subscriber);
  }

  /**
   * Calls every subscriber, also after one has thrown.
   *
   * @throws {unknown} what the first failing subscriber threw
   */
  publish(change: Change): void {
    const errors: unknown[] = [];
    for (const subscriber of this.#subscribers) {
      try {
        subscriber(change);
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length > 0) throw errors[0];
  }
}
