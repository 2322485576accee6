/** A program of this folder that takes JSON on its standard input and prints lines of JSON. */
export interface Program<Line> {
  readonly pid: number;
  /** The next line; throws when the program has ended. */
  next(): Promise<Line>;
  /** Ends the program, if it has not ended, and waits for that. */
  stop(): Promise<void>;
}

/** The variables by which the Deployment tunes V8 and the allocator. */
export function deploymentTuning(): Record<string, string> {
  const manifest = Deno.readTextFileSync(
    new URL("../../manifests/deployment.yaml", import.meta.url),
  );
  const names = ["DENO_V8_FLAGS", "MALLOC_ARENA_MAX", "MALLOC_TRIM_THRESHOLD_"];
  return Object.fromEntries(names.map((name) => {
    const value = new RegExp(`name: ${name}\\s+value: (\\S+)`).exec(manifest)?.[1];
    if (value === undefined) throw new Error(`Cannot bench: the Deployment sets no ${name}`);
    return [name, value.replaceAll('"', "")];
  }));
}

/** Starts a program in its own process. */
export function startProgram<Line>(
  file: string,
  input: unknown,
  env: Record<string, string> = {},
): Program<Line> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--allow-all", new URL(file, import.meta.url).href],
    env,
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const written = writeInput(child.stdin, JSON.stringify(input));
  const lines = jsonLines<Line>(child.stdout);
  return {
    pid: child.pid,
    async next() {
      const { done, value } = await lines.next();
      if (done) throw new Error(`Cannot go on: ${file} has ended`);
      return value;
    },
    async stop() {
      try {
        child.kill("SIGTERM");
      } catch (error) {
        // It has ended already.
        if (!(error instanceof TypeError)) throw error;
      }
      await lines.return(undefined);
      await Promise.all([child.status, written]);
    },
  };
}

async function writeInput(stdin: WritableStream<Uint8Array>, text: string): Promise<void> {
  const writer = stdin.getWriter();
  await writer.write(new TextEncoder().encode(text));
  await writer.close();
}

async function* jsonLines<Line>(
  stdout: ReadableStream<Uint8Array>,
): AsyncGenerator<Line, undefined> {
  let rest = "";
  const decoder = new TextDecoder();
  for await (const chunk of stdout) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) yield JSON.parse(line);
  }
  return undefined;
}

/** CPU time that a process has used, in its own code and in the kernel for it. */
export function cpuSeconds(pid: number): number {
  const stat = Deno.readTextFileSync(`/proc/${pid}/stat`);
  // The second field is the program's name in parentheses, which may hold blanks.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const ticks = Number(fields[11]) + Number(fields[12]);
  return ticks / 100;
}

/** Memory that a process has in RAM. */
export function residentMiB(pid: number): number {
  const status = Deno.readTextFileSync(`/proc/${pid}/status`);
  return Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1]) / 1024;
}

/** A kubeconfig of a simulated API server. */
export function benchKubeconfig(server: string): string {
  return JSON.stringify({
    "current-context": "bench",
    clusters: [{ name: "bench", cluster: { server } }],
    users: [{ name: "bench", user: { token: "none" } }],
    contexts: [{ name: "bench", context: { cluster: "bench", user: "bench" } }],
  });
}

const READY_DEADLINE_MS = 180_000;

/** Waits until a controller is ready; throws if it has ended before. */
export async function untilReady(url: string, ended: () => boolean): Promise<void> {
  const deadline = performance.now() + READY_DEADLINE_MS;
  for (;;) {
    const ready = await fetch(url).then(async (response) => {
      await response.body?.cancel();
      return response.ok;
    }, () => false);
    if (ready) return;
    if (ended() || performance.now() > deadline) {
      throw new Error("Cannot bench: the controller is not ready");
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** PEM text of the authority that a controller has stored at a simulated API server. */
export async function webhookCa(server: string): Promise<string> {
  const path = "/api/v1/namespaces/sidecarset-system/secrets/sidecarset-webhook-ca";
  const secret = await (await fetch(`${server}${path}`)).json();
  return atob(secret.data["tls.crt"]);
}
