/** Whether this process may write, by the Lease that it holds. */
export interface Leadership {
  isLeader(): boolean;
  /** Milliseconds until another process may write. */
  exclusiveFor(): number;
}

/** The longest that a new leader keeps earlier reports: what it examines before it replaces them may be unreadable. */
export const MAX_EXAMINATION_MS = 30_000;

/** This process is not, or not certainly, the leader: another one may write now. */
export class NotLeaderError extends Error {
  override name = "NotLeaderError";
  constructor() {
    super("Cannot write as a follower: another process holds the Lease");
  }
}
