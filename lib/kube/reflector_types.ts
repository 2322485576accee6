/** Inputs, states and outputs of the list-and-watch protocol in `reflector.ts`. */

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
  /** Open a stream of all objects: a watch that begins with them and marks their end (WatchList, KEP-3157). */
  | { readonly do: "stream" }
  /** Read the next event of the open stream; `isFirst` until it has sent an object. */
  | { readonly do: "receive"; readonly isFirst: boolean }
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
  /** Objects are listed by a stream, unless the API server has refused one or the last one failed. */
  readonly streams: boolean;
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
  /** The stream has sent all objects of this version. */
  | { readonly type: "initialEnd"; readonly version: string }
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

/** Page size and times of a reflector. */
export interface ReflectorTiming {
  /** Objects per list page. Parsing a page delays admission reviews. @default {100} */
  pageSize: number;
  /** Deadline of one page. @default {60_000} */
  listDeadlineMs: number;
  /** `timeoutSeconds` of a watch: the API server then ends it. @default {290} */
  watchSeconds: number;
  /** Time without an event after which a watch counts as dead. @default {295_000} */
  idleDeadlineMs: number;
}
