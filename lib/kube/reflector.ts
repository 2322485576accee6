import { failureDelay, forbiddenDelay, jittered, requestedDelay, RESUME_DELAY } from "./backoff.ts";

/**
 * The list-and-watch protocol as a state machine without I/O (after kube-rs' `watcher.rs`). A state says what to do next; `step` takes what
 * came of it to the next state and to the changes that the consumer is told. `reflector_loop.ts` does what the states say.
 */

/** What a consumer is told, in order. It holds all objects, and no others, if it does as told. */
export type Change<T> =
  /** The API server's store was set back: versions of objects that are known cannot be compared with those of the list that follows. */
  | { readonly type: "rolledBack" }
  /** Some of all objects. With `first` a list begins; what was told of one that broke off does not count as listed any more. */
  | { readonly type: "page"; readonly items: readonly T[]; readonly first: boolean }
  /** All objects were told of since the first page: what was not among them is not there any more. */
  | { readonly type: "listed"; readonly resourceVersion: string }
  | { readonly type: "apply"; readonly object: T }
  | { readonly type: "delete"; readonly object: T };

/** What to do next. */
export type Task =
  | { readonly do: "list"; readonly token?: string }
  | { readonly do: "watch"; readonly version: string }
  /** Ask whether the store still has that version, before a watch goes on from it. */
  | { readonly do: "check"; readonly version: string }
  /** Read on from the watch that is open since `openedAt` of the monotonic clock. */
  | { readonly do: "read"; readonly version: string; readonly openedAt: number }
  | {
    readonly do: "wait";
    readonly milliseconds: number;
    readonly then: Task;
    /** There was no answer at all, so that the wait may end once there is one to something else. */
    readonly isUnreachable?: boolean;
  };

type ReadTask = Extract<Task, { do: "read" }>;

export interface State {
  readonly task: Task;
  /** Failures since a watch last proved that things go well. */
  readonly failures: number;
  /** The consumer has been told everything once. */
  readonly synced: boolean;
  /** False from when a watch was found silent until another one is open. */
  readonly live: boolean;
  /** Since when watches have followed each other without a failure, on the monotonic clock. */
  readonly healthySince?: number | undefined;
  /** How many of the API server's last answers in a row were 403. */
  readonly refusals: number;
}

export interface Failure {
  readonly message: string;
  readonly httpCode?: number | undefined;
  readonly retryAfterSeconds?: number | undefined;
  /** What came cannot be understood, so the watch cannot be resumed behind it. */
  readonly unreadable?: boolean;
  /** The store does not have the version that was asked for yet. */
  readonly isTooLarge?: boolean;
}

/** What came of a task. */
export type Input<T> =
  | {
    readonly type: "page";
    readonly items: readonly T[];
    readonly token?: string;
    version: string;
  }
  | { readonly type: "opened" }
  /** The store's version now. */
  | { readonly type: "checked"; readonly version: string }
  | { readonly type: "apply" | "delete"; readonly object: T; readonly version: string }
  | { readonly type: "bookmark"; readonly version: string }
  /** The API server ended the watch in good order. */
  | { readonly type: "ended" }
  /** Nothing came for longer than the idle deadline: the peer may be gone. With `list` what was missed is listed. */
  | { readonly type: "silent"; readonly list: boolean }
  /** Another read has shown that the store was set back. */
  | { readonly type: "rolledBack" }
  /** The API server can be reached again. */
  | { readonly type: "reachable" }
  | { readonly type: "failed"; readonly failure: Failure }
  /** The consumer threw, so what it holds is unknown. */
  | { readonly type: "rejected" }
  | { readonly type: "waited" };

export interface StepContext {
  /** Milliseconds of the monotonic clock. */
  readonly now: number;
  /** From 0 up to, not including, 1. */
  readonly random: number;
}

export interface Step<T> {
  readonly state: State;
  readonly changes: readonly Change<T>[];
}

/** Watches that lasted this many milliseconds prove that things go well: the next failure is a first one again. */
export const HEALTHY_AFTER = 120_000;
/** A watch that ended in good order, but sooner than this many milliseconds, counts as a failure. */
export const SHORTEST_WATCH = 5_000;
/** An API server that has just started answers 403 to everybody until it has read the roles: that is no reason to give up what is known. */
const FORBIDDEN_AFTER = 5;

/** The state that everything starts from. */
export function start(): State {
  return { task: listAnew(), failures: 0, synced: false, live: true, refusals: 0 };
}

/** Whether the rights are missing, not only for a moment. */
export function isForbidden({ refusals }: State): boolean {
  return refusals >= FORBIDDEN_AFTER;
}

/** The next state, and what the consumer is told. An input that does not belong to the state's task changes nothing. */
export function step<T>(state: State, input: Input<T>, context: StepContext): Step<T> {
  const { task } = state;
  switch (input.type) {
    case "failed":
      return quietly(afterFailure(state, input.failure, context));
    case "rejected":
      return quietly({ ...afterDelay(state, listAnew(), context), synced: false });
    case "silent": {
      const then = input.list ? listAnew() : checked(resumed(task));
      return quietly({ ...afterDelay(state, then, context), live: false });
    }
    case "waited":
      return quietly(task.do === "wait" ? { ...state, task: task.then } : state);
    case "reachable":
      return quietly(
        task.do === "wait" && task.isUnreachable ? { ...state, task: task.then } : state,
      );
    case "rolledBack":
      return rolledBack(state);
    case "checked":
      if (task.do !== "check") return quietly(state);
      if (isLower(input.version, task.version)) return rolledBack(state);
      return quietly({ ...state, task: { do: "watch", version: task.version } });
    case "page":
      if (task.do !== "list") return quietly(state);
      return afterPage({ ...state, refusals: 0 }, input, task.token === undefined);
    case "opened":
      if (task.do !== "watch") return quietly(state);
      return quietly({
        ...state,
        refusals: 0,
        live: true,
        healthySince: state.healthySince ?? context.now,
        task: { do: "read", version: task.version, openedAt: context.now },
      });
    default:
      return task.do === "read" ? afterRead(state, task, { input, context }) : quietly(state);
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
    state: { ...state, synced: true, task: { do: "watch", version } },
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
      return quietly({ ...state, task: { ...task, version: input.version } });
    case "ended": {
      if (context.now - task.openedAt < SHORTEST_WATCH) {
        return quietly(afterDelay(state, resumed(task), context));
      }
      const milliseconds = jittered(RESUME_DELAY, context.random);
      return quietly({
        ...state,
        failures: failuresBefore(state, context),
        task: { do: "wait", milliseconds, then: resumed(task) },
      });
    }
  }
}

function afterFailure(state: State, failure: Failure, context: StepContext): State {
  const expired = failure.httpCode === 410 || failure.unreadable === true ||
    failure.isTooLarge === true;
  const isUnreachable = failure.httpCode === undefined && !expired;
  const task = isUnreachable ? checked(resumed(state.task)) : resumed(state.task);
  const next = { ...afterDelay(state, expired ? listAnew() : task, context), refusals: 0 };
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
  return now - healthySince >= HEALTHY_AFTER ? 0 : failures;
}

/** The versions of one store are numbers that grow, until a backup is restored. */
function isLower(version: string, known: string): boolean {
  return Number(version) < Number(known);
}

function rolledBack<T>(state: State): Step<T> {
  return {
    state: { ...state, task: listAnew(), synced: false },
    changes: [{ type: "rolledBack" }],
  };
}

/** Before a watch goes on after its connection broke: the API server may have another store by now. */
function checked(task: Task): Task {
  return task.do === "watch" ? { do: "check", version: task.version } : task;
}

/** What goes on from where the task stopped: the same page, or a new watch from the last version. */
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

function listAnew(): Task {
  return { do: "list" };
}

function quietly<T>(state: State): Step<T> {
  return { state, changes: [] };
}
