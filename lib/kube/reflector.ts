import {
  failureDelay,
  forbiddenDelay,
  jittered,
  requestedDelay,
  RESUME_DELAY_MS,
} from "./backoff.ts";

/**
 * The list-and-watch protocol as a state machine without I/O (after kube-rs' `watcher.rs`). A state has the next task;
 * `step` maps the task's result to the next state and to changes for the consumer. `reflector_loop.ts` performs the
 * tasks.
 */

/** Changes for the consumer, in order. A consumer that applies all of them holds exactly the objects of the store. */
export type Change<T> =
  /**
   * The store was restored to an earlier state: known resourceVersions do not compare with those of the following list.
   */
  | { readonly type: "rolledBack" }
  /** One page of a list. `first` begins a new list and discards the pages of an incomplete one. */
  | { readonly type: "page"; readonly items: readonly T[]; readonly first: boolean }
  /** The list is complete: an object that no page has was deleted. */
  | { readonly type: "listed"; readonly resourceVersion: string }
  | { readonly type: "apply"; readonly object: T }
  | { readonly type: "delete"; readonly object: T };

/** The next thing to do. */
export type Task =
  | { readonly do: "list"; readonly token?: string }
  | { readonly do: "watch"; readonly version: string }
  /** Read the store's current version before a watch resumes from `version`. */
  | { readonly do: "check"; readonly version: string }
  /** Read the next event of the open watch; `openedAt` is monotonic. */
  | { readonly do: "read"; readonly version: string; readonly openedAt: number }
  | {
    readonly do: "wait";
    readonly milliseconds: number;
    readonly then: Task;
    /** There was no response, so the wait ends early once another request gets one. */
    readonly isUnreachable?: boolean;
  };

type ReadTask = Extract<Task, { do: "read" }>;

/** State of a reflector between steps. */
export interface State {
  readonly task: Task;
  /** Failures since watches were last healthy. */
  readonly failures: number;
  /** A list has been completed. */
  readonly isSynced: boolean;
  /** False from a silent watch until the next one is open. */
  readonly isLive: boolean;
  /** Monotonic time of the first watch since the last failure. */
  readonly healthySince?: number | undefined;
  /** 403 responses in a row. */
  readonly refusals: number;
}

/** Why a list or a watch failed. */
export interface Failure {
  readonly message: string;
  readonly httpCode?: number | undefined;
  readonly retryAfterSeconds?: number | undefined;
  /** The event or response cannot be parsed, so a watch cannot resume after it. */
  readonly isUnreadable?: boolean;
  /** The requested resourceVersion is higher than the store's. */
  readonly isTooLarge?: boolean;
}

/** The result of a task. */
export type Input<T> =
  | {
    readonly type: "page";
    readonly items: readonly T[];
    readonly token?: string;
    version: string;
  }
  | { readonly type: "opened" }
  /** The store's current version. */
  | { readonly type: "checked"; readonly version: string }
  | { readonly type: "apply" | "delete"; readonly object: T; readonly version: string }
  | { readonly type: "bookmark"; readonly version: string }
  /** The API server ended the watch normally. */
  | { readonly type: "ended" }
  /** Nothing arrived within the idle deadline: the peer may be dead. `list` requests a new list. */
  | { readonly type: "silent"; readonly list: boolean }
  /** Another read found that the store was restored to an earlier state. */
  | { readonly type: "rolledBack" }
  /** The API server is reachable again. */
  | { readonly type: "reachable" }
  | { readonly type: "failed"; readonly failure: Failure }
  /** The consumer threw, so its content is unknown. */
  | { readonly type: "rejected" }
  | { readonly type: "waited" };

/** Time and chance, as inputs of a pure step. */
export interface StepContext {
  /** Monotonic milliseconds. */
  readonly now: number;
  /** 0 ≤ random < 1. */
  readonly random: number;
}

/** Result of a step: the next state, and the changes to report. */
export interface Step<T> {
  readonly state: State;
  readonly changes: readonly Change<T>[];
}

/** Watches without a failure for this long reset the back-off. */
export const HEALTHY_AFTER_MS = 120_000;
/** A watch that ends normally but sooner counts as a failure. */
export const MIN_WATCH_MS = 5_000;
/**
 * An API server that has just started responds 403 to every request until it has read the roles. Known objects stay
 * valid meanwhile.
 */
const MIN_REFUSALS = 5;

/** The initial state. */
export function start(): State {
  return { task: list(), failures: 0, isSynced: false, isLive: true, refusals: 0 };
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
      return withoutChanges({ ...afterDelay(state, list(), context), isSynced: false });
    case "silent": {
      const then = input.list ? list() : checked(resumed(task));
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
      if (task.do !== "watch") return withoutChanges(state);
      return withoutChanges({
        ...state,
        refusals: 0,
        isLive: true,
        healthySince: state.healthySince ?? context.now,
        task: { do: "read", version: task.version, openedAt: context.now },
      });
    default:
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
  input: Extract<Input<T>, { type: "apply" | "delete" | "bookmark" | "ended" }>;
  context: StepContext;
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
  const expired = failure.httpCode === 410 || failure.isUnreadable === true ||
    failure.isTooLarge === true;
  const isUnreachable = failure.httpCode === undefined && !expired;
  const task = isUnreachable ? checked(resumed(state.task)) : resumed(state.task);
  const next = { ...afterDelay(state, expired ? list() : task, context), refusals: 0 };
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
    state: { ...state, task: list(), isSynced: false },
    changes: [{ type: "rolledBack" }],
  };
}

/** Before a watch resumes after its connection broke: the API server may have another store. */
function checked(task: Task): Task {
  return task.do === "watch" ? { do: "check", version: task.version } : task;
}

/** The task that continues an interrupted one: the same page, or a watch from the last version. */
function resumed(task: Task): Task {
  switch (task.do) {
    case "read":
      return { do: "watch", version: task.version };
    case "wait":
      return task.then;
    default:
      return task;
  }
}

function list(): Task {
  return { do: "list" };
}

function withoutChanges<T>(state: State): Step<T> {
  return { state, changes: [] };
}
