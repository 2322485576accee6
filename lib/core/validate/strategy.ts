import { updateStrategyTypes } from "../../api/strategies.ts";
import type { Field } from "./field.ts";
import type { Subject } from "./input.ts";
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
 * @see
 * `openkruise/kruise/pkg/webhook/sidecarset/validating/sidecarset_create_update_handler.go:validateSidecarSetUpdateStrategy`
 */
export function checkUpdateStrategy({ spec }: Subject): void {
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
