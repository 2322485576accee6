import type { JsonPatchOperation } from "../../lib/api/json.ts";
import type { Logger } from "../../lib/api/logger.ts";
import type { SidecarSet } from "../../lib/api/sidecarset.ts";
import { applyDefaults } from "../../lib/core/defaults/sidecarset.ts";
import type { PreparedSidecarSet } from "../../lib/core/prepared.ts";
import { hashSidecarSet } from "../../lib/core/revision/hash.ts";
import { ClusterIndex } from "../../lib/index/cluster.ts";
import { createAdmission } from "../../lib/runtime/admission.ts";
import { systemClock } from "../../lib/runtime/clock.ts";
import { createLogger } from "../../lib/runtime/log.ts";
import { createMetrics } from "../../lib/runtime/metrics/metrics.ts";
import { createHandler } from "../../lib/webhook/handler.ts";
import { RecordingClient } from "../support/recording_client.ts";

/** A real Deployment's Pod as kube-apiserver sent it; the first SidecarSet selects it. */
export function smallReview(): string {
  return recorded("replicaset-pod");
}

/** A recorded Pod with an init container and a native sidecar, two of its three containers left out: 7 KB. */
export function largeReview(): string {
  const review = JSON.parse(recorded("replicaset-pod-large"));
  const { metadata, spec } = review.request.object;
  const owned = metadata.managedFields[0].fieldsV1["f:spec"]["f:containers"];
  for (const { name } of spec.containers.splice(1)) delete owned[`k:{"name":"${name}"}`];
  return JSON.stringify(review);
}

function recorded(name: string): string {
  return Deno.readTextFileSync(new URL(`../webhook/testdata/${name}.json`, import.meta.url));
}

export interface AdmissionInput {
  /** How many there are; the first one selects the recorded Pods. */
  readonly sidecarSets: number;
  /** Whether they share the mounts of the Pod, so that each Pod gets its own patch. */
  readonly shareMounts?: boolean;
}

/** The webhook as the controller has it, its metrics included, over an index that is filled already. */
export function admissionOver(input: AdmissionInput): (request: Request) => Promise<Response> {
  const index = new ClusterIndex();
  index.applyNamespace({ metadata: { name: "shop", labels: {} } });
  for (let i = 0; i < input.sidecarSets; i++) index.applySidecarSet(prepared(i, input));
  const metrics = createMetrics({ version: "0.0.0", apiServer: "none" });
  return createAdmission({
    client: new RecordingClient(),
    index,
    clock: systemClock(),
    logger: warningLogger(),
    excludedNamespaces: ["kube-system"],
    refusesPods: true,
    isSynced: () => true,
    problemsOf: () => [],
    validate: () => [],
    cover: () => undefined,
    observer: metrics.podObserver,
    observe: metrics.observeReview,
  });
}

/** What is answered to every review. */
export interface FixedAnswer {
  /** In base64. */
  readonly patch: string;
  readonly auditAnnotations: Readonly<Record<string, string>>;
}

/** The operations of the answer's patch. */
export function operationsOf({ patch }: FixedAnswer): readonly JsonPatchOperation[] {
  return JSON.parse(new TextDecoder().decode(Uint8Array.fromBase64(patch)));
}

/** The webhook with its metrics, and one answer to every review. */
export function admissionWith(answer: FixedAnswer): (request: Request) => Promise<Response> {
  const { auditAnnotations } = answer;
  // A frozen patch is encoded once, as one that many Pods share.
  const decision = { allowed: true, patch: Object.freeze(operationsOf(answer)), auditAnnotations };
  const review = () => decision;
  return createHandler({
    logger: warningLogger(),
    observe: createMetrics({ version: "0.0.0", apiServer: "none" }).observeReview,
    reviews: {
      mutatePod: review,
      validateJob: review,
      mutateSidecarSet: review,
      validateSidecarSet: review,
    },
  });
}

export function warningLogger(): Logger {
  return createLogger({
    level: "warn",
    format: "text",
    write: (line) => console.error(line),
    now: () => new Date(),
  });
}

function prepared(i: number, { shareMounts = false }: AdmissionInput): PreparedSidecarSet {
  const name = `sidecarset-${i}`;
  const sidecarSet: SidecarSet = applyDefaults({
    metadata: { name },
    spec: {
      selector: { matchLabels: { inject: i === 0 ? "yes" : `yes-${i}` } },
      containers: [{
        name: "sidecar",
        image: "sidecar:1.0.0",
        resources: { requests: { cpu: "10m" }, limits: { cpu: "100m", memory: "64Mi" } },
        env: [{ name: "POD_NAME", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } }],
        livenessProbe: { httpGet: { path: "/healthz", port: 8081 }, initialDelaySeconds: 3 },
        volumeMounts: [{ name: "log", mountPath: "/var/log/app" }],
        shareVolumePolicy: { type: shareMounts ? "enabled" : "disabled" },
      }],
      volumes: [{ name: "log", emptyDir: {} }],
    },
  });
  return {
    name,
    sidecarSet,
    ...hashSidecarSet(sidecarSet.spec),
    revisionName: `${name}-7d9c6f`,
    problems: [],
  };
}
