import { readSidecarSet } from "../../lib/api/read.ts";
import type { SidecarSet } from "../../lib/api/sidecarset.ts";
import { ClusterIndex } from "../../lib/index/cluster.ts";
import { createValidation } from "../../lib/runtime/validation.ts";
import { sidecarSetOf } from "../support/objects.ts";
import { type Row, table } from "./table.ts";

const SIZES = [1, 100, 10_000, 50_000];
const WARM_UP = 300;
const MIN_ROUNDS = 200;
const MIN_MS = 2_000;
const QUICK_MS = 300;

/** A SidecarSet of one team, with the same container and volume names as those of all other teams. */
function teamSidecarSet(team: string) {
  return sidecarSetOf({
    name: `team-${team}`,
    spec: {
      selector: { matchLabels: { team } },
      containers: [{ name: "log-agent", image: "log-agent:1" }],
      volumes: [{ name: "logs", emptyDir: {} }],
      patchPodMetadata: [{ annotations: { "log-agent/port": "8080" }, patchPolicy: "Overwrite" }],
    },
  });
}

function measure(
  validate: (object: SidecarSet) => unknown,
  { size, minMs }: { size: number; minMs: number },
): Row {
  const times: number[] = [];
  const started = performance.now();
  for (let round = 0; round < MIN_ROUNDS || performance.now() - started < minMs; round++) {
    const { sidecarSet } = teamSidecarSet(`new-${round}`);
    const before = performance.now();
    validate(sidecarSet);
    times.push(performance.now() - before);
  }
  times.sort((a, b) => a - b);
  const total = times.reduce((sum, time) => sum + time, 0);
  return {
    "other SidecarSets": size,
    "reviews a second": Math.round(times.length * 1_000 / total),
    "p50 (ms)": Number((times[Math.floor(times.length / 2)] ?? NaN).toFixed(3)),
    "p99 (ms)": Number((times[Math.floor(times.length * 0.99)] ?? NaN).toFixed(3)),
  };
}

/** Validates new SidecarSets next to others that add the same names, and prints the costs by the number of others. */
export function benchValidation({ quick }: { quick: boolean }): Promise<void> {
  const index = new ClusterIndex();
  const { validate } = createValidation({
    index,
    requireAllowList: false,
    retainedAllowList: () => undefined,
  });
  const validateNew = (object: SidecarSet) =>
    validate({ name: object.metadata.name ?? "", object, read: readSidecarSet(object) });
  for (let round = 0; round < WARM_UP; round++) {
    validateNew(teamSidecarSet(`warm-${round}`).sidecarSet);
  }
  const rows = SIZES.map((size) => {
    for (let number = index.sidecarSets.size; number < size; number++) {
      index.applySidecarSet(teamSidecarSet(`${number}`));
    }
    return measure(validateNew, { size, minMs: quick ? QUICK_MS : MIN_MS });
  });
  console.log(table(rows));
  return Promise.resolve();
}
