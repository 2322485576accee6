import {
  failureDelay,
  forbiddenDelay,
  jittered,
  requestedDelay,
  RESUME_DELAY_MS,
} from "./backoff.ts";
import type { Change, Failure, Input, State, Step, StepContext, Task } from "./reflector_types.ts";

type ReadTask = Extract<Task, { do: "read" }>;

/**
 * The list-and-watch protocol as a state machine without I/O (after kube-rs' `watcher.rs`). A state has the next task;
 * `step` maps the task's result to the next state and to changes for the consumer. `reflector_loop.ts` performs the
 * tasks.
 */

/** Watches without a failure for this long reset the back-off. */
export const HEALTHY_AFTER_MS = 120_000;
/** A watch that ends normally but sooner counts as a failure. */
export const MIN_WATCH_MS = 5_000;
/**
 * An API server that has just started responds 403 to every request until it has read the roles. Known objects stay
 * valid meanwhile.
 */
const MIN_REFUSALS = 5;

/**
 * The initial state.
 *
 * @param options `streams`: whether objects are listed by a stream where the API server has that. A stream costs each
 * side less than pages, but the end of a short one comes up to 0.1 s later
 */
export function start({ streams = false } = {}): State {
  const common = { failures: 0, isSynced: false, isLive: true, refusals: 0, streams };
  return { ...common, task: list(common) };
}

/** Whether the right to read is missing, not only while the API server starts. */
export function isForbidden({ refusals }: State): boolean {
  return refusals >= MIN_REFUSALS;
}

/** The next state, and the changes for the consumer. An input that does not match the state's task changes nothing. */
export function step<T>(state: State, input: Input<T>, context: StepContext): Step<T> {
  const { task } = state;
  switch (input.type) {
    case "failed":
      return withoutChanges(afterFailure(state, input.failure, context));
    case "rejected":
      return withoutChanges({ ...afterDelay(state, relist(state), context), isSynced: false });
    case "silent": {
      const then = input.list ? relist(state) : checked(resumed(task));
      return withoutChanges({ ...afterDelay(state, then, context), isLive: false });
    }
    case "waited":
      return withoutChanges(task.do === "wait" ? { ...state, task: task.then } : state);
    case "reachable":
      return withoutChanges(
        task.do === "wait" && task.isUnreachable ? { ...state, task: task.then } : state,
      );
    case "rolledBack":
      return rolledBack(state);
    case "checked":
      if (task.do !== "check") return withoutChanges(state);
      if (isLower(input.version, task.version)) return rolledBack(state);
      return withoutChanges({ ...state, task: { do: "watch", version: task.version } });
    case "page":
      if (task.do !== "list") return withoutChanges(state);
      return afterPage({ ...state, refusals: 0 }, input, task.token === undefined);
    case "opened":
      if (task.do === "stream") {
        return withoutChanges({ ...state, refusals: 0, task: { do: "receive", isFirst: true } });
      }
      if (task.do !== "watch") return withoutChanges(state);
      return withoutChanges({
        ...state,
        refusals: 0,
        isLive: true,
        healthySince: state.healthySince ?? context.now,
        task: { do: "read", version: task.version, openedAt: context.now },
      });
    default:
      if (task.do === "receive") return afterReceive(state, task.isFirst, { input, context });
      return task.do === "read"
        ? afterRead(state, task, { input, context })
        : withoutChanges(state);
  }
}

function afterPage<T>(
  state: State,
  { items, token, version }: Extract<Input<T>, { type: "page" }>,
  first: boolean,
): Step<T> {
  const page = { type: "page", items, first } as const;
  if (token) return { state: { ...state, task: { do: "list", token } }, changes: [page] };
  return {
    state: { ...state, isSynced: true, task: { do: "watch", version } },
    changes: [page, { type: "listed", resourceVersion: version }],
  };
}

interface WatchInput<T> {
  input: Extract<Input<T>, { type: "apply" | "delete" | "bookmark" | "initialEnd" | "ended" }>;
  context: StepContext;
}

/** Objects of a stream come in no order of versions; each is a page of its own. */
function afterReceive<T>(
  state: State,
  isFirst: boolean,
  { input, context }: WatchInput<T>,
): Step<T> {
  const received = { ...state, task: { do: "receive", isFirst: false } } as const;
  const begin: Change<T>[] = isFirst ? [{ type: "page", items: [], first: true }] : [];
  switch (input.type) {
    case "apply":
      return {
        state: received,
        changes: [{ type: "page", items: [input.object], first: isFirst }],
      };
    case "delete":
      return { state: received, changes: [...begin, { type: "delete", object: input.object }] };
    case "initialEnd": {
      const { version } = input;
      return {
        state: { ...state, isSynced: true, task: { do: "watch", version } },
        changes: [...begin, { type: "listed", resourceVersion: version }],
      };
    }
    case "bookmark":
      return withoutChanges(state);
    case "ended":
      return withoutChanges(afterDelay(state, resumed(state.task), context));
  }
}

function afterRead<T>(
  state: State,
  task: ReadTask,
  { input, context }: WatchInput<T>,
): Step<T> {
  if (input.type !== "ended" && isLower(input.version, task.version)) return rolledBack(state);
  switch (input.type) {
    case "apply":
    case "delete":
      return {
        state: { ...state, task: { ...task, version: input.version } },
        changes: [{ type: input.type, object: input.object }],
      };
    case "bookmark":
    case "initialEnd":
      return withoutChanges({ ...state, task: { ...task, version: input.version } });
    case "ended": {
      if (context.now - task.openedAt < MIN_WATCH_MS) {
        return withoutChanges(afterDelay(state, resumed(task), context));
      }
      const milliseconds = jittered(RESUME_DELAY_MS, context.random);
      return withoutChanges({
        ...state,
        failures: failuresBefore(state, context),
        task: { do: "wait", milliseconds, then: resumed(task) },
      });
    }
  }
}

function afterFailure(state: State, failure: Failure, context: StepContext): State {
  if (isRefusedStream(state, failure)) return { ...state, streams: false, task: { do: "list" } };
  const expired = failure.httpCode === 410 || failure.isUnreadable === true ||
    failure.isTooLarge === true;
  const isUnreachable = failure.httpCode === undefined && !expired;
  const task = isUnreachable ? checked(resumed(state.task)) : resumed(state.task);
  const next = { ...afterDelay(state, expired ? relist(state) : task, context), refusals: 0 };
  if (isUnreachable) return { ...next, task: { ...next.task, isUnreachable } };
  if (failure.httpCode === 403) {
    const refused = { ...next, refusals: state.refusals + 1 };
    return delayedBy(refused, forbiddenDelay(state.refusals, context.random));
  }
  if (failure.retryAfterSeconds === undefined) return next;
  return delayedBy(next, requestedDelay(failure.retryAfterSeconds, context.random));
}

function afterDelay(
  state: State,
  then: Task,
  context: StepContext,
): State & { task: Extract<Task, { do: "wait" }> } {
  const failures = failuresBefore(state, context);
  const milliseconds = failureDelay(failures, context.random);
  return {
    ...state,
    failures: failures + 1,
    healthySince: undefined,
    task: { do: "wait", milliseconds, then },
  };
}

function delayedBy(state: State, milliseconds: number): State {
  return state.task.do === "wait" ? { ...state, task: { ...state.task, milliseconds } } : state;
}

function failuresBefore(
  { failures, healthySince = Infinity }: State,
  { now }: StepContext,
): number {
  return now - healthySince >= HEALTHY_AFTER_MS ? 0 : failures;
}

/** resourceVersions of one store are increasing integers, until a backup is restored. */
function isLower(version: string, known: string): boolean {
  return Number(version) < Number(known);
}

function rolledBack<T>(state: State): Step<T> {
  return {
    state: { ...state, task: list(state), isSynced: false },
    changes: [{ type: "rolledBack" }],
  };
}

/** Before a watch resumes after its connection broke: the API server may have another store. */
function checked(task: Task): Task {
  return task.do === "watch" ? { do: "check", version: task.version } : task;
}

/**
 * The task that continues an interrupted one: the same page, or a watch from the last version. A stream cannot be
 * continued; pages follow, which make progress where streams always fail.
 */
function resumed(task: Task): Task {
  switch (task.do) {
    case "read":
      return { do: "watch", version: task.version };
    case "stream":
    case "receive":
      return { do: "list" };
    case "wait":
      return task.then;
    default:
      return task;
  }
}

function list({ streams }: Pick<State, "streams">): Task {
  return streams ? { do: "stream" } : { do: "list" };
}

/** A new list, after what failed. */
function relist(state: State): Task {
  const { do: failed } = state.task;
  return failed === "stream" || failed === "receive" ? resumed(state.task) : list(state);
}

/**
 * Whether the API server has no streams of objects: it refuses the option (400 Bad Request, or 422 Invalid as with
 * the feature gate WatchList off).
 */
export function isRefusedStream({ task }: State, { httpCode }: Failure): boolean {
  return task.do === "stream" && (httpCode === 400 || httpCode === 422);
}

function withoutChanges<T>(state: State): Step<T> {
  return { state, changes: [] };
}
