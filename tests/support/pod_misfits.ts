import type { Container, Volume } from "../../lib/api/container.ts";
import type { PodSpec } from "../../lib/api/pod.ts";
import type { Reason } from "../../lib/core/reasons.ts";

/** A sidecar that every API server takes, but not in this Pod. */
export interface PodMisfit {
  readonly says: string;
  /** @default containers */
  readonly list?: "containers" | "initContainers";
  /** Fields of the sidecar other than its name and image. */
  readonly sidecar: Readonly<Record<string, unknown>>;
  /** Volumes of the SidecarSet. */
  readonly volumes?: readonly Volume[];
  /** The Pod's spec; its containers are one `main` when it has none. */
  readonly pod: Partial<PodSpec>;
  /**
   * The spec of a Pod that takes the sidecar.
   * @default {}
   */
  readonly fits?: Partial<PodSpec>;
  /** What the sidecar would have taken over from the Pod. */
  readonly taken?: Partial<Container>;
  readonly reason: Reason;
  readonly message: RegExp;
  /** Only a cluster that allows privileged containers takes the Pod without the sidecar. */
  readonly needsPrivileges?: true;
}

const main = { name: "main", image: "main:1" };
const disk = { name: "disk", persistentVolumeClaim: { claimName: "disk" } };
const scratch = { name: "disk", emptyDir: {} };
const device = (devicePath: string) => ({ name: "disk", devicePath });
const mount = (mountPath: string, more: object = {}) => ({ name: "disk", mountPath, ...more });
const sharing = { type: "enabled" };

export const POD_MISFITS: readonly PodMisfit[] = [
  {
    says: "with another host port than the Pod's network has",
    sidecar: { ports: [{ containerPort: 80, hostPort: 8080 }] },
    pod: { hostNetwork: true },
    reason: "PortConflict",
    message: /ports has the host port 8080 for the container port 80/,
  },
  {
    says: "whose init container would have a port of the host twice",
    list: "initContainers",
    sidecar: { ports: [{ name: "a", containerPort: 80 }, { name: "b", containerPort: 80 }] },
    pod: { hostNetwork: true },
    reason: "PortConflict",
    message: /initContainers\[agent\]\.ports uses the host port TCP :80 twice/,
  },
  {
    says: "with capabilities, for a Pod of Windows",
    sidecar: { securityContext: { capabilities: { add: ["NET_ADMIN"] } } },
    pod: { os: { name: "windows" } },
    reason: "PodSpecConflict",
    message: /securityContext\.capabilities must not be set because spec\.os\.name .* windows/,
  },
  {
    says: "with a user of Windows, for a Pod of Linux",
    sidecar: { securityContext: { windowsOptions: { runAsUserName: "agent" } } },
    pod: { os: { name: "linux" } },
    reason: "PodSpecConflict",
    message: /securityContext\.windowsOptions must not be set because spec\.os\.name .* linux/,
  },
  {
    says: "that is no HostProcess container among such",
    sidecar: { securityContext: { windowsOptions: { hostProcess: false } } },
    pod: {
      hostNetwork: true,
      containers: [{ ...main, securityContext: { windowsOptions: { hostProcess: true } } }],
    },
    reason: "PodSpecConflict",
    message: /hostProcess must be true as in the Pod's other containers/,
    needsPrivileges: true,
  },
  {
    says: "that is to restart on a resize, for a Pod that never restarts",
    sidecar: { resizePolicy: [{ resourceName: "cpu", restartPolicy: "RestartContainer" }] },
    pod: { restartPolicy: "Never" },
    reason: "PodSpecConflict",
    message: /resizePolicy must not ask for RestartContainer/,
  },
  {
    says: "that sleeps longer than the Pod may take to end",
    sidecar: { lifecycle: { preStop: { sleep: { seconds: 20 } } } },
    pod: { terminationGracePeriodSeconds: 10 },
    reason: "PodSpecConflict",
    message: /preStop\.sleep\.seconds is 20, more than .* terminationGracePeriodSeconds of 10/,
  },
  {
    says: "that requests more than the Pod has left",
    sidecar: { resources: { requests: { cpu: "600m" } } },
    pod: {
      resources: { requests: { cpu: "1" }, limits: { cpu: "2" } },
      containers: [{ ...main, resources: { requests: { cpu: "500m" } } }],
    },
    reason: "PodSpecConflict",
    message: /would request 1100m of cpu, more than its own spec\.resources\.requests, 1:/,
  },
  {
    says: "with a higher limit than the Pod has",
    sidecar: { resources: { requests: { memory: "1Mi" }, limits: { memory: "2Gi" } } },
    pod: { resources: { requests: { memory: "1Gi" }, limits: { memory: "1Gi" } } },
    reason: "PodSpecConflict",
    message: /memory limit of container agent is 2Gi, more than .* spec\.resources\.limits, 1Gi/,
  },
  {
    says: "with an unmasked /proc, for a Pod whose users are the node's",
    sidecar: { securityContext: { procMount: "Unmasked" } },
    pod: {},
    fits: { hostUsers: false },
    reason: "PodSpecConflict",
    message: /procMount must be Default unless hostUsers of the Pod is false/,
  },
  {
    says: "that requests more than the Pod's limit leaves, without requests of the Pod",
    sidecar: { resources: { requests: { cpu: "600m" } } },
    pod: {
      resources: { limits: { cpu: "1" } },
      containers: [{ ...main, resources: { requests: { cpu: "500m" } } }],
    },
    reason: "PodSpecConflict",
    message: /would request 1100m of cpu, more than its own spec\.resources\.limits, 1:/,
  },
  {
    says: "whose native sidecar requests more memory than the Pod's limit leaves",
    list: "initContainers",
    sidecar: { restartPolicy: "Always", resources: { requests: { memory: "256Mi" } } },
    pod: {
      resources: { limits: { memory: "512Mi" } },
      containers: [{ ...main, resources: { requests: { memory: "300Mi" } } }],
    },
    reason: "PodSpecConflict",
    message: /would request 556Mi of memory, more than its own spec\.resources\.limits, 512Mi:/,
  },
  {
    says: "whose init container requests more than the Pod's limit",
    list: "initContainers",
    sidecar: { resources: { requests: { cpu: "2" } } },
    pod: { resources: { limits: { cpu: "1" } } },
    reason: "PodSpecConflict",
    message: /would request 2 of cpu, more than its own spec\.resources\.limits, 1:/,
  },
  {
    says: "whose limit, and so its request, is more than the Pod's limit leaves",
    sidecar: { resources: { limits: { memory: "300Mi" } } },
    pod: {
      resources: { limits: { cpu: "1", memory: "512Mi" } },
      containers: [{ ...main, resources: { limits: { memory: "300Mi" } } }],
    },
    reason: "PodSpecConflict",
    message: /would request 600Mi of memory, more than its own spec\.resources\.limits, 512Mi:/,
  },
  {
    says: "whose huge pages are more than the Pod's limit",
    sidecar: { resources: { limits: { cpu: "1m", "hugepages-2Mi": "4Mi" } } },
    pod: {
      resources: { limits: { cpu: "1", "hugepages-2Mi": "4Mi" } },
      containers: [{ ...main, resources: { limits: { cpu: "1m", "hugepages-2Mi": "2Mi" } } }],
    },
    reason: "PodSpecConflict",
    message:
      /would request 6Mi of hugepages-2Mi, more than its own spec\.resources\.requests, 4Mi:/,
  },
  {
    says: "without huge pages, for a Pod that requests some and gets its limit from its containers",
    sidecar: {},
    pod: {
      resources: { requests: { cpu: "1", "hugepages-2Mi": "2Mi" } },
      containers: [{ ...main, resources: { limits: { cpu: "1m", "hugepages-2Mi": "2Mi" } } }],
    },
    reason: "PodSpecConflict",
    message: /requests have hugepages-2Mi, for which a container without such a limit/,
  },
  {
    says: "whose computed request is more than the Pod's limit leaves",
    sidecar: {
      resourcesPolicy: {
        targetContainersMode: "sum",
        targetContainersNameRegex: ".*",
        resourcesExpr: { requests: { cpu: "cpu*2" } },
      },
    },
    pod: {
      resources: { limits: { cpu: "1" } },
      containers: [{ ...main, resources: { requests: { cpu: "400m" } } }],
    },
    taken: { resources: { requests: { cpu: "800m" } } },
    reason: "PodSpecConflict",
    message: /would request 1200m of cpu, more than its own spec\.resources\.limits, 1:/,
  },
  {
    says: "with a resource claim that the Pod lacks",
    sidecar: { resources: { claims: [{ name: "gpu", request: "one" }] } },
    pod: { resourceClaims: [{ name: "disk", resourceClaimName: "disk" }] },
    fits: { resourceClaims: [{ name: "gpu", resourceClaimName: "gpu" }] },
    reason: "PodSpecConflict",
    message: /resources\.claims names gpu, which spec\.resourceClaims of the Pod lacks/,
  },
  {
    says: "with a block device, for a Pod whose users are not the node's",
    sidecar: { volumeDevices: [device("/dev/x")] },
    volumes: [disk],
    pod: { hostUsers: false },
    reason: "PodSpecConflict",
    message: /volumeDevices must not be set because hostUsers of the Pod is false/,
  },
  {
    says: "whose block device the Pod has as another volume",
    sidecar: { volumeDevices: [device("/dev/x")] },
    volumes: [disk],
    pod: { volumes: [scratch] },
    reason: "VolumeConflict",
    message: /volumeDevices names disk, of which the Pod has a volume that is no block device/,
  },
  {
    says: "whose file of variables is in another volume of the Pod",
    sidecar: {
      env: [{
        name: "A",
        valueFrom: { fileKeyRef: { volumeName: "disk", path: "a.env", key: "A" } },
      }],
    },
    volumes: [scratch],
    pod: { volumes: [disk] },
    reason: "VolumeConflict",
    message: /env\[A\]\.valueFrom\.fileKeyRef names disk, .* no emptyDir/,
  },
  {
    says: "that would share one device at two paths",
    sidecar: { shareVolumeDevicePolicy: sharing },
    pod: {
      volumes: [disk],
      containers: [
        { ...main, volumeDevices: [device("/dev/a")] },
        { ...main, name: "other", volumeDevices: [device("/dev/b")] },
      ],
    },
    taken: { volumeDevices: [device("/dev/a"), device("/dev/b")] },
    reason: "VolumeConflict",
    message:
      /shareVolumeDevicePolicy shares the volume disk, which would be in the container twice/,
  },
  {
    says: "that would share one volume as a mount and as a device",
    sidecar: { shareVolumePolicy: sharing, shareVolumeDevicePolicy: sharing },
    pod: {
      volumes: [disk],
      containers: [
        { ...main, volumeDevices: [device("/dev/a")] },
        { ...main, name: "other", volumeMounts: [mount("/b")] },
      ],
    },
    taken: { volumeDevices: [device("/dev/a")], volumeMounts: [mount("/b")] },
    reason: "VolumeConflict",
    message: /shareVolumeDevicePolicy shares the volume disk/,
  },
  {
    says: "without privileges that would share a mount which is propagated both ways",
    sidecar: { shareVolumePolicy: sharing },
    pod: {
      volumes: [scratch],
      containers: [{
        ...main,
        securityContext: { privileged: true },
        volumeMounts: [mount("/both", { mountPropagation: "Bidirectional" })],
      }],
    },
    taken: { volumeMounts: [mount("/both", { mountPropagation: "Bidirectional" })] },
    reason: "VolumeConflict",
    message: /shareVolumePolicy shares the volume disk, .* propagation Bidirectional/,
    needsPrivileges: true,
  },
];

/** The Pod's spec with its containers. */
export function podSpecOf({ pod }: PodMisfit): PodSpec {
  return { containers: [main], ...pod };
}
