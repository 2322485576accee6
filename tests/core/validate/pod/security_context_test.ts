import { type Case, testCases } from "../fixtures.ts";

const FIELD = "spec.containers[0].securityContext";

const cases: [string, unknown, string[]][] = [
  ["allows a privileged container", { privileged: true }, []],
  ["allows identities", { runAsUser: 0, runAsGroup: 2147483647, procMount: "Default" }, []],
  ["refuses identities out of range", { runAsUser: -1, runAsGroup: 2147483648 }, [
    "Invalid .runAsUser",
    "Invalid .runAsGroup",
  ]],
  ["refuses privilege without escalation", { privileged: true, allowPrivilegeEscalation: false }, [
    "Invalid ",
  ]],
  ["refuses CAP_SYS_ADMIN without escalation", {
    allowPrivilegeEscalation: false,
    capabilities: { add: ["CAP_SYS_ADMIN"] },
  }, ["Invalid "]],
  ["allows an unmasked /proc", { procMount: "Unmasked" }, []],
  ["refuses a /proc mount that is none", { procMount: "All" }, ["NotSupported .procMount"]],
  ["allows a local seccomp profile", {
    seccompProfile: { type: "Localhost", localhostProfile: "profiles/a.json" },
  }, []],
  ["requires the path of a local seccomp profile", { seccompProfile: { type: "Localhost" } }, [
    "Required .seccompProfile.localhostProfile",
  ]],
  ["refuses a local seccomp profile outside its directory", {
    seccompProfile: { type: "Localhost", localhostProfile: "../a" },
  }, ["Invalid .seccompProfile.localhostProfile"]],
  ["refuses the path of a seccomp profile that is not local", {
    seccompProfile: { type: "RuntimeDefault", localhostProfile: "a" },
  }, ["Invalid .seccompProfile.localhostProfile"]],
  ["requires the type of a seccomp profile", { seccompProfile: {} }, [
    "Required .seccompProfile.type",
  ]],
  ["refuses an AppArmor profile that is none", { appArmorProfile: { type: "None" } }, [
    "NotSupported .appArmorProfile.type",
  ]],
  ["refuses a padded AppArmor profile", {
    appArmorProfile: { type: "Localhost", localhostProfile: " a" },
  }, ["Invalid .appArmorProfile.localhostProfile"]],
  ["refuses an AppArmor profile of 4,096 bytes", {
    appArmorProfile: { type: "Localhost", localhostProfile: "a".repeat(4096) },
  }, ["TooLong .appArmorProfile.localhostProfile"]],
  ["requires the name of a local AppArmor profile", { appArmorProfile: { type: "Localhost" } }, [
    "Required .appArmorProfile.localhostProfile",
  ]],
];

testCases(cases.map(([sentence, securityContext, expected]): Case => [
  sentence,
  { "spec/containers/0/securityContext": securityContext },
  expected.map((text) => text.replace(" ", ` ${FIELD}`)),
]));

testCases([[
  "refuses a privileged container where none may be",
  { "spec/containers/0/securityContext": { privileged: true } },
  [`Forbidden ${FIELD}.privileged`],
  { allowPrivileged: false },
]]);
