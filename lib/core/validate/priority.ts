import type { Field } from "./field.ts";
import { checkSelector } from "./selectors.ts";

const MAX_WEIGHT = 100;

/**
 * Order of an update: by weights or by labels.
 *
 * @see `openkruise/kruise/apis/apps/pub/update_priority.go:FieldsValidation`
 */
export function checkPriority(priority: Field): void {
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
export function checkScatter(scatter: Field): void {
  const seen = new Set<string>();
  for (const term of scatter.items()) {
    const key = term.member("key");
    if (key.text() === "") key.required("must be the key of a label");
    const pair = JSON.stringify([key.text(), term.member("value").text()]);
    if (seen.has(pair)) term.duplicate("must not repeat a key with the same value");
    seen.add(pair);
  }
}
