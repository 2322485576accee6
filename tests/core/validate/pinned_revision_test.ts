import type { ControllerRevision } from "../../../lib/api/objects.ts";
import { CUSTOM_VERSION_LABEL, REVISION_OWNER_LABEL } from "../../../lib/api/names.ts";
import { testCases } from "./fixtures.ts";

const PATH = "spec/injectionStrategy/revision";
const FIELD = "spec.injectionStrategy.revision";

function revision(name: string, owner: string, version: string): ControllerRevision {
  return {
    metadata: { name, labels: { [REVISION_OWNER_LABEL]: owner, [CUSTOM_VERSION_LABEL]: version } },
    data: { spec: { containers: [] } },
    revision: 1,
  };
}

const revisions = [
  revision("other-1", "other", "v1"),
  revision("mesh-1", "mesh", "v1"),
  revision("other-2", "other", "v2"),
  { ...revision("mesh-3", "mesh", "v3"), data: {} },
];

testCases([
  ["allows its own revision by name", { [PATH]: { revisionName: "mesh-1" } }, [], {
    revisions,
  }],
  [
    "allows its own revision by version",
    {
      [PATH]: { customVersion: "v1", policy: "Partial" },
    },
    [],
    { revisions },
  ],
  ["requires a name or a version", { [PATH]: {} }, [`Required ${FIELD}`], { revisions }],
  ["refuses a revision that is not stored", { [PATH]: { revisionName: "mesh-9" } }, [
    `NotFound ${FIELD}.revisionName`,
  ], { revisions }],
  ["refuses a version that is not stored", { [PATH]: { customVersion: "v9" } }, [
    `NotFound ${FIELD}.customVersion`,
  ], { revisions }],
  ["refuses a revision of another SidecarSet", { [PATH]: { revisionName: "other-1" } }, [
    `Invalid ${FIELD}.revisionName`,
  ], { revisions }],
  ["does not find a version of another SidecarSet", { [PATH]: { customVersion: "v2" } }, [
    `NotFound ${FIELD}.customVersion`,
  ], { revisions }],
  ["refuses a revision that holds no spec", { [PATH]: { customVersion: "v3" } }, [
    `Invalid ${FIELD}.customVersion`,
  ], { revisions }],
  [
    "refuses a revision policy that is none",
    {
      [PATH]: { revisionName: "mesh-1", policy: "Sometimes" },
    },
    [`NotSupported ${FIELD}.policy`],
    { revisions },
  ],
]);
