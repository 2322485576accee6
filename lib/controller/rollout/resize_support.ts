import type { Clock } from "../../api/clock.ts";
import type { PreparedSidecarSet } from "../../core/prepared.ts";
import type { ClusterIndex } from "../../index/cluster.ts";
import type { RestClient } from "../../kube/contract.ts";
import { isForbidden } from "../../kube/errors.ts";
import { servesCoreResource } from "../../kube/discovery.ts";

/** An API server can be upgraded while this process runs. */
const RECHECK_INTERVAL_MS = 600_000;

interface ResizeSupportOptions {
  readonly client: RestClient;
  readonly index: Pick<ClusterIndex, "applyResizeSupport">;
  readonly clock: Clock;
}

/** Finds out whether the API server can resize Pods, as soon as a SidecarSet needs it. */
export class ResizeSupport {
  readonly #options: ResizeSupportOptions;
  #checkedAt = -Infinity;
  #isMissing = false;

  constructor(options: ResizeSupportOptions) {
    this.#options = options;
  }

  /**
   * Records the support in the index if the SidecarSet needs it; where discovery is forbidden it stays unknown. Rejects
   * with what the API server answers otherwise.
   *
   * @returns milliseconds after which to check again; undefined unless the support is missing
   */
  async check(
    { sidecarSet: { spec } }: PreparedSidecarSet,
    signal: AbortSignal,
  ): Promise<number | undefined> {
    if (spec.updateStrategy?.resizePolicy !== "InPlace") return undefined;
    const { client, index, clock } = this.#options;
    const age = clock.monotonic() - this.#checkedAt;
    if (age < RECHECK_INTERVAL_MS) return this.#isMissing ? RECHECK_INTERVAL_MS - age : undefined;
    try {
      const hasResize = await servesCoreResource(client, "pods/resize", signal);
      index.applyResizeSupport(hasResize);
      this.#isMissing = !hasResize;
    } catch (error) {
      if (!isForbidden(error)) throw error;
    }
    this.#checkedAt = clock.monotonic();
    return this.#isMissing ? RECHECK_INTERVAL_MS : undefined;
  }
}
