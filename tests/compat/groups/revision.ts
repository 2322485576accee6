import * as z from "zod/mini";
import type { ControllerRevision } from "../../../lib/api/objects.ts";
import { stringMap } from "../../../lib/api/meta.ts";
import { CUSTOM_VERSION_LABEL, REVISION_HASH_LABEL } from "../../../lib/api/names.ts";
import { readSidecarSet } from "../../../lib/api/read.ts";
import type { SidecarSet } from "../../../lib/api/sidecarset.ts";
import { goJson } from "../../../lib/core/json/go_json.ts";
import { recordedHashes } from "../../../lib/core/revision/hash.ts";
import {
  planRevisions,
  type RevisionAction,
  type RevisionPlan,
} from "../../../lib/core/revision/plan.ts";
import type { CompatGroup, Departure, Verdict } from "../contract.ts";
import { verdictOn } from "../sidecarset/difference.ts";

const NAMESPACE = "kruise-system";
const LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration";

const storedSidecarSet = z.pipe(
  z.transform((value: unknown, context): SidecarSet => {
    const read = readSidecarSet(value);
    if (read.ok) return read.value;
    context.issues.push({ code: "custom", input: value, message: JSON.stringify(read.problems) });
    return z.NEVER;
  }),
  z.custom<SidecarSet>(),
);

/** One SidecarSet and the revision that is made of it. */
const creationCase = z.object({
  sidecarSet: storedSidecarSet,
  collisionCount: z._default(z.int(), 0),
  result: z.looseObject({ annotations: z.optional(stringMap) }),
});
type CreationCase = z.infer<typeof creationCase>;

/** The states that one SidecarSet goes through, and the revisions that are stored after each. */
const historyCase = z.object({
  steps: z.array(storedSidecarSet),
  podsUsing: z._default(z.array(z.int()), []),
  result: z.unknown(),
});
type HistoryCase = z.infer<typeof historyCase>;

const lastApplied: Departure<CreationCase> = {
  number: "B-50",
  says: "revisions do not copy the last applied configuration",
  applies: ({ sidecarSet }) => sidecarSet.metadata.annotations?.[LAST_APPLIED] !== undefined,
  expected: ({ result }) => {
    const { [LAST_APPLIED]: _, ...annotations } = result.annotations ?? {};
    return { ...result, annotations };
  },
};

/** `pkg/control/sidecarcontrol/history_control.go`, `pkg/controller/sidecarset/sidecarset_processor.go` */
export const revision: CompatGroup = {
  name: "revision",
  files: "revision.json",
  departures: [lastApplied],
  judge(testCase): Verdict {
    return "steps" in testCase
      ? judgeHistory(z.parse(historyCase, testCase))
      : judgeCreation(z.parse(creationCase, testCase));
  },
};

function judgeCreation(testCase: CreationCase): Verdict {
  const { sidecarSet, collisionCount, result } = testCase;
  const { actions } = plan(sidecarSet, { stored: [], inUse: new Set(), collisionCount });
  const departs = lastApplied.applies(testCase);
  return verdictOn({
    actual: actions.map(writtenRevision),
    expected: [departs ? lastApplied.expected(testCase) : result],
    departures: departs ? [lastApplied.number] : [],
  });
}

function writtenRevision(action: RevisionAction): unknown {
  if (action.type !== "create") return action;
  const { metadata, data, revision } = action.revision;
  return {
    ...metadata,
    data: goJson(data),
    hashSuffix: metadata.labels?.[REVISION_HASH_LABEL],
    revision,
  };
}

function judgeHistory({ steps, podsUsing, result }: HistoryCase): Verdict {
  const latestOf: string[] = [];
  let stored: readonly ControllerRevision[] = [];
  let collisionCount = 0;
  const actual = steps.map((sidecarSet) => {
    const inUse = new Set(podsUsing.flatMap((step) => latestOf[step] ?? []));
    const planned = plan(sidecarSet, { stored, inUse, collisionCount });
    stored = planned.actions.reduce(applied, stored);
    collisionCount = planned.collisionCount;
    latestOf.push(planned.latest);
    return { collisionCount, latestRevision: planned.latest, revisions: history(stored) };
  });
  return verdictOn({ actual, expected: result });
}

function history(stored: readonly ControllerRevision[]): unknown[] {
  return stored
    .map(({ metadata, revision }) => ({
      customVersion: metadata.labels?.[CUSTOM_VERSION_LABEL] ?? "",
      name: metadata.name,
      revision,
    }))
    .sort((a, b) => a.revision - b.revision);
}

function applied(
  stored: readonly ControllerRevision[],
  action: RevisionAction,
): readonly ControllerRevision[] {
  switch (action.type) {
    case "create":
      return [...stored, action.revision];
    case "change": {
      const { revision, customVersion } = action;
      const labels = customVersion === undefined ? {} : { [CUSTOM_VERSION_LABEL]: customVersion };
      return changed(stored, {
        name: action.stored.metadata.name,
        change: (each) => ({
          ...each,
          revision: revision ?? each.revision,
          metadata: { ...each.metadata, labels: { ...each.metadata.labels, ...labels } },
        }),
      });
    }
    case "delete":
      return stored.filter(({ metadata }) => metadata.name !== action.stored.metadata.name);
  }
}

function changed(
  stored: readonly ControllerRevision[],
  { name, change }: {
    name: string | undefined;
    change(revision: ControllerRevision): ControllerRevision;
  },
): ControllerRevision[] {
  return stored.map((each) => each.metadata.name === name ? change(each) : each);
}

/** OpenKruise's controller takes the hashes from the annotations that its webhook wrote. */
function plan(
  sidecarSet: SidecarSet,
  { stored, inUse, collisionCount }: {
    stored: readonly ControllerRevision[];
    inUse: ReadonlySet<string>;
    collisionCount: number;
  },
): RevisionPlan {
  const prepared = { sidecarSet, ...recordedHashes(sidecarSet) };
  return planRevisions({ prepared, stored, inUse, collisionCount, namespace: NAMESPACE });
}
