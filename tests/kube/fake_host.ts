import type { Host, RunOptions, RunResult } from "../../lib/kube/host.ts";
import { type LogLine, recordingLogger } from "../faults/reflecting.ts";
import { ManualClock } from "../support/manual_clock.ts";

/** A machine of a test's own. */
export class FakeHost implements Host {
  readonly variables = new Map<string, string>();
  readonly files = new Map<string, string>();
  readonly reads: string[] = [];
  readonly runs: { program: string; options: RunOptions }[] = [];
  /** What the next program yields. */
  output: () => Promise<RunResult> = () => Promise.reject(new Error("no such program"));

  env(name: string): string | undefined {
    return this.variables.get(name);
  }

  setEnv(name: string, value: string): void {
    this.variables.set(name, value);
  }

  readTextFile(path: string): Promise<string> {
    this.reads.push(path);
    const text = this.files.get(path);
    return text === undefined
      ? Promise.reject(new Deno.errors.NotFound(`no such file: ${path}`))
      : Promise.resolve(text);
  }

  run(program: string, options: RunOptions): Promise<RunResult> {
    this.runs.push({ program, options });
    return this.output();
  }
}

/** What finding credentials is given. */
export function surroundings() {
  const log: LogLine[] = [];
  return { host: new FakeHost(), clock: new ManualClock(), log, logger: recordingLogger(log) };
}
