/** Whether this process may write, by the Lease that it holds. */
export interface Leadership {
  isLeader(): boolean;
  /** Milliseconds until another process may write. */
  exclusiveFor(): number;
}

/** This process is not, or not certainly, the leader: another one may write now. */
export class NotLeaderError extends Error {
  override name = "NotLeaderError";
  constructor() {
    super("Cannot write as a follower: another process holds the Lease");
  }
}
