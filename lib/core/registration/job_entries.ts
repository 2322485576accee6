import type { LabelSelector } from "../../api/meta.ts";
import type { SidecarSet } from "../../api/sidecarset.ts";
import type { WebhookClientConfig, WebhookEntry } from "../../api/webhook_configuration.ts";
import { isWaitedFor } from "../annotations/terminate_marks.ts";
import type { PreparedSidecarSet } from "../prepared.ts";
import { isEmptySelector } from "../select/label_selector.ts";
import { filterInSteps, mapInSteps, type Steps } from "../steps.ts";
import { podEntries } from "./entries.ts";

/**
 * Labels that every Pod of a Job has. The API server adds them to the template of a Job that it creates
 * (`pkg/registry/batch/job/strategy.go:generateSelector`), so that the template of a CronJob lacks them.
 */
export const JOB_LABELS = [
  "job-name",
  "controller-uid",
  "batch.kubernetes.io/job-name",
  "batch.kubernetes.io/controller-uid",
] as const;

/** The annotation of each Job that a CronJob created on schedule. */
const SCHEDULED = "batch.kubernetes.io/cronjob-scheduled-timestamp";

/** Binds the Pod template to `object`, the name that the expressions for Pods use. */
const TEMPLATE =
  "[has(object.spec.jobTemplate) ? object.spec.jobTemplate.spec.template : object.spec.template]" +
  ".exists(object, ";

interface JobEntriesOptions {
  readonly excludedNamespaces: readonly string[];
  readonly clientConfig: WebhookClientConfig;
}

/** Whether a SidecarSet has a sidecar that keeps a Job from completing until it ends by itself. */
export function keepsJobsRunning({ spec }: Pick<SidecarSet, "spec">): boolean {
  return spec.containers?.some(isWaitedFor) ?? false;
}

/**
 * The validating entries for Jobs and CronJobs whose Pods would get a sidecar that keeps them from completing.
 * kube-controller-manager creates the Pods, so only a review of the workload can warn its author. They are the Pod
 * entries of these SidecarSets, applied to the Pod template, and never refuse an object. Jobs that a CronJob created
 * are left out: the CronJob was reviewed.
 */
export function* jobEntries(
  sidecarSets: readonly PreparedSidecarSet[],
  options: JobEntriesOptions,
): Steps<WebhookEntry[]> {
  const waitedFor = yield* filterInSteps(
    sidecarSets,
    ({ sidecarSet }) => keepsJobsRunning(sidecarSet),
  );
  const inTemplates = yield* mapInSteps(waitedFor, forTemplate);
  const selecting = inTemplates.filter((each) => each !== undefined);
  const { entries } = yield* podEntries(selecting, { ...options, mayFail: false });
  return entries.map(forJobs);
}

/** With the selector for the labels of a template; undefined where it excludes the Pods of Jobs. */
function forTemplate(prepared: PreparedSidecarSet): PreparedSidecarSet | undefined {
  const { sidecarSet } = prepared;
  const { selector } = sidecarSet.spec;
  if (selector === undefined || isEmptySelector(selector)) return prepared;
  if (excludesJobs(selector)) return undefined;
  const spec = { ...sidecarSet.spec, selector: withoutJobLabels(selector) };
  return { ...prepared, sidecarSet: { ...sidecarSet, spec } };
}

function excludesJobs({ matchExpressions = [] }: LabelSelector): boolean {
  return matchExpressions.some(({ key, operator }) =>
    operator === "DoesNotExist" && isJobLabel(key)
  );
}

/** A label whose value is known only once the Job exists does not narrow the scope. */
function withoutJobLabels({ matchLabels = {}, matchExpressions = [] }: LabelSelector) {
  return {
    matchLabels: Object.fromEntries(
      Object.entries(matchLabels).filter(([key]) => !isJobLabel(key)),
    ),
    matchExpressions: matchExpressions.filter(({ key }) => !isJobLabel(key)),
  };
}

function isJobLabel(key: string): boolean {
  return JOB_LABELS.some((label) => label === key);
}

function forJobs({ matchConditions = [], reinvocationPolicy: _, ...entry }: WebhookEntry) {
  const selected = matchConditions.filter(({ name }) => name === "selected");
  const batch = { apiGroups: ["batch"], apiVersions: ["v1"], scope: "Namespaced" as const };
  return {
    ...entry,
    name: entry.name.replace(".pods.", ".jobs."),
    matchConditions: [
      {
        name: "not-scheduled",
        expression:
          `!has(object.metadata.annotations) || !('${SCHEDULED}' in object.metadata.annotations)`,
      },
      ...selected.map(({ name, expression }) => ({
        name,
        expression: `${TEMPLATE}${expression})`,
      })),
    ],
    rules: [
      { ...batch, operations: ["CREATE"], resources: ["jobs"] },
      { ...batch, operations: ["CREATE", "UPDATE"], resources: ["cronjobs"] },
    ],
    timeoutSeconds: 2,
  };
}
