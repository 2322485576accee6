import type { Clock } from "../../api/clock.ts";
import type { Logger } from "../../api/logger.ts";
import type { WebhookConfiguration } from "../../api/webhook_configuration.ts";
import { isCoveredSince, type PendingSelection } from "../../core/registration/pending.ts";
import { allPodsSince, widened } from "../../core/registration/pending_entries.ts";
import { isConflict } from "../../kube/errors.ts";

/** How any replica reads and extends the registration while a SidecarSet is admitted. */
export interface RegistrationWidenerOptions {
  readonly excludedNamespaces: readonly string[];
  /** The API server's clock. */
  readonly clock: Clock;
  readonly logger: Logger;
  /** The MutatingWebhookConfiguration as this process knows it. */
  registered(): WebhookConfiguration | undefined;
  /** The present state; undefined if it is missing. Rejects with what the API server answers. */
  read(signal: AbortSignal): Promise<WebhookConfiguration | undefined>;
  /** Overwrites exactly the given resourceVersion. May reject with what the API server answers. */
  write(configuration: WebhookConfiguration, signal: AbortSignal): Promise<WebhookConfiguration>;
  /** Applies what a write stored. */
  onStored(configuration: WebhookConfiguration): void;
  /** How long one selection may take, in milliseconds. @default 800 */
  readonly deadlineMs?: number;
}

/**
 * Measured on kube-apiserver 1.37: it uses a configuration at most 4 ms after its own watch has sent it, and at most
 * 118 ms with 8 writers on 2 cores, where the write took up to 94 ms. So this margin, and the time of the write again.
 */
const ACTIVATION_MARGIN_MS = 50;
/** The time that the write of another replica is assumed to have taken. */
const FOREIGN_WRITE_MS = 100;
/** Between attempts where the API server does not answer, or there is no configuration yet. */
const RETRY_INTERVAL_MS = 50;

/** Far below the timeout of the API server. */
const DEADLINE_MS = 800;

interface Written {
  readonly version: number;
  readonly tookMs: number;
  /** uids of SidecarSets whose selectors cannot be expressed. */
  readonly uncovered: ReadonlySet<string>;
}

interface Waiting {
  readonly selection: Omit<PendingSelection, "since">;
  resolve(isCovered: boolean): void;
}

/**
 * Adds selections to the MutatingWebhookConfiguration while their SidecarSets are being admitted. Every replica does
 * so, next to the leader's writes: a write names the resourceVersion that it was made from, only adds, and is retried
 * after a conflict.
 */
export class RegistrationWidener {
  readonly #options: RegistrationWidenerOptions;
  #waiting: Waiting[] = [];
  #isWriting = false;
  /** The newest version that the watch has sent, and the callbacks that wait for one. */
  #seen = 0;
  readonly #watchers = new Set<() => void>();
  /** A selection of all Pods that the watch has sent, and when API servers use it; monotonic. */
  #allPods: { readonly since: string; readonly activeAt: number } | undefined;

  constructor(options: RegistrationWidenerOptions) {
    this.#options = options;
  }

  /** Records a version that the watch has sent; undefined resets it, because versions may restart. */
  observe(configuration: WebhookConfiguration | undefined): void {
    this.#seen = Number(configuration?.metadata.resourceVersion ?? 0);
    const since = configuration && allPodsSince(configuration);
    const activeAt = this.#allPods?.activeAt ??
      this.#options.clock.monotonic() + ACTIVATION_MARGIN_MS + FOREIGN_WRITE_MS;
    this.#allPods = since === undefined ? undefined : { since, activeAt };
    for (const notify of this.#watchers) notify();
  }

  /**
   * Resolves when API servers call the webhook for new Pods of the selection. Concurrent selections share a write.
   *
   * @returns false if the deadline passed before. Never rejects
   */
  async cover(selection: Waiting["selection"]): Promise<boolean> {
    if (this.#isCovered(selection)) return true;
    const { clock, deadlineMs = DEADLINE_MS } = this.#options;
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const deadline = new AbortController();
    const late = clock.sleep(deadlineMs, deadline.signal).then(() => false);
    this.#waiting.push({ selection, resolve });
    void this.#writeAll();
    try {
      return await Promise.race([promise, late]);
    } finally {
      deadline.abort();
    }
  }

  /** Whether API servers call the webhook for all Pods at this time. */
  #isCovered(selection: Waiting["selection"]): boolean {
    const { clock } = this.#options;
    const allPods = this.#allPods;
    return allPods !== undefined && allPods.activeAt <= clock.monotonic() &&
      isCoveredSince(selection, { since: allPods.since, now: clock.now().toISOString() });
  }

  /** One write at a time: two of one process would only conflict. */
  async #writeAll(): Promise<void> {
    if (this.#isWriting) return;
    this.#isWriting = true;
    while (this.#waiting.length > 0) await this.#write(this.#waiting.splice(0));
    this.#isWriting = false;
  }

  async #write(batch: readonly Waiting[]): Promise<void> {
    const { clock, deadlineMs = DEADLINE_MS } = this.#options;
    const work = new AbortController();
    void clock.sleep(deadlineMs, work.signal).then(() => work.abort());
    const written = await this.#tryUntil(batch, work.signal);
    // Without await, so that the next selections are written meanwhile.
    void this.#isActive(written, work.signal).then((isActive) => {
      for (const { selection, resolve } of batch) {
        resolve(isActive && !written?.uncovered.has(selection.uid));
      }
      work.abort();
    });
  }

  /** Retries until the signal is aborted. Never rejects. */
  async #tryUntil(batch: readonly Waiting[], signal: AbortSignal): Promise<Written | undefined> {
    const { clock, logger, excludedNamespaces, registered, read, write, onStored } = this.#options;
    let current = registered();
    while (!signal.aborted) {
      try {
        const since = clock.now().toISOString();
        const added = batch.map(({ selection }) => ({ ...selection, since }));
        const wider = current && widened(current, added, { excludedNamespaces });
        if (wider !== undefined && wider.configuration === current) {
          const version = Number(current.metadata.resourceVersion);
          return { version, tookMs: FOREIGN_WRITE_MS, uncovered: new Set() };
        }
        if (wider !== undefined) {
          const started = clock.monotonic();
          const stored = await write(wider.configuration, signal);
          onStored(stored);
          logger.info("Added selections to the webhook registration", {
            sidecarSets: batch.map(({ selection }) => selection.name),
          });
          const tookMs = clock.monotonic() - started;
          const uncovered = new Set([...wider.uncovered].map(({ uid }) => uid));
          return { version: Number(stored.metadata.resourceVersion), tookMs, uncovered };
        }
        await clock.sleep(RETRY_INTERVAL_MS, signal);
      } catch (error) {
        if (signal.aborted) break;
        if (!isConflict(error)) {
          logger.warn("Cannot add selections to the webhook registration; trying again", { error });
          await clock.sleep(RETRY_INTERVAL_MS, signal);
        }
      }
      current = await read(signal).catch(() => undefined);
    }
    logger.warn("Cannot add selections to the webhook registration in time", {
      sidecarSets: batch.map(({ selection }) => selection.name),
    });
    return undefined;
  }

  /** Whether API servers use what was written; false if nothing was, or its version was not seen in time. */
  async #isActive(written: Written | undefined, signal: AbortSignal): Promise<boolean> {
    if (written === undefined) return false;
    await this.#untilSeen(written.version, signal);
    if (signal.aborted) return false;
    await this.#options.clock.sleep(ACTIVATION_MARGIN_MS + written.tookMs, signal);
    return !signal.aborted;
  }

  #untilSeen(version: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const check = () => {
        if (this.#seen < version && !signal.aborted) return;
        this.#watchers.delete(check);
        resolve();
      };
      this.#watchers.add(check);
      signal.addEventListener("abort", check, { once: true });
      check();
    });
  }
}
