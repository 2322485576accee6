import { connectH1 } from "./h1_client.ts";
import { connectH2 } from "./h2_client.ts";
import type { LoadClient, Target } from "./load_client.ts";

/** What the load generator reads from its standard input. */
export interface LoadJob extends Target {
  readonly http2: boolean;
  readonly inFlight: number;
  readonly body: string;
  readonly warmUpSeconds: number;
  readonly seconds: number;
}

/** What it prints before and after the measured time, a line each. */
export type LoadReport =
  | { readonly event: "begin" }
  | {
    readonly event: "end";
    readonly answers: number;
    readonly failures: number;
    readonly seconds: number;
    readonly p50Ms: number;
    readonly p99Ms: number;
  };

/** Posts one body again and again, `inFlight` at a time: over one HTTP/2 connection, or over as many of HTTP/1.1. */
async function main(): Promise<void> {
  const job: LoadJob = await new Response(Deno.stdin.readable).json();
  const connections = await Promise.all(
    Array.from(
      { length: job.http2 ? 1 : job.inFlight },
      () => job.http2 ? connectH2(job) : connectH1(job),
    ),
  );
  const body = new TextEncoder().encode(job.body);
  await drive(connections, { job, body, seconds: job.warmUpSeconds });
  print({ event: "begin" });
  const started = performance.now();
  const { times, failures } = await drive(connections, { job, body, seconds: job.seconds });
  const seconds = (performance.now() - started) / 1000;
  times.sort((a, b) => a - b);
  const quantile = (share: number) => times[Math.floor(share * times.length)] ?? NaN;
  print({
    event: "end",
    answers: times.length,
    failures,
    seconds,
    p50Ms: quantile(0.5),
    p99Ms: quantile(0.99),
  });
  for (const connection of connections) connection.close();
}

async function drive(
  connections: readonly LoadClient[],
  { job, body, seconds }: { job: LoadJob; body: Uint8Array; seconds: number },
): Promise<{ times: number[]; failures: number }> {
  const end = performance.now() + seconds * 1000;
  const times: number[] = [];
  let failures = 0;
  await Promise.all(Array.from({ length: job.inFlight }, async (_, worker) => {
    const connection = connections[worker % connections.length];
    let started = performance.now();
    while (connection && started < end) {
      const status = await connection.post(body);
      const now = performance.now();
      if (status === 200) times.push(now - started);
      else failures++;
      started = now;
    }
  }));
  return { times, failures };
}

function print(report: LoadReport): void {
  console.log(JSON.stringify(report));
}

if (import.meta.main) await main();
