import fc from "fast-check";
import type { Container, Volume } from "../../lib/api/container.ts";
import type { Labels } from "../../lib/api/meta.ts";
import {
  HASH_ANNOTATION,
  HASH_WITHOUT_IMAGE_ANNOTATION,
  INJECTED_LIST_ANNOTATION,
} from "../../lib/api/names.ts";
import type { Pod } from "../../lib/api/pod.ts";
import type { SidecarSetSpec } from "../../lib/api/sidecarset.ts";
import { prepareSidecarSet } from "../../lib/core/defaults/prepare.ts";
import type { PreparedSidecarSet } from "../../lib/core/prepared.ts";
import { validateStoredSidecarSet } from "../../lib/core/validate/validate.ts";
import { optional } from "./mostly_valid.ts";
import { podParts } from "./pod_arbitraries.ts";

/** SidecarSets that a policy can inject, and Pods that agree with them more or less. */

/** Namespaces of the Pods, with labels; all exist before Pods are tried. */
export const NAMESPACES: Readonly<Record<string, Labels>> = {
  plain: {},
  team: { team: "blue", stage: "test" },
  baseline: { "pod-security.kubernetes.io/enforce": "baseline" },
  restricted: { "pod-security.kubernetes.io/enforce": "restricted", team: "blue" },
  older: {
    "pod-security.kubernetes.io/enforce": "baseline",
    "pod-security.kubernetes.io/enforce-version": "v1.30",
  },
};

const NAMES = ["alpha", "beta", "beta-y", "gamma"];

/** The value in one of `n` cases. */
function oneIn<T>(n: number, value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> {
  return fc.oneof({ weight: n - 1, arbitrary: fc.constant(undefined) }, {
    weight: 1,
    arbitrary: value,
  });
}

const selector = fc.constantFrom<NonNullable<SidecarSetSpec["selector"]>>(
  { matchLabels: { app: "web" } },
  { matchExpressions: [{ key: "app", operator: "In", values: ["web", "shop"] }] },
  { matchExpressions: [{ key: "batch", operator: "DoesNotExist" }] },
  {
    matchLabels: { app: "web" },
    matchExpressions: [{ key: "injected", operator: "NotIn", values: ["no"] }],
  },
  { matchExpressions: [{ key: "app", operator: "Exists" }] },
);
const namespaceSelector = fc.constantFrom<NonNullable<SidecarSetSpec["namespaceSelector"]>>(
  { matchLabels: { team: "blue" } },
  { matchExpressions: [{ key: "stage", operator: "NotIn", values: ["test"] }] },
);

const restrictedContext = {
  allowPrivilegeEscalation: false,
  capabilities: { drop: ["ALL"] },
  runAsNonRoot: true,
  seccompProfile: { type: "RuntimeDefault" },
};
const securityContext = fc.constantFrom<Record<string, unknown>>(
  restrictedContext,
  { ...restrictedContext, runAsNonRoot: undefined, seccompProfile: undefined },
  { privileged: true },
  { runAsUser: 0 },
  { capabilities: { add: ["NET_ADMIN"] } },
  { windowsOptions: { runAsUserName: "u" } },
);
/** Ports that two SidecarSets do not both have. */
function portsOf(set: string) {
  const own = 9000 + NAMES.indexOf(set);
  return fc.constantFrom<unknown[]>(
    [{ containerPort: own }],
    [{ containerPort: own }],
    [{ containerPort: own, hostPort: own + 100 }],
    [{ containerPort: own, hostPort: own, hostIP: "10.0.0.1" }, { containerPort: own + 200 }],
    [{ containerPort: own, protocol: "UDP" }],
  );
}
const texts = fc.constantFrom("x", "é'\"\\ $(A)", "{}\n\t", "日本 \u2028");

/** Sidecars, and volumes that they and the Pods may have under one name. */
const sidecarFields = (set: string) =>
  optional({
    podInjectPolicy: fc.constantFrom("BeforeAppContainer", "AfterAppContainer"),
    env: fc.array(
      fc.record({ name: fc.constantFrom("A", "B"), value: texts }, {
        noNullPrototype: true,
      }),
      { maxLength: 2 },
    ),
    ports: portsOf(set),
    securityContext: oneIn(2, securityContext),
    resources: fc.constantFrom(
      { limits: { cpu: "100m", memory: 67108864 } },
      { requests: { cpu: 0.5 } },
    ),
    volumeMounts: fc.constantFrom(
      [{ name: "data", mountPath: "/data" }],
      [{ name: "data", mountPath: "/data" }, { name: "own", mountPath: "/own" }],
    ),
    livenessProbe: fc.constant({ httpGet: { path: "/", port: 9090 }, periodSeconds: 3 }),
    lifecycle: fc.constantFrom(
      { preStop: { sleep: { seconds: 20 } } },
      { preStop: { httpGet: { host: "a.test", port: 80 } } },
    ),
    resizePolicy: fc.constant([{ resourceName: "cpu", restartPolicy: "RestartContainer" }]),
  });

function sidecars(set: string, suffixes: string[]) {
  return fc.uniqueArray(
    fc.record({ suffix: fc.constantFrom(...suffixes), fields: sidecarFields(set) }),
    { selector: ({ suffix }) => suffix, maxLength: 2 },
  ).map((list) =>
    list.map(({ suffix, fields }) => ({
      ...fields,
      name: `${set}-${suffix}`,
      image: "sidecar:1",
    }))
  );
}

/** Only containers that go on running have probes, hooks and a completion policy. */
function initOnly(sidecar: Container): Container {
  const { livenessProbe: _probe, lifecycle: _hook, resizePolicy: _resize, ...rest } = sidecar;
  return rest;
}

function specOf(set: string): fc.Arbitrary<SidecarSetSpec> {
  const native = oneIn(2, fc.constant("Always"));
  const simple = fc.record({
    containers: fc.tuple(sidecars(set, ["b", "a"]), fc.boolean()).map(([list, ends]) =>
      ends ? list.map((each) => ({ ...each, completionPolicy: "TerminateWithMain" })) : list
    ),
    initContainers: fc.tuple(sidecars(set, ["z", "i"]), native).map(([list, restartPolicy]) =>
      list.map((each) => restartPolicy ? { ...each, restartPolicy } : initOnly(each))
    ),
    volumes: fc.constant<Volume[]>([
      { name: "data", emptyDir: {} },
      { name: "own", configMap: { name: "c" } },
    ]),
  });
  // Every field that a container or volume may have.
  const rich = podParts.map((parts) => {
    const renamed = (list: readonly unknown[], prefix: string) =>
      list.map((each, i) => Object.assign({}, each, { name: `${set}-${prefix}${i}` }));
    return Object({
      containers: renamed(parts.containers, "rich"),
      initContainers: renamed(parts.initContainers, "init"),
      volumes: parts.volumes,
    });
  });
  return fc.record({
    parts: fc.oneof({ weight: 4, arbitrary: simple }, { weight: 1, arbitrary: rich }),
    more: optional({
      namespaceSelector,
      namespace: fc.constantFrom("team", "plain"),
      imagePullSecrets: fc.subarray([{ name: "one" }, { name: "two" }, { name: set }]),
      patchPodMetadata: fc.subarray<NonNullable<SidecarSetSpec["patchPodMetadata"]>[number]>([
        { annotations: { [`${set}/kept`]: "the sidecar's" }, patchPolicy: "Retain" },
        { annotations: { [`${set}/set`]: "the sidecar's", a: set }, patchPolicy: "Overwrite" },
        { annotations: { [`${set}/more`]: '~/ü"' } },
      ]),
    }),
    selector,
    keeps: fc.tuple(fc.integer({ min: 0, max: 9 }), fc.integer({ min: 0, max: 9 })),
  }).map(({ parts, more, selector, keeps: [byNamespace, bySelector] }) => {
    const { namespace, namespaceSelector, ...rest } = more;
    return Object({
      selector,
      ...rest,
      ...parts,
      // Most SidecarSets select Pods of every namespace.
      ...(byNamespace === 0 && namespace ? { namespace } : {}),
      ...(bySelector < 3 && namespaceSelector ? { namespaceSelector } : {}),
      injectionStrategy: { mechanism: "Policy" },
    });
  });
}

/** Valid SidecarSets of different names that ask for a policy. */
export const sidecarSets: fc.Arbitrary<readonly PreparedSidecarSet[]> = fc.subarray(NAMES, {
  minLength: 1,
  maxLength: 3,
}).chain((names) => fc.tuple(...names.map(sidecarSetOf)));

function sidecarSetOf(name: string): fc.Arbitrary<PreparedSidecarSet> {
  return specOf(name).map((spec) => {
    const metadata = { name, uid: `uid-of-${name}`, creationTimestamp: "2026-01-01T00:00:00Z" };
    const read = prepareSidecarSet({ metadata, spec }, {
      revisionName: `${name}-1`,
      problemsOf: validateStoredSidecarSet,
    });
    if (!read.ok) throw new Error(JSON.stringify(read.problems));
    return read.value;
  }).filter(({ problems }) => problems.length === 0);
}

const own = (names: string[]) =>
  fc.uniqueArray(
    fc.record({
      name: fc.constantFrom(...names),
      fields: optional({
        ports: fc.constantFrom<unknown[]>(
          [{ containerPort: 80 }],
          [{ containerPort: 80, hostPort: 9100 }],
          [{ containerPort: 9000 }],
          [{ containerPort: 9001, hostPort: 9001, protocol: "UDP" }],
        ),
        securityContext: fc.constantFrom(restrictedContext, { runAsUser: 1000 }),
        env: fc.constantFrom([{ name: "IS_INJECTED", value: "false" }], [{
          name: "IS_INJECTED",
          valueFrom: { fieldRef: { fieldPath: "metadata.name" } },
        }]),
        volumeMounts: fc.constant([{ name: "pods", mountPath: "/p" }]),
      }),
    }),
    { selector: ({ name }) => name, minLength: 1, maxLength: 3 },
  ).map((list) => list.map(({ name, fields }) => ({ ...fields, name, image: "own:1" })));

const record = (name: string) => ({
  [name]: {
    updateTimestamp: "2026-01-01T00:00:00Z",
    hash: "h",
    sidecarSetName: name,
    sidecarList: ["x", "y"],
    controllerRevision: `${name}-1`,
  },
});
/** Records that a copied or old Pod may have, of a SidecarSet that selects it or of others. */
const records = fc.constantFrom<Record<string, string>>(
  {
    [HASH_ANNOTATION]: JSON.stringify(record("other")),
    [HASH_WITHOUT_IMAGE_ANNOTATION]: JSON.stringify(record("other"), null, 2),
    [INJECTED_LIST_ANNOTATION]: "other",
  },
  {
    [HASH_ANNOTATION]: JSON.stringify({ ...record("zeta"), ...record("alpha") }),
    [HASH_WITHOUT_IMAGE_ANNOTATION]: "{}",
    [INJECTED_LIST_ANNOTATION]: "zeta,alpha,zeta, x",
  },
  { [HASH_ANNOTATION]: '{"gamma": "old", "other":"old-hash"}' },
  { [HASH_ANNOTATION]: "no JSON" },
  { [HASH_ANNOTATION]: "", [INJECTED_LIST_ANNOTATION]: "" },
  { [INJECTED_LIST_ANNOTATION]: "alpha,beta,beta-y,gamma" },
);
const annotations = fc.record({
  records: oneIn(3, records),
  more: optional({
    "alpha/kept": fc.constant("the Pod's"),
    "gamma/set": fc.constant("the Pod's"),
    "kubectl.kubernetes.io/default-container": fc.constant("main"),
    note: texts,
  }),
}).map(({ records, more }) => ({ ...more, ...records }));

/** Pods that the API server takes, apart from what a namespace's Pod Security level refuses. */
export const podOfNamespace: fc.Arbitrary<{ pod: Pod; namespace: string }> = fc.record({
  namespace: fc.constantFrom(...Object.keys(NAMESPACES)),
  labels: fc.constantFrom<Labels | undefined>(
    undefined,
    ...Array.from({ length: 6 }, () => ({ app: "web" })),
    { app: "web", batch: "1" },
    { app: "shop", injected: "no" },
    { app: "" },
  ),
  annotations: fc.option(annotations, { nil: undefined }),
  containers: own(["main", "helper", "alpha-a", "gamma-z"]),
  initContainers: oneIn(2, own(["setup", "beta-i", "n"])),
  isNative: fc.boolean(),
  volumes: oneIn(
    2,
    fc.constantFrom<Volume[]>(
      [{ name: "data", emptyDir: {} }],
      [{ name: "data", secret: { secretName: "s" } }],
      [{ name: "block", emptyDir: {} }],
      [{ name: "claim", emptyDir: {} }, { name: "own", emptyDir: {} }],
    ),
  ),
  spec: optional({
    containers: fc.constant([]),
    restartPolicy: fc.constantFrom("Always", "Never", "OnFailure"),
    imagePullSecrets: fc.constantFrom(
      [{ name: "one" }],
      [{ name: "mine" }, { name: "one" }, { name: "mine" }, { name: "one" }, { name: "z" }],
    ),
    terminationGracePeriodSeconds: fc.constantFrom(0, 20, 60),
    securityContext: fc.constantFrom({ runAsNonRoot: true }, {
      seccompProfile: { type: "RuntimeDefault" },
      runAsNonRoot: true,
    }),
  }),
  rare: oneIn(
    3,
    fc.constantFrom<Partial<Pod["spec"]>>(
      { hostNetwork: true },
      { os: { name: "linux" } },
      { os: { name: "windows" } },
      { hostUsers: false },
      { resourceClaims: [{ name: "none", resourceClaimName: "none" }] },
    ),
  ),
}).map(({ namespace, labels, annotations, isNative, rare, ...parts }) => {
  const { containers, initContainers = [], volumes = [] } = parts;
  const inits = initContainers.map((each) =>
    isNative ? { ...each, restartPolicy: "Always" } : each
  );
  const spec = { ...parts.spec, ...rare };
  const suitable = (list: readonly Container[]) => acceptable(list, { spec, namespace });
  return {
    namespace,
    pod: Object({
      metadata: { ...(labels ? { labels } : {}), ...(annotations ? { annotations } : {}) },
      spec: {
        ...withoutSecurityOnWindows(spec),
        ...(namespace === "plain" || namespace === "team" ? {} : { hostNetwork: false }),
        containers: suitable(containers),
        ...(inits.length > 0 ? { initContainers: suitable(inits) } : {}),
        volumes: [...volumes, { name: "pods", emptyDir: {} }],
      },
    }),
  };
});

interface Surroundings {
  readonly spec: Readonly<Record<string, unknown>>;
  readonly namespace: string;
}

/** Without what the API server refuses in such a Pod or namespace: few of the Pods should be refused anyway. */
function acceptable(containers: readonly Container[], { spec, namespace }: Surroundings) {
  const isOfHost = spec.hostNetwork === true || namespace !== "plain";
  return containers.map(({ ports, securityContext, ...each }, i): Container => ({
    ...each,
    // Each host port once.
    ...(i === 0 && Array.isArray(ports)
      ? { ports: ports.map((port) => isOfHost ? { ...port, hostPort: undefined } : port) }
      : {}),
    ...(isOfWindows(spec) || securityContext === undefined ? {} : { securityContext }),
    ...(namespace === "restricted" && !isOfWindows(spec)
      ? { securityContext: restrictedContext }
      : {}),
  }));
}

function isOfWindows(spec: Surroundings["spec"]): boolean {
  return JSON.stringify(spec.os) === '{"name":"windows"}';
}

function withoutSecurityOnWindows(spec: Surroundings["spec"]) {
  if (!isOfWindows(spec)) return spec;
  const { securityContext: _linux, ...rest } = spec;
  return { ...rest, securityContext: { runAsNonRoot: true } };
}
