import {
  GROUP,
  HASH_ANNOTATION,
  HASH_WITHOUT_IMAGE_ANNOTATION,
  INJECTED_LIST_ANNOTATION,
} from "../../api/names.ts";
import type { MatchCondition } from "../../api/webhook_configuration.ts";

/** Of all keys and values of a Pod that a policy injects, in bytes; a policy adds at most three times as much. */
export const MAX_POLICY_ANNOTATION_BYTES = 64 * 1024;

/** Name of the webhook entry for Pods that a policy leaves to the webhook. */
export const LEFT_TO_WEBHOOK_ENTRY = `left-to-webhook.${GROUP}`;

const ANNOTATIONS = "object.metadata.?annotations.orValue({})";
const RESOURCES = "object.spec.?resources";

/** Whether the sidecars fit into the Pod's own resources takes sums of quantities, which CEL cannot compute. */
const HAS_RESOURCES =
  `${RESOURCES}.?requests.orValue({}).size() + ${RESOURCES}.?limits.orValue({}).size() > 0`;

/** The API server limits annotations, and only the webhook knows the exact size of what it adds. */
const HAS_LARGE_ANNOTATIONS = `${ANNOTATIONS}.map(k, bytes(k).size() + ` +
  `bytes(object.metadata.annotations[k]).size()).sum() > ${MAX_POLICY_ANNOTATION_BYTES}`;

/** Managed fields are computed from the client's request, so they lack the records that a policy adds. */
const WAS_SENT_WITH_RECORDS = "object.metadata.?managedFields.orValue([]).exists(m, " +
  `["${HASH_ANNOTATION}","${HASH_WITHOUT_IMAGE_ANNOTATION}","${INJECTED_LIST_ANNOTATION}"]` +
  '.exists(k, ("f:" + k) in m.?fieldsV1[?"f:metadata"][?"f:annotations"].orValue({})))';

/**
 * Conditions of a policy: CEL that is true for Pods that the policy decides about. All other Pods are left to the
 * webhook as a whole, so that containers are in the order of the SidecarSets' names.
 */
export const DECIDED_BY_POLICY: readonly Readonly<MatchCondition>[] = [
  { name: "without-resources-of-its-own", expression: `!(${HAS_RESOURCES})` },
  { name: "annotations-have-room", expression: `!(${HAS_LARGE_ANNOTATIONS})` },
];

/**
 * CEL of the Pods that come to the webhook although only a policy's SidecarSets select them: those that the policy
 * does not decide about, and copies of injected Pods, whose old sidecars only the webhook replaces. Evaluated after
 * the policy, and only by API servers that have policies, so it may use all of their CEL.
 */
export const LEFT_TO_WEBHOOK: Readonly<MatchCondition> = {
  name: "left-to-webhook",
  expression: [HAS_RESOURCES, HAS_LARGE_ANNOTATIONS, WAS_SENT_WITH_RECORDS]
    .map((condition) => `(${condition})`).join(" || "),
};
