import type { AdmissionDecision, AdmissionRequest } from "../api/admission.ts";
import { isObject } from "../api/json.ts";
import type { Labels } from "../api/meta.ts";
import type { Pod } from "../api/pod.ts";
import { endlessSidecars } from "../core/cleanup/jobs.ts";
import { injectedPod } from "../core/json/patch.ts";
import type { NamespaceFacts, PreparedSidecarSet } from "../core/prepared.ts";
import { JOB_LABELS } from "../core/registration/job_entries.ts";
import { containerNames } from "../core/status/containers.ts";
import { ALLOWED, type Review } from "./decisions.ts";
import { readUnknown } from "./pod_reads.ts";
import { isPod, type PodReviewOptions } from "./pods.ts";
import { fitted } from "./pod_decision.ts";
import { MAX_WARNING_CHARACTERS } from "./warnings.ts";

export type JobReviewOptions = Omit<
  PodReviewOptions,
  "observer" | "refusesPods" | "sidecarSet" | "untilCurrent"
>;

interface Workload {
  readonly kind: string;
  /** The Pod of its template, in its namespace. */
  readonly pod: Pod;
}

/**
 * The review function for Jobs and CronJobs. It admits every object, with a warning for each sidecar that does not end
 * with the main containers, so that the Job never completes. The warnings of the Pod's own review only reach
 * kube-controller-manager, which creates the Pod.
 */
export function createJobReview(options: JobReviewOptions): Review {
  function reviewJob(request: AdmissionRequest): AdmissionDecision | Promise<AdmissionDecision> {
    if (request.subResource || !options.isSynced()) return ALLOWED;
    const name = request.namespace || "default";
    const workload = readWorkload(request, name);
    if (workload === undefined || options.excludedNamespaces.has(name)) return ALLOWED;
    const namespace = options.namespace(name);
    if (namespace) return decide(workload, namespace);
    return readUnknown({ namespace: name, sidecarSets: [] }, options)
      .then((read) => read.namespace ? decide(workload, read.namespace) : ALLOWED);
  }

  /** Injects into the template's Pod, so that only injected sidecars cause a warning. */
  function decide({ kind, pod }: Workload, namespace: NamespaceFacts): AdmissionDecision {
    const match = (labels: Labels) => options.match(labels, namespace);
    const selecting = match(pod.metadata.labels ?? {});
    if (selecting.length === 0) return ALLOWED;
    const { revisionsOf, sharesOf } = options;
    const now = options.now();
    const { patch, injected } = options.inject({
      ...{ pod, namespace, selecting, match, revisionsOf, sharesOf, now },
    });
    const created = injectedPod(pod, patch);
    const names = new Set(injected.map(({ sidecarSet }) => sidecarSet));
    const warnings = match(created.metadata.labels ?? {}).filter(({ name }) => names.has(name))
      .flatMap((prepared) =>
        endlessNames(created, prepared).map((sidecar) =>
          endlessWarning(sidecar, { kind, prepared })
        )
      );
    return warnings.length === 0 ? ALLOWED : { allowed: true, warnings };
  }

  return reviewJob;
}

/** Names of the sidecars in the SidecarSet: both containers of a hot-upgrade pair have one. */
function endlessNames(pod: Pod, prepared: PreparedSidecarSet): string[] {
  const endless = new Set(endlessSidecars(pod, prepared)?.containers);
  return (prepared.sidecarSet.spec.containers ?? [])
    .filter((sidecar) => containerNames(sidecar).some((name) => endless.has(name)))
    .map(({ name }) => name);
}

function endlessWarning(
  sidecar: string,
  { kind, prepared }: { readonly kind: string; readonly prepared: PreparedSidecarSet },
): string {
  const effect = kind === "CronJob" ? "its Jobs complete" : "the Job completes";
  const write = (container: string, sidecarSet: string) =>
    `set completionPolicy: TerminateWithMain on "${container}" of SidecarSet ${sidecarSet}, ` +
    `or ${effect} only after it`;
  const room = MAX_WARNING_CHARACTERS - write("", "").length;
  return write(...fitted([sidecar, prepared.name], room));
}

/** Undefined without a Pod template, or if the object is being deleted. */
function readWorkload({ kind, object }: AdmissionRequest, namespace: string): Workload | undefined {
  if (!isObject(object) || !isObject(object.metadata) || !isObject(object.spec)) return undefined;
  const { name = "", deletionTimestamp } = object.metadata;
  if (deletionTimestamp !== undefined || typeof name !== "string") return undefined;
  const { jobTemplate } = object.spec;
  const { spec } = kind.kind === "CronJob" && isObject(jobTemplate) ? jobTemplate : object;
  const template = isObject(spec) ? spec.template : undefined;
  if (!isObject(template)) return undefined;
  const { labels, ...metadata } = isObject(template.metadata) ? template.metadata : {};
  const pod = {
    ...template,
    metadata: {
      ...metadata,
      generateName: `${name}-`,
      namespace,
      labels: { ...jobLabels(name), ...(isObject(labels) ? labels : {}) },
    },
  };
  return isPod(pod) ? { kind: kind.kind, pod } : undefined;
}

/** The labels of a Job's Pods. Of a CronJob, whose Job does not exist yet, they have the CronJob's name. */
function jobLabels(name: string): Labels {
  return Object.fromEntries(JOB_LABELS.map((label) => [label, name]));
}
