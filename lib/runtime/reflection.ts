import type { Clock } from "../api/clock.ts";
import type { Logger } from "../api/logger.ts";
import type { KubeObject } from "../api/objects.ts";
import type { RestClient } from "../kube/contract.ts";
import { listWatch } from "../kube/list_watch.ts";
import type { Change } from "../kube/reflector_types.ts";
import { ReflectorLoop } from "../kube/reflector_loop.ts";
import type { Selection } from "../kube/requests.ts";
import type { Resource } from "../kube/resources.ts";
import { forEachInSteps, type Steps } from "../core/steps.ts";
import { atOnce, type RunSteps } from "../controller/steps.ts";

/** What reflectors have in common. */
export interface ReflectOptions {
  readonly client: RestClient;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Runs long computations. @default at once */
  readonly runSteps?: RunSteps;
  /** Delays the next change where the event loop has been busy for long. @default no delay */
  pause?(): Promise<void> | undefined;
  /** An open watch broke, or ended before its time: the API server may have stopped. */
  onBrokenConnection?(): void;
}

/** One resource, and the store of its objects. */
interface Reflection<T extends KubeObject> {
  readonly name: string;
  readonly resource: Resource<T>;
  readonly selection?: Selection;
  /** Parses a watch event. @default JSON.parse */
  parseEvent?(text: string): unknown;
  /** Keys of all objects in the store; objects may be deleted during the iteration. */
  known(): Iterable<string>;
  keyOf(object: T): string;
  apply(object: T, key: string): void;
  delete(key: string): void;
  /** Called when all objects have been listed and applied. */
  onListed?(): void;
  /** The API server was rolled back: versions of known objects cannot be compared with later ones. */
  forgetVersions?(): Steps<void> | void;
  /** Whether admissions depend on it, so that a dead watch has to be noticed soon. @default false */
  readonly isForAdmission?: boolean;
  /** Whether there may be many objects, so that a stream of them costs less than pages. @default false */
  readonly isLarge?: boolean;
  /** Error to report where the API server does not serve the kind. */
  readonly notServedText?: string;
}

/**
 * A watch without changes is silent, so short watches are requested: one that does not end in time is dead. A dead
 * watch that admissions depend on is noticed within 13 s, another one within 85 s.
 */
const ADMISSION_TIMING = { watchSeconds: 8, idleDeadlineMs: 13_000 };
const OTHER_TIMING = { watchSeconds: 75, idleDeadlineMs: 85_000 };

/** Few enough that deleting all of them is a short step. */
const KEYS_PER_STEP = 100;

/** A loop that keeps the store equal to the cluster. */
export function reflect<T extends KubeObject>(
  { client, clock, logger, runSteps, pause, onBrokenConnection }: ReflectOptions,
  reflection: Reflection<T>,
): { name: string; loop: ReflectorLoop<T> } {
  const { name, resource, selection, parseEvent, notServedText } = reflection;
  const { isForAdmission = false, isLarge = false } = reflection;
  const loop = new ReflectorLoop<T>({
    name,
    source: listWatch(client, {
      resource,
      ...(selection ? { selection } : {}),
      ...(parseEvent ? { parseEvent } : {}),
    }),
    clock,
    logger,
    random: Math.random,
    onChange: changeApplier(reflection, { logger, ...(runSteps ? { runSteps } : {}) }),
    timing: isForAdmission ? ADMISSION_TIMING : OTHER_TIMING,
    listAfterSilence: isForAdmission,
    streams: isLarge,
    ...(pause ? { pause } : {}),
    onSilent: () => client.renewConnections?.(),
    ...(onBrokenConnection ? { onBrokenConnection } : {}),
    ...(notServedText === undefined ? {} : { notServedText }),
  });
  return { name, loop };
}

/**
 * Applies a list part by part, so that nothing is held twice and no admission waits for the whole list. A failure of
 * one object is logged, and does not stop the others.
 */
export function changeApplier<T extends KubeObject>(
  into: Pick<
    Reflection<T>,
    "name" | "known" | "keyOf" | "apply" | "delete" | "onListed" | "forgetVersions"
  >,
  { logger, runSteps = atOnce }: Pick<ReflectOptions, "logger" | "runSteps">,
): (change: Change<T>) => void | Promise<void> {
  /** Keys of the objects of a list so far, to find those that are no longer in it; none where none were known. */
  let listed = new Set<string>();
  let wasEmpty = false;
  const guarded = (key: string, work: () => void) => {
    try {
      work();
    } catch (error) {
      logger.error("Cannot apply a change of an object to the index", {
        watch: into.name,
        object: key,
        error: error instanceof Error ? error.stack : String(error),
      });
    }
  };
  const apply = (object: T, key: string) => guarded(key, () => into.apply(object, key));
  const remove = (key: string) => guarded(key, () => into.delete(key));
  const inSteps = (steps: Steps<void> | void) => steps ? runSteps(steps) : undefined;
  const sweep = (kept: ReadonlySet<string>) =>
    forEachInSteps(into.known(), (key) => {
      if (!kept.has(key)) remove(key);
    }, KEYS_PER_STEP);
  return (change) => {
    switch (change.type) {
      case "rolledBack":
        return inSteps(into.forgetVersions?.());
      case "page":
        if (change.first) {
          listed.clear();
          wasEmpty = isEmpty(into.known());
        }
        for (const object of change.items) {
          const key = into.keyOf(object);
          if (!wasEmpty) listed.add(key);
          apply(object, key);
        }
        return;
      case "listed": {
        const kept = listed;
        listed = new Set();
        // What was not known before the list is in it.
        return wasEmpty ? into.onListed?.() : runSteps(sweep(kept)).then(() => into.onListed?.());
      }
      case "apply":
        return apply(change.object, into.keyOf(change.object));
      case "delete":
        return remove(into.keyOf(change.object));
    }
  };
}

function isEmpty(keys: Iterable<string>): boolean {
  for (const _ of keys) return false;
  return true;
}
