import { failureDelay, forbiddenDelay, jittered, requestedDelay, RESUME_DELAY } from "./backoff.ts";

/**
 * The list-and-watch protocol as a state machine without I/O (after kube-rs' `watcher.rs`). A state says what to do next; `step` takes what
 * came of it to the next state and to the changes that the consumer is told. `reflector_loop.ts` does what the states say.
 */

/** What a consumer is told, in order. It holds all objects, and no others, if it does as told. */
export type Change<T> =
  /** These are all objects that there are. */
  | { readonly type: "replace"; readonly items: readonly T[] }
  | { readonly type: "apply"; readonly object: T }
  | { readonly type: "delete"; readonly object: T }
  /** Follows each `replace`: what was told so far was complete at this version. */
  | { readonly type: "synced"; readonly resourceVersion: string };

/** What to do next. */
export type Task<T> =
  | { readonly do: "list"; readonly token?: string; readonly pages: readonly (readonly T[])[] }
  | { readonly do: "watch"; readonly version: string }
  /** Read on from the watch that is open since `openedAt` of the monotonic clock. */
  | { readonly do: "read"; readonly version: string; readonly openedAt: number }
  | { readonly do: "wait"; readonly milliseconds: number; readonly then: Task<T> };

type ReadTask<T> = Extract<Task<T>, { do: "read" }>;

export interface State<T> {
  readonly task: Task<T>;
  /** Failures since a watch last proved that things go well. */
  readonly failures: number;
  /** The consumer has been told everything once. */
  readonly synced: boolean;
  /** How many of the API server's last answers in a row were 403. */
  readonly refusals: number;
}

export interface Failure {
  readonly message: string;
  readonly httpCode?: number | undefined;
  readonly retryAfterSeconds?: number | undefined;
  /** What came cannot be understood, so the watch cannot be resumed behind it. */
  readonly unreadable?: boolean;
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
  | { readonly type: "apply" | "delete"; readonly object: T; readonly version: string }
  | { readonly type: "bookmark"; readonly version: string }
  /** The API server ended the watch in good order. */
  | { readonly type: "ended" }
  /** Nothing came for longer than the idle deadline: the peer may be gone. */
  | { readonly type: "silent" }
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
  readonly state: State<T>;
  readonly changes: readonly Change<T>[];
}

/** A watch that lasted this many milliseconds proves that things go well: the next failure is a first one again. */
export const HEALTHY_AFTER = 120_000;
/** A watch that ended in good order, but sooner than this many milliseconds, counts as a failure. */
export const SHORTEST_WATCH = 10_000;
/** An API server that has just started answers 403 to everybody until it has read the roles: that is no reason to give up what is known. */
const FORBIDDEN_AFTER = 5;

/** The state that everything starts from. */
export function start<T>(): State<T> {
  return { task: listAnew(), failures: 0, synced: false, refusals: 0 };
}

/** Whether the rights are missing, not only for a moment. */
export function isForbidden({ refusals }: State<unknown>): boolean {
  return refusals >= FORBIDDEN_AFTER;
}

/** The next state, and what the consumer is told. An input that does not belong to the state's task changes nothing. */
export function step<T>(state: State<T>, input: Input<T>, context: StepContext): Step<T> {
  const { task } = state;
  switch (input.type) {
    case "failed":
      return quietly(afterFailure(state, input.failure, context));
    case "rejected":
      return quietly({ ...afterDelay(state, listAnew(), context), synced: false });
    case "silent":
      return quietly(afterDelay(state, resumed(task), context));
    case "waited":
      return quietly(task.do === "wait" ? { ...state, task: task.then } : state);
    case "page":
      if (task.do !== "list") return quietly(state);
      return afterPage({ ...state, refusals: 0 }, [...task.pages, input.items], input);
    case "opened":
      if (task.do !== "watch") return quietly(state);
      return quietly({
        ...state,
        refusals: 0,
        task: { do: "read", version: task.version, openedAt: context.now },
      });
    default:
      return task.do === "read" ? afterRead(state, task, { input, context }) : quietly(state);
  }
}

function afterPage<T>(
  state: State<T>,
  pages: readonly (readonly T[])[],
  page: { token?: string; version: string },
): Step<T> {
  if (page.token) return quietly({ ...state, task: { do: "list", token: page.token, pages } });
  return {
    state: { ...state, synced: true, task: { do: "watch", version: page.version } },
    changes: [
      { type: "replace", items: pages.flat() },
      { type: "synced", resourceVersion: page.version },
    ],
  };
}

interface WatchInput<T> {
  input: Extract<Input<T>, { type: "apply" | "delete" | "bookmark" | "ended" }>;
  context: StepContext;
}

function afterRead<T>(
  state: State<T>,
  task: ReadTask<T>,
  { input, context }: WatchInput<T>,
): Step<T> {
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

function afterFailure<T>(state: State<T>, failure: Failure, context: StepContext): State<T> {
  const expired = failure.httpCode === 410 || failure.unreadable === true;
  const then = expired ? listAnew<T>() : resumed(state.task);
  const next = { ...afterDelay(state, then, context), refusals: 0 };
  if (failure.httpCode === 403) {
    const refused = { ...next, refusals: state.refusals + 1 };
    return delayedBy(refused, forbiddenDelay(state.refusals, context.random));
  }
  if (failure.retryAfterSeconds === undefined) return next;
  return delayedBy(next, requestedDelay(failure.retryAfterSeconds, context.random));
}

function afterDelay<T>(state: State<T>, then: Task<T>, context: StepContext): State<T> {
  const failures = failuresBefore(state, context);
  const milliseconds = failureDelay(failures, context.random);
  return { ...state, failures: failures + 1, task: { do: "wait", milliseconds, then } };
}

function delayedBy<T>(state: State<T>, milliseconds: number): State<T> {
  return state.task.do === "wait" ? { ...state, task: { ...state.task, milliseconds } } : state;
}

function failuresBefore<T>({ task, failures }: State<T>, { now }: StepContext): number {
  return task.do === "read" && now - task.openedAt >= HEALTHY_AFTER ? 0 : failures;
}

/** What goes on from where the task stopped: the same page, or a new watch from the last version. */
function resumed<T>(task: Task<T>): Task<T> {
  switch (task.do) {
    case "read":
      return { do: "watch", version: task.version };
    case "wait":
      return task.then;
    default:
      return task;
  }
}

function listAnew<T>(): Task<T> {
  return { do: "list", pages: [] };
}

function quietly<T>(state: State<T>): Step<T> {
  return { state, changes: [] };
}
