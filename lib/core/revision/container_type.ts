import {
  bool,
  int,
  intOrString,
  list,
  map,
  nullable,
  omittable,
  pointer,
  quantity,
  required,
  string,
  struct,
} from "./go_types.ts";

/**
 * core/v1 Container and SidecarContainer as the Go structs that OpenKruise is compiled with (`k8s.io/api` v0.32,
 * `apis/apps/v1beta1/sidecarset_types.go`).
 *
 * A field that Kubernetes got later must not be added: OpenKruise drops it before hashing, so every Pod would count
 * as outdated.
 */

const optionalReference = { name: omittable(string) };

export const resourceList = map(quantity);

export const objectFieldSelector = struct({
  apiVersion: omittable(string),
  fieldPath: required(string),
});

export const resourceFieldSelector = struct({
  containerName: omittable(string),
  resource: required(string),
  divisor: required(quantity),
});

const keySelector = struct({
  ...optionalReference,
  key: required(string),
  optional: pointer(bool),
});

const envSource = struct({ ...optionalReference, optional: pointer(bool) });

const port = struct({
  name: omittable(string),
  hostPort: omittable(int),
  containerPort: required(int),
  protocol: omittable(string),
  hostIP: omittable(string),
});

const envFromSource = struct({
  prefix: omittable(string),
  configMapRef: pointer(envSource),
  secretRef: pointer(envSource),
});

const envVar = struct({
  name: required(string),
  value: omittable(string),
  valueFrom: pointer(struct({
    fieldRef: pointer(objectFieldSelector),
    resourceFieldRef: pointer(resourceFieldSelector),
    configMapKeyRef: pointer(keySelector),
    secretKeyRef: pointer(keySelector),
  })),
});

const resources = struct({
  limits: omittable(resourceList),
  requests: omittable(resourceList),
  claims: omittable(list(struct({ name: required(string), request: omittable(string) }))),
});

const volumeMount = struct({
  name: required(string),
  readOnly: omittable(bool),
  recursiveReadOnly: pointer(string),
  mountPath: required(string),
  subPath: omittable(string),
  mountPropagation: pointer(string),
  subPathExpr: omittable(string),
});

const volumeDevice = struct({ name: required(string), devicePath: required(string) });

const exec = struct({ command: omittable(list(string)) });

const httpGet = struct({
  path: omittable(string),
  port: required(intOrString),
  host: omittable(string),
  scheme: omittable(string),
  httpHeaders: omittable(list(struct({ name: required(string), value: required(string) }))),
});

const tcpSocket = struct({ port: required(intOrString), host: omittable(string) });

const probe = struct({
  exec: pointer(exec),
  httpGet: pointer(httpGet),
  tcpSocket: pointer(tcpSocket),
  grpc: pointer(struct({ port: required(int), service: nullable(string) })),
  initialDelaySeconds: omittable(int),
  timeoutSeconds: omittable(int),
  periodSeconds: omittable(int),
  successThreshold: omittable(int),
  failureThreshold: omittable(int),
  terminationGracePeriodSeconds: pointer(int),
});

const lifecycleHandler = struct({
  exec: pointer(exec),
  httpGet: pointer(httpGet),
  tcpSocket: pointer(tcpSocket),
  sleep: pointer(struct({ seconds: required(int) })),
});

const profile = struct({ type: required(string), localhostProfile: pointer(string) });

const securityContext = struct({
  capabilities: pointer(struct({ add: omittable(list(string)), drop: omittable(list(string)) })),
  privileged: pointer(bool),
  seLinuxOptions: pointer(struct({
    user: omittable(string),
    role: omittable(string),
    type: omittable(string),
    level: omittable(string),
  })),
  windowsOptions: pointer(struct({
    gmsaCredentialSpecName: pointer(string),
    gmsaCredentialSpec: pointer(string),
    runAsUserName: pointer(string),
    hostProcess: pointer(bool),
  })),
  runAsUser: pointer(int),
  runAsGroup: pointer(int),
  runAsNonRoot: pointer(bool),
  readOnlyRootFilesystem: pointer(bool),
  allowPrivilegeEscalation: pointer(bool),
  procMount: pointer(string),
  seccompProfile: pointer(profile),
  appArmorProfile: pointer(profile),
});

const sharePolicy = struct({ type: omittable(string) });

const transferEnv = struct({
  sourceContainerName: omittable(string),
  sourceContainerNameFrom: pointer(struct({ fieldRef: pointer(objectFieldSelector) })),
  envName: omittable(string),
  envNames: omittable(list(string)),
});

const resourceExpressions = struct({ cpu: omittable(string), memory: omittable(string) });

const resourcesPolicy = struct({
  targetContainersMode: required(string),
  targetContainersNameRegex: omittable(string),
  resourcesExpr: required(struct({
    limits: pointer(resourceExpressions),
    requests: pointer(resourceExpressions),
  })),
});

export const sidecarContainerType = struct({
  name: required(string),
  image: omittable(string),
  command: omittable(list(string)),
  args: omittable(list(string)),
  workingDir: omittable(string),
  ports: omittable(list(port)),
  envFrom: omittable(list(envFromSource)),
  env: omittable(list(envVar)),
  resources: required(resources),
  resizePolicy: omittable(
    list(struct({ resourceName: required(string), restartPolicy: required(string) })),
  ),
  restartPolicy: pointer(string),
  volumeMounts: omittable(list(volumeMount)),
  volumeDevices: omittable(list(volumeDevice)),
  livenessProbe: pointer(probe),
  readinessProbe: pointer(probe),
  startupProbe: pointer(probe),
  lifecycle: pointer(struct({
    postStart: pointer(lifecycleHandler),
    preStop: pointer(lifecycleHandler),
  })),
  terminationMessagePath: omittable(string),
  terminationMessagePolicy: omittable(string),
  imagePullPolicy: omittable(string),
  securityContext: pointer(securityContext),
  stdin: omittable(bool),
  stdinOnce: omittable(bool),
  tty: omittable(bool),
  podInjectPolicy: omittable(string),
  upgradeStrategy: required(struct({
    upgradeType: omittable(string),
    hotUpgradeEmptyImage: omittable(string),
  })),
  shareVolumePolicy: required(sharePolicy),
  shareVolumeDevicePolicy: pointer(sharePolicy),
  transferEnv: omittable(list(transferEnv)),
  resourcesPolicy: pointer(resourcesPolicy),
});
