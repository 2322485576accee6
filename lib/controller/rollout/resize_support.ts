import type { Clock } from "../../api/clock.ts";
import type { PreparedSidecarSet } from "../../core/prepared.ts";
import type { ClusterIndex } from "../../index/cluster.ts";
import type { RestClient } from "../../kube/contract.ts";
import { servesCoreResource } from "../../kube/discovery.ts";

/** An API server can be upgraded while this process runs. */
const RECHECK_INTERVAL_MS = 600_000;

/** Options of {@linkcode ResizeSupport}. */
export interface ResizeSupportOptions {
  readonly client: RestClient;
  readonly index: Pick<ClusterIndex, "applyResizeSupport">;
  readonly clock: Clock;
}

/** Finds out whether the API server can resize Pods, as soon as a SidecarSet needs it. */
export class ResizeSupport {
  readonly #options: ResizeSupportOptions;
  #checkedAt = -Infinity;

  constructor(options: ResizeSupportOptions) {
    this.#options = options;
  }

  /** Records the support in the index if the SidecarSet needs it. Rejects with what the API server answers. */
  async check({ sidecarSet: { spec } }: PreparedSidecarSet, signal: AbortSignal): Promise<void> {
    if (spec.updateStrategy?.resizePolicy !== "InPlace") return;
    const { client, index, clock } = this.#options;
    if (clock.monotonic() - this.#checkedAt < RECHECK_INTERVAL_MS) return;
    index.applyResizeSupport(await servesCoreResource(client, "pods/resize", signal));
    this.#checkedAt = clock.monotonic();
  }
}
