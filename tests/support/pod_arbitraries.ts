import fc from "fast-check";
import { few, fieldRef, LONG, mostly, optional, rarely } from "./mostly_valid.ts";
import {
  droppedOfGrpc,
  droppedOfHttp,
  droppedOfLifecycle,
  droppedOfMount,
  envName,
  fileKeyRef,
  resizePolicy,
  restart,
  sleep,
} from "./newer_arbitraries.ts";
import { volumeSource } from "./volume_arbitraries.ts";

const count = mostly<unknown>([1, 5, 10], [-1, -5]);
const configName = mostly(["config", "my.config-1"], ["", "Not_A_Name", "a..b"]);
const keyName = mostly(["key", "key.txt", "_x-1"], ["", "a/b", "..", "..a", "a b"]);
const port = mostly<unknown>([80, 65535, "http"], [0, -1, 65536, "Http", "a--b", "123", LONG]);
const quantity = mostly<unknown>(["1", "100m", "64Mi", 2, "1.5", "0"], ["-1", "-100m"]);
const resourceRef = optional({
  resource: mostly(["limits.cpu", "requests.memory"], ["", "limits.disk", "cpu"]),
  divisor: mostly(["1", "0"], ["1Mi", "3", "2Gi"]),
  containerName: fc.constant("app"),
}, ["resource", "containerName"]);
const keyRef = optional({ name: configName, key: keyName, optional: fc.boolean() }, [
  "name",
  "key",
]);

const variable = fc.oneof(
  {
    weight: 6,
    arbitrary: optional({ name: envName, value: fc.string() }, ["name"]),
  },
  {
    weight: 6,
    arbitrary: optional({
      name: fc.constant("FROM"),
      valueFrom: fc.oneof(
        optional({ fieldRef }, ["fieldRef"]),
        optional({ resourceFieldRef: resourceRef }, ["resourceFieldRef"]),
        optional({ configMapKeyRef: keyRef }, ["configMapKeyRef"]),
        optional({ secretKeyRef: keyRef }, ["secretKeyRef"]),
        optional({ fileKeyRef }, ["fileKeyRef"]),
      ),
    }, ["name", "valueFrom"]),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      { name: "NONE", valueFrom: {} },
      { name: "BOTH", value: "x", valueFrom: { secretKeyRef: { name: "s", key: "k" } } },
      {
        name: "TWO",
        valueFrom: {
          secretKeyRef: { name: "s", key: "k" },
          configMapKeyRef: { name: "s", key: "k" },
        },
      },
    ),
  },
);

const envFrom = mostly<unknown>(
  [
    { configMapRef: { name: "c" } },
    { prefix: "P_", secretRef: { name: "s", optional: true } },
    { prefix: "1:", secretRef: { name: "s" } },
  ],
  [
    {},
    { configMapRef: { name: "" } },
    { prefix: "a=b", secretRef: { name: "s" } },
    { configMapRef: { name: "c" }, secretRef: { name: "s" } },
  ],
);

const containerPort = optional({
  name: mostly(["http", "a-1"], ["Http", "a--b", "123", "-a", "far-too-long-name"]),
  containerPort: mostly([80, 8080], [0, -1, 65536]),
  hostPort: mostly([0, 8081, 8082], [-1, 65536]),
  protocol: mostly(["TCP", "UDP", "SCTP"], ["tcp", "HTTP"]),
}, ["containerPort"]);

const handler = fc.oneof(
  optional({ exec: mostly<unknown>([{ command: ["x"] }], [{}, { command: [] }]) }, ["exec"]),
  optional({
    httpGet: optional({
      port,
      path: fc.constantFrom("/", "health", ""),
      scheme: mostly(["HTTP", "HTTPS", ""], ["http"]),
      httpHeaders: mostly([[{ name: "X-A", value: "b" }]], [[{ name: "x a", value: "b" }]]),
      ...droppedOfHttp,
      host: fc.constant("localhost"),
    }, ["port"]),
  }, ["httpGet"]),
  optional({ tcpSocket: optional({ port }, ["port"]) }, ["tcpSocket"]),
  mostly<unknown>([{ exec: { command: ["x"] } }], [{
    exec: { command: ["x"] },
    tcpSocket: { port: 80 },
  }, {}]),
);
const probeOf = (handler: fc.Arbitrary<unknown>, timing: fc.Arbitrary<object>) =>
  fc.tuple(handler, timing).map(([one, other]) => Object.assign({}, one, other));
const timing = {
  initialDelaySeconds: count,
  periodSeconds: count,
  timeoutSeconds: count,
  failureThreshold: count,
};
const probe = (more: Record<string, fc.Arbitrary<unknown>>) =>
  probeOf(handler, optional({ ...timing, ...more }));
const grpc = optional({
  port: mostly([80], [0, 65536]),
  service: fc.string(),
  ...droppedOfGrpc,
}, ["port"])
  .map((value) => ({ grpc: value }));

const securityContext = optional({
  privileged: mostly([false], [true]),
  runAsUser: mostly([0, 1000], [-1, 2 ** 31]),
  runAsGroup: mostly([0, 1000], [-5]),
  allowPrivilegeEscalation: fc.boolean(),
  capabilities: fc.constantFrom({ drop: ["ALL"] }, { add: ["CAP_SYS_ADMIN"] }, { add: ["X"] }),
  procMount: mostly(["Default", "Unmasked"], ["None", ""]),
  seccompProfile: mostly<unknown>(
    [{ type: "RuntimeDefault" }, { type: "Localhost", localhostProfile: "a/b" }],
    [
      {},
      { type: "None" },
      { type: "Localhost" },
      { type: "Localhost", localhostProfile: "/abs" },
      { type: "Unconfined", localhostProfile: "x" },
    ],
  ),
  appArmorProfile: mostly<unknown>(
    [{ type: "Unconfined" }, { type: "Localhost", localhostProfile: "p" }],
    [{ type: "x" }, { type: "Localhost" }, { type: "Localhost", localhostProfile: " p" }],
  ),
});

const resourceList = optional({
  cpu: quantity,
  memory: quantity,
  "ephemeral-storage": mostly(["1Gi"], ["-1"]),
  "example.com/device": mostly<unknown>([1, 2], ["1.5", -1]),
  "hugepages-2Mi": mostly(["2Mi", "4Mi"], ["3Mi", "1"]),
});
const oddResources = fc.constantFrom(
  { limits: { "disk": "1" } },
  { limits: { "not valid!": "1" } },
  { limits: { "kubernetes.io/own": "1" } },
  { limits: { "requests.example.com/x": "1" } },
  { limits: { cpu: "1" }, requests: { cpu: "2" } },
  { requests: { "example.com/device": "1" } },
  { claims: [{ name: "none" }] },
  { claims: [{ name: "none", request: "one" }, { name: "none", request: "two" }] },
  { claims: [{ name: "none" }, { name: "none", request: "one" }] },
  { claims: [{ name: "none", request: "one" }, { name: "none" }] },
  { claims: [{ name: "none", request: "One" }] },
);
const resources = fc.oneof(
  { weight: 5, arbitrary: optional({ limits: resourceList }) },
  { weight: 2, arbitrary: optional({ requests: optional({ cpu: quantity, memory: quantity }) }) },
  { weight: 1, arbitrary: oddResources },
);

const mount = optional({
  name: mostly(["data", "config", "claim"], ["", "nowhere"]),
  mountPath: mostly(["/a", "/b", "/c", "rel"], ["", "/a"]),
  subPath: mostly(["x", "x/y"], ["/abs", "../up"]),
  subPathExpr: mostly(["$(A)"], ["/abs", "a/.."]),
  readOnly: fc.constant(true),
  recursiveReadOnly: mostly(["Disabled", "IfPossible"], ["enabled"]),
  mountPropagation: mostly(["None", "HostToContainer"], ["Bidirectional", "none"]),
  ...droppedOfMount,
}, ["name", "mountPath"]);
const device = optional({
  name: mostly(["block", "claim"], ["", "nowhere", "data"]),
  devicePath: mostly(["/dev/x", "/dev/y"], ["", "/a", "/dev/../z"]),
}, ["name", "devicePath"]);

const container = (more: Record<string, fc.Arbitrary<unknown>> = {}) =>
  optional({
    name: mostly(["one", "two", "three-3", "four", "five"], ["", "Two", "two_2", LONG, "-a"]),
    image: mostly(["x:1", "r.test/x@sha256:abc"], ["", " x", "x "]),
    imagePullPolicy: mostly(["Always", "Never"], ["always"]),
    terminationMessagePolicy: mostly(["File", "FallbackToLogsOnError"], ["None"]),
    terminationMessagePath: fc.constantFrom("/dev/log", "rel"),
    command: fc.constant(["run"]),
    env: few(variable),
    envFrom: rarely(few(envFrom)),
    ports: rarely(few(containerPort)),
    resources: rarely(resources),
    resizePolicy: rarely(resizePolicy),
    securityContext: rarely(securityContext),
    volumeMounts: rarely(few(mount)),
    volumeDevices: rarely(few(device)),
    ...more,
  }, ["name", "image"]);

const livenessProbe = fc.oneof(
  probe({
    successThreshold: mostly([0, 1], [2]),
    terminationGracePeriodSeconds: mostly([1], [0, -1]),
  }),
  grpc,
);
const running = {
  livenessProbe: rarely(livenessProbe),
  startupProbe: rarely(livenessProbe),
  readinessProbe: rarely(
    fc.oneof({ weight: 20, arbitrary: probe({ successThreshold: count }) }, {
      weight: 1,
      arbitrary: probe({ terminationGracePeriodSeconds: fc.constant(5) }),
    }),
  ),
  lifecycle: rarely(optional({
    ...droppedOfLifecycle,
    postStart: handler,
    preStop: fc.oneof(
      handler,
      optional({ sleep }, ["sleep"]),
    ),
  })),
};

const restarting = (one: fc.Arbitrary<unknown>) =>
  fc.tuple(one, restart).map(([fields, own]) => Object.assign({}, fields, own));

/**
 * The volumes, init containers and containers of a Pod, as the API server takes them and as a SidecarSet may bring
 * them.
 */
export const podParts = fc.record({
  volumes: fc.tuple(
    volumeSource,
    volumeSource,
    fc.option(mostly(["odd"], ["Odd_Name", "data"])),
    volumeSource,
  )
    .map(([data, config, odd, other]) => [
      Object.assign({ name: "data" }, data),
      Object.assign({ name: "config" }, config),
      { name: "claim", persistentVolumeClaim: { claimName: "c" } },
      { name: "block", persistentVolumeClaim: { claimName: "b" } },
      { name: "scratch" },
      ...(odd === null ? [] : [Object.assign({ name: odd }, other)]),
    ]),
  initContainers: fc.array(
    fc.oneof(
      { weight: 6, arbitrary: restarting(container()) },
      { weight: 8, arbitrary: container({ ...running, restartPolicy: fc.constant("Always") }) },
      { weight: 1, arbitrary: container({ livenessProbe, lifecycle: fc.constant({}) }) },
    ),
    { maxLength: 1 },
  ),
  containers: fc.array(restarting(container(running)), { minLength: 1, maxLength: 2 }),
}, { noNullPrototype: true });
