import type { SidecarSetSpec } from "../../lib/api/sidecarset.ts";
import type { NamespaceFacts, PreparedSidecarSet } from "../../lib/core/prepared.ts";
import { selectsPod } from "../../lib/core/select/pod_selection.ts";
import { SidecarSetIndex } from "../../lib/index/sidecarsets.ts";
import { type Row, table } from "./table.ts";

export interface MatchingBenchOptions {
  /** Fewer rounds, with coarser figures. */
  readonly quick: boolean;
}

const NUMBERS = [10, 1_000, 50_000];
const NAMESPACE: NamespaceFacts = {
  name: "shop",
  labels: { "kubernetes.io/metadata.name": "shop", env: "env-5" },
};
/** The fifth SidecarSet of each kind selects it. */
const LABELS = { app: "app-5", team: "shared", tier: "web", version: "7" };

/** Kinds of selectors that distinguish SidecarSets, for the i-th of them. */
const KINDS: Readonly<Record<string, (i: number) => SidecarSetSpec>> = {
  "one label": (i) => ({ selector: { matchLabels: { app: `app-${i}` } } }),
  "a shared label and another": (i) => ({
    selector: { matchLabels: { team: "shared", app: `app-${i}` } },
  }),
  "In of 3 values": (i) => ({
    selector: {
      matchExpressions: [
        { key: "app", operator: "In", values: [`app-${i}`, `b-${i}`, `c-${i}`] },
      ],
    },
  }),
  "a namespace by its label": (i) => ({
    selector: { matchExpressions: [{ key: "app", operator: "Exists" }] },
    namespaceSelector: { matchLabels: { env: `env-${i}` } },
  }),
  "labels with any value": (i) => ({
    selector: {
      matchExpressions: [
        { key: "app", operator: "Exists" },
        { key: `not-${i}`, operator: i === 5 ? "DoesNotExist" : "Exists" },
      ],
    },
  }),
};

/** Measures the search for a Pod's SidecarSet among many, compared with a check of each of them. */
export function benchMatching({ quick }: MatchingBenchOptions): Promise<void> {
  const rows = Object.entries(KINDS).flatMap(([kind, specOf]) =>
    NUMBERS.map((number) => measured({ kind, specOf, number, seconds: quick ? 0.05 : 0.5 }))
  );
  console.log("\nFinding the one SidecarSet that selects a Pod, µs a Pod\n");
  console.log(table(rows));
  return Promise.resolve();
}

function measured(
  { kind, specOf, number, seconds }: {
    kind: string;
    specOf: (i: number) => SidecarSetSpec;
    number: number;
    seconds: number;
  },
): Row {
  const all = Array.from({ length: number }, (_, i) => prepared(`set-${i}`, specOf(i)));
  const index = new SidecarSetIndex();
  const started = performance.now();
  for (const each of all) index.apply(each);
  const filling = (performance.now() - started) * 1000 / number;

  const place = { labels: LABELS, namespace: NAMESPACE };
  const indexed = micros(seconds, () => index.match(LABELS, NAMESPACE).length);
  const linear = micros(
    seconds,
    () => all.filter(({ sidecarSet }) => selectsPod(sidecarSet.spec, place)).length,
  );
  return {
    "selected by": kind,
    SidecarSets: number,
    "by the index": indexed.toFixed(2),
    "one after the other": linear.toFixed(2),
    "taking one into the index": filling.toFixed(2),
  };
}

/** Microseconds for one call, which finds exactly one SidecarSet. */
function micros(seconds: number, find: () => number): number {
  const until = (milliseconds: number) => {
    const started = performance.now();
    let calls = 0;
    while (performance.now() - started < milliseconds) {
      for (let i = 0; i < 10; i++) {
        const found = find();
        if (found !== 1) throw new Error(`Cannot measure matching: ${found} SidecarSets are found`);
      }
      calls += 10;
    }
    return (performance.now() - started) * 1000 / calls;
  };
  until(seconds * 200);
  return until(seconds * 1000);
}

function prepared(name: string, spec: SidecarSetSpec): PreparedSidecarSet {
  const sidecarSet = { metadata: { name }, spec };
  return { name, sidecarSet, hash: "", hashWithoutImage: "", revisionName: "", problems: [] };
}
