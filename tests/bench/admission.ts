import { PATHS } from "../../lib/api/webhook_configuration.ts";
import { createTestPki, type TestPki } from "../webhook/tls_fixtures.ts";
import type { EchoInput, ServerInput, ServerReport } from "./echo_server.ts";
import type { LoadJob, LoadReport } from "./load.ts";
import {
  cpuSeconds,
  deploymentTuning,
  type Program,
  residentMiB,
  startProgram,
} from "./process.ts";
import { type AdmissionInput, admissionOver, largeReview, smallReview } from "./setup.ts";
import { median, type Row, table } from "./table.ts";
import type { WebhookInput } from "./webhook_server.ts";

export interface AdmissionBenchOptions {
  /** A minute and a half instead of five, with coarser figures. */
  readonly quick: boolean;
}

interface Server {
  readonly program: Program<ServerReport>;
  readonly port: number;
}

interface Measured {
  readonly perSecond: number;
  readonly cpuPer10k: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** Measures the webhook, and a bare Deno.serve that answers the same bytes, with few and many SidecarSets. */
export async function benchAdmission({ quick }: AdmissionBenchOptions): Promise<void> {
  const pki = await createTestPki();
  const timing = quick
    ? { rounds: 1, warmUpSeconds: 0.3, seconds: 0.7, compilingSeconds: 2 }
    : { rounds: 5, warmUpSeconds: 0.3, seconds: 0.8, compilingSeconds: 4 };

  console.log(
    "\nAll servers have the V8 options of the Deployment. In process without them, µs a review\n",
  );
  console.log(table(await inProcess(quick ? 3000 : 20_000)));

  console.log(
    "\nOver TLS, one SidecarSet: the webhook, the bare echo, and shares of the echo's throughput: the webhook's,",
  );
  console.log(
    "the webhook's with a constant decision, and that of an injector with the least checks\n",
  );
  console.log(table(await besideEcho(pki, timing)));

  console.log("\nOver HTTP/2, of which one SidecarSet matches\n");
  console.log(table(await byNumber(pki, timing)));
}

async function inProcess(rounds: number): Promise<Row[]> {
  const rows: Row[] = [];
  const cases: Readonly<Record<string, AdmissionInput>> = {
    "nothing selects the Pod": { sidecarSets: 0 },
    "injection, 1 SidecarSet": { sidecarSets: 1 },
    "injection with the Pod's mounts": { sidecarSets: 1, shareMounts: true },
    "injection, 50,000 SidecarSets": { sidecarSets: 50_000 },
  };
  for (const [decision, input] of Object.entries(cases)) {
    const handler = admissionOver(input);
    for (const body of [smallReview(), largeReview()]) {
      const micros = await microsEach(rounds, async () => {
        const response = await handler(reviewRequest(body));
        await response.text();
      });
      const bare = await microsEach(rounds, async () => {
        await reviewRequest(body).json();
        await new Response("{}", { headers: { "content-type": "application/json" } }).text();
      });
      rows.push({
        decision,
        bytes: body.length,
        handler: micros.toFixed(1),
        "read, parse, answer alone": bare.toFixed(1),
      });
    }
  }
  return rows;
}

function reviewRequest(body: string): Request {
  return new Request(`https://webhook${PATHS.mutatePod}`, {
    method: "POST",
    headers: { "content-type": "application/json", "content-length": String(body.length) },
    body,
  });
}

async function microsEach(rounds: number, call: () => Promise<void>): Promise<number> {
  for (let i = 0; i < rounds / 4; i++) await call();
  const started = performance.now();
  for (let i = 0; i < rounds; i++) await call();
  return (performance.now() - started) * 1000 / rounds;
}

interface Timing extends Pick<LoadJob, "warmUpSeconds" | "seconds"> {
  /** How often each server has its turn. */
  readonly rounds: number;
  /** Under load, before a server is measured: V8 compiles meanwhile. A server runs for days. */
  readonly compilingSeconds: number;
}

/** The webhook beside the bare echo and, for small reviews, beside two servers that show where its costs come from. */
async function besideEcho(pki: TestPki, timing: Timing): Promise<Row[]> {
  const rows: Row[] = [];
  const identity = await pki.issue();
  for (const body of [smallReview(), largeReview()]) {
    const answer = await answerTo(body);
    await using servers = new AsyncDisposableStack();
    const start = async <Input>(file: string, input: Omit<Input, keyof ServerInput>) => {
      const server = servers.use(await startServer(file, { ...identity, ...input }));
      await warm(server, { ...timing, pki, body });
      return server;
    };
    const echo = await start<EchoInput>("echo_server.ts", answer);
    // By the titles of the columns with their shares.
    const compared: Record<string, Server> = {
      share: await start<WebhookInput>("webhook_server.ts", { sidecarSets: 1 }),
    };
    if (body === smallReview()) {
      compared["constant decision"] = await start<WebhookInput>("webhook_server.ts", {
        sidecarSets: 1,
        answer,
      });
      compared["least injector"] = await start<EchoInput>("echo_server.ts", {
        ...answer,
        injects: true,
      });
    }
    for (const http2 of [true, false]) {
      for (const inFlight of [1, 32, 200]) {
        const job = { ...timing, http2, inFlight, body, ca: pki.authority.cert };
        const { echo: floors = [], ...measured } = await inTurns({ echo, ...compared }, job);
        rows.push({
          protocol: http2 ? "HTTP/2" : "HTTP/1.1",
          bytes: body.length,
          "in flight": inFlight,
          ...columns("", measured.share ?? []),
          ...columns("echo ", floors),
          ...Object.fromEntries(
            Object.entries(measured).map(([title, ours]) => [title, shareOf(ours, floors)]),
          ),
        });
      }
    }
  }
  return rows;
}

/** Has each server its turn in each round, so that what else goes on in the machine meets all of them. */
async function inTurns(
  servers: Readonly<Record<string, Server>>,
  job: Omit<LoadJob, "port" | "path"> & Pick<Timing, "rounds">,
): Promise<Readonly<Record<string, readonly Measured[]>>> {
  const measured: Record<string, Measured[]> = {};
  for (let round = 0; round < job.rounds; round++) {
    for (const [name, server] of Object.entries(servers)) {
      (measured[name] ??= []).push(await measure(server, job));
    }
  }
  return measured;
}

/** The share of the other's throughput, round by round. */
function shareOf(ours: readonly Measured[], others: readonly Measured[]): string {
  return median(
    ours.map(({ perSecond }, round) => perSecond / (others[round]?.perSecond ?? NaN)),
  ).toFixed(2);
}

async function byNumber(pki: TestPki, timing: Timing): Promise<Row[]> {
  const rows: Row[] = [];
  const identity = await pki.issue();
  for (const sidecarSets of [10, 1000, 50_000]) {
    await using webhook = await startServer<WebhookInput>("webhook_server.ts", {
      ...identity,
      sidecarSets,
    });
    const body = smallReview();
    await warm(webhook, { ...timing, pki, body });
    for (const inFlight of [1, 32]) {
      const job = { ...timing, http2: true, inFlight, body, ca: pki.authority.cert };
      const measured: Measured[] = [];
      for (let round = 0; round < timing.rounds; round++) {
        measured.push(await measure(webhook, job));
      }
      rows.push({
        SidecarSets: sidecarSets,
        "in flight": inFlight,
        ...columns("", measured),
        "RSS MiB": residentMiB(webhook.program.pid).toFixed(0),
      });
    }
  }
  return rows;
}

/** What the webhook answers to a review, so that the echo answers the same. */
async function answerTo(body: string): Promise<Omit<EchoInput, keyof ServerInput>> {
  const response = await admissionOver({ sidecarSets: 1 })(reviewRequest(body));
  const { patch, auditAnnotations } = (await response.json()).response;
  if (typeof patch !== "string") throw new Error("Cannot bench: the webhook injects nothing");
  return { patch, auditAnnotations };
}

async function startServer<Input>(
  file: string,
  input: Input,
): Promise<Server & AsyncDisposable> {
  const program = startProgram<ServerReport>(file, input, deploymentTuning());
  const { port } = await program.next();
  return { program, port, [Symbol.asyncDispose]: () => program.stop() };
}

/** Has a server compile what it runs often before it is measured. */
async function warm(
  server: Server,
  { pki, body, seconds, compilingSeconds }: Timing & { pki: TestPki; body: string },
): Promise<void> {
  const job = { inFlight: 32, body, ca: pki.authority.cert };
  for (const http2 of [true, false]) {
    await measure(server, { ...job, http2, warmUpSeconds: compilingSeconds, seconds });
  }
}

async function measure(
  { program, port }: Server,
  job: Omit<LoadJob, "port" | "path">,
): Promise<Measured> {
  const load = startProgram<LoadReport>("load.ts", { ...job, port, path: PATHS.mutatePod });
  try {
    let cpu = 0;
    for (;;) {
      const report = await load.next();
      if (report.event === "begin") {
        cpu = cpuSeconds(program.pid);
        continue;
      }
      if (report.failures > 0) throw new Error(`Cannot bench: ${report.failures} failed answers`);
      return {
        perSecond: report.answers / report.seconds,
        cpuPer10k: (cpuSeconds(program.pid) - cpu) / report.answers * 10_000,
        p50Ms: report.p50Ms,
        p99Ms: report.p99Ms,
      };
    }
  } finally {
    await load.stop();
  }
}

function columns(prefix: string, rounds: readonly Measured[]): Row {
  const middle = (figure: keyof Measured, digits: number) =>
    median(rounds.map((measured) => measured[figure])).toFixed(digits);
  return {
    [`${prefix}req/s`]: middle("perSecond", 0),
    [`${prefix}CPU s/10k`]: middle("cpuPer10k", 2),
    [`${prefix}p50 ms`]: middle("p50Ms", 2),
    [`${prefix}p99 ms`]: middle("p99Ms", 2),
  };
}
