import type { Clock } from "../../lib/api/clock.ts";
import type { LogFields, Logger } from "../../lib/api/logger.ts";
import type { KubeObject } from "../../lib/api/objects.ts";
import type { RestClient } from "../../lib/kube/contract.ts";
import { credentialsOf } from "../../lib/kube/credentials.ts";
import { listWatch } from "../../lib/kube/list_watch.ts";
import type { Change } from "../../lib/kube/reflector_types.ts";
import { ReflectorLoop } from "../../lib/kube/reflector_loop.ts";
import { resources } from "../../lib/kube/resources.ts";
import { FetchClient } from "../../lib/kube/transport.ts";
import { systemClock } from "../../lib/runtime/clock.ts";

/** How much faster than the machine's clock a test's time goes: 295 s are 1.5 s. */
const FACTOR = 200;

/** Real time, only faster, for what waits for a real connection. */
export function fastClock(): Clock {
  const clock = systemClock();
  return {
    now: () => new Date(clock.now().getTime() * FACTOR),
    monotonic: () => clock.monotonic() * FACTOR,
    sleep: (milliseconds, signal) => clock.sleep(milliseconds / FACTOR, signal),
  };
}

export interface LogLine {
  level: string;
  message: string;
  fields: LogFields;
}

export function recordingLogger(lines: LogLine[]): Logger {
  const at = (level: string) => (message: string, fields: LogFields = {}) => {
    lines.push({ level, message, fields });
  };
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}

export function plainClient(server: string): FetchClient {
  return new FetchClient({
    cluster: { server, defaultNamespace: "default", credentials: credentialsOf(undefined, {}) },
    clock: systemClock(),
    userAgent: "test",
  });
}

/** A running reflector of ConfigMaps, and the changes that it reported. */
export class Reflecting implements AsyncDisposable {
  readonly changes: Change<KubeObject>[] = [];
  readonly log: LogLine[] = [];
  readonly clock = fastClock();
  readonly loop: ReflectorLoop<KubeObject>;
  readonly #stop = new AbortController();
  readonly #run: Promise<void>;
  readonly #client: RestClient;
  #changed = Promise.withResolvers<void>();

  constructor(client: RestClient, { streams = false } = {}) {
    this.#client = client;
    this.loop = new ReflectorLoop<KubeObject>({
      name: "configmaps",
      source: listWatch(client, { resource: resources.configMaps }),
      streams,
      onChange: (change) => {
        this.changes.push(change);
        this.#changed.resolve();
      },
      clock: this.clock,
      random: () => 0.5,
      logger: recordingLogger(this.log),
      // The server answers in real time.
      timing: { listDeadlineMs: 3_600_000 },
    });
    this.#run = this.loop.run(this.#stop.signal);
  }

  /**
   * The reported changes in short form: `=a,b` for a page that begins a list, `&c` for another, `<` for a rollback,
   * `.` for the list's end, `+a` and `-a`.
   */
  get reported(): string {
    return this.changes.map((change) => {
      switch (change.type) {
        case "rolledBack":
          return "<";
        case "page":
          return `${change.first ? "=" : "&"}${change.items.map(nameOf).join(",")}`;
        case "listed":
          return ".";
        case "apply":
          return `+${nameOf(change.object)}`;
        case "delete":
          return `-${nameOf(change.object)}`;
      }
    }).join(" ");
  }

  /** Resolves once these changes were reported; rejects after a minute. */
  async untilReported(expected: string): Promise<void> {
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(
      () => late.reject(new Error(`waited for "${expected}", reported "${this.reported}"`)),
      60_000,
    );
    try {
      while (this.reported !== expected) {
        await Promise.race([this.#changed.promise, late.promise]);
        this.#changed = Promise.withResolvers();
      }
    } finally {
      clearTimeout(timer);
    }
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#run;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    this.#client.close?.();
  }
}

function nameOf({ metadata }: KubeObject): string {
  return metadata.name ?? "";
}
