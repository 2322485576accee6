import type { ControllerRevision } from "../../api/objects.ts";
import { isObject } from "../../api/json.ts";
import { CUSTOM_VERSION_LABEL } from "../../api/names.ts";
import { revisionOwner } from "../revision/controller_revision.ts";
import { revisionPolicies, updateStrategyTypes } from "../../api/strategies.ts";
import type { Field } from "./field.ts";
import type { ContentSubject, Subject } from "./input.ts";
import { PROBES_AND_LIFECYCLE } from "./pod/probes.ts";
import { checkSelector } from "./selectors.ts";
import { checkOptionalOneOf } from "./syntax.ts";

const PERCENT = /^[0-9]+%$/;
const MAX_COUNT = 2 ** 31 - 1;
/** What `progressDeadlineSeconds` means when it is not set. */
const DEFAULT_PROGRESS_DEADLINE_SECONDS = 600;

/**
 * `updateStrategy` of either type. With NotUpdate, partition and selector still apply to a revision that is
 * injected partially (B-26).
 *
 * @see `pkg/webhook/sidecarset/validating/sidecarset_create_update_handler.go:validateSidecarSetUpdateStrategy`
 */
export function checkUpdateStrategy({ spec }: ContentSubject): void {
  const strategy = spec.member("updateStrategy");
  checkOptionalOneOf(strategy.member("type"), updateStrategyTypes);

  const selector = strategy.member("selector");
  const partition = strategy.member("partition");
  if (selector.isSet && isPartitionSet(partition)) {
    selector.invalid("must not be set together with partition: use one of them");
  }
  if (checkSelector(selector) === "empty") {
    selector.invalid("must have labels or expressions: leave it out to update all Pods");
  }
  checkCountOrPercent(partition);
  checkCountOrPercent(strategy.member("maxUnavailable"));
  checkPriority(strategy.member("priorityStrategy"));
  checkScatter(strategy.member("scatterStrategy"));
  checkDeadline(strategy);
}

function isPartitionSet({ value }: Field): boolean {
  return typeof value === "string" || (typeof value === "number" && value !== 0);
}

/** @see `k8s.io/kubernetes/pkg/apis/apps/validation/validation.go:ValidatePositiveIntOrPercent` */
function checkCountOrPercent(field: Field): void {
  const { value } = field;
  if (!field.isSet) return;
  const isValid = typeof value === "string"
    ? PERCENT.test(value)
    : Number.isInteger(value) && Number(value) >= 0 && Number(value) <= MAX_COUNT;
  if (!isValid) {
    field.invalid('must be a number of Pods, at least 0, or a percentage such as "25%"');
  }
}

/** As in a Deployment: else a roll-out would fail while its Pods are still becoming available. */
function checkDeadline(strategy: Field): void {
  const deadline = strategy.member("progressDeadlineSeconds");
  const seconds = deadline.isSet ? deadline.integer() : DEFAULT_PROGRESS_DEADLINE_SECONDS;
  const minReadySeconds = strategy.member("minReadySeconds").integer();
  if (seconds > minReadySeconds) return;
  deadline.invalid(`must be greater than minReadySeconds, which is ${minReadySeconds}`);
}

const MAX_WEIGHT = 100;

/**
 * Order of an update: by weights or by labels.
 *
 * @see `openkruise/kruise/apis/apps/pub/update_priority.go:FieldsValidation`
 */
function checkPriority(priority: Field): void {
  const weights = priority.member("weightPriority").items();
  const orders = priority.member("orderPriority").items();
  if (weights.length > 0 && orders.length > 0) {
    priority.invalid("must have either weightPriority or orderPriority");
  }
  for (const term of weights) {
    const weight = term.member("weight");
    if (weight.integer() < 0 || weight.integer() > MAX_WEIGHT) {
      weight.invalid(`must be between 0 and ${MAX_WEIGHT}`);
    }
    const selector = term.member("matchSelector");
    const kind = checkSelector(selector);
    if (!selector.isSet || kind === "empty") {
      selector.required("must have labels or expressions");
    }
  }
  for (const term of orders) {
    const key = term.member("orderedKey");
    if (key.text() === "") key.required("must be the key of a label");
  }
}

/**
 * The scatter strategy of an update.
 *
 * @see `openkruise/kruise/apis/apps/v1beta1/statefulset_types.go:UpdateScatterStrategy.FieldsValidation`
 */
function checkScatter(scatter: Field): void {
  const seen = new Set<string>();
  for (const term of scatter.items()) {
    const key = term.member("key");
    if (key.text() === "") key.required("must be the key of a label");
    const pair = JSON.stringify([key.text(), term.member("value").text()]);
    if (seen.has(pair)) term.duplicate("must not repeat a key with the same value");
    seen.add(pair);
  }
}

/**
 * `cleanupPolicy`: with Idle, surplus sidecars get another image but keep their probes and hooks, which that image
 * cannot answer.
 */
export function checkCleanup({ spec }: ContentSubject): void {
  const policy = spec.member("cleanupPolicy");
  if (policy.member("type").text() !== "Idle") return;
  const idleImage = policy.member("idleImage");
  if (idleImage.text() === "") idleImage.required("is required because the type is Idle");
  else if (idleImage.text().trim() !== idleImage.text()) {
    idleImage.invalid("must not start or end with white space");
  }
  const initContainers = spec.member("initContainers").items()
    .filter((container) => container.member("restartPolicy").text() === "Always");
  for (const container of [...spec.member("containers").items(), ...initContainers]) {
    for (const name of PROBES_AND_LIFECYCLE) {
      const field = container.member(name);
      if (field.isSet) {
        field.forbidden(
          "must not be set because spec.cleanupPolicy.type is Idle: the idle image cannot " +
            "answer it, use Retain or Evict",
        );
      }
    }
  }
}

/**
 * `injectionStrategy.revision` names a stored revision of this SidecarSet (B-28).
 *
 * @see `pkg/webhook/sidecarset/validating/sidecarset_create_update_handler.go:validateSidecarSetInjectionStrategy`
 */
export function checkPinnedRevision({ metadata, spec, input }: Subject): void {
  const revision = spec.member("injectionStrategy").member("revision");
  if (!revision.isSet) return;
  const policy = revision.member("policy");
  if (policy.text() !== "" && !revisionPolicies.some((known) => known === policy.text())) {
    policy.notSupported(revisionPolicies);
  }
  const owner = metadata.member("name").text();
  const name = revision.member("revisionName");
  const version = revision.member("customVersion");
  if (!name.isSet && !version.isSet) {
    return revision.required("must have revisionName or customVersion");
  }
  // The name takes precedence, as at injection.
  if (name.isSet) {
    const found = input.revisions.find((stored) => stored.metadata.name === name.text());
    checkFound(name, { found, owner });
  } else {
    const found = input.revisions.find((stored) =>
      stored.metadata.labels?.[CUSTOM_VERSION_LABEL] === version.text() &&
      revisionOwner(stored) === owner
    );
    checkFound(version, { found, owner });
  }
}

function checkFound(
  field: Field,
  { found, owner }: { found: ControllerRevision | undefined; owner: string },
): void {
  if (found === undefined) {
    field.notFound(
      `must name a stored revision of SidecarSet ${owner}, list them with: sidecarset rollout history ${owner}`,
    );
  } else if (revisionOwner(found) !== owner) {
    field.invalid(
      `must name a revision of SidecarSet ${owner}, not of ${
        revisionOwner(found) ?? "another owner"
      }`,
    );
  } else if (!isObject(found.data?.spec)) {
    field.invalid("must name a revision that holds a SidecarSet's spec");
  }
}
