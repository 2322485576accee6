import { sidecarContainerType } from "../../../lib/core/revision/container_type.ts";
import {
  any,
  bool,
  goValue,
  int,
  intOrString,
  list,
  map,
  omittable,
  pointer,
  required,
  string,
  struct,
} from "../../../lib/core/revision/go_types.ts";
import { volumeType } from "../../../lib/core/revision/volume_type.ts";

const labelSelector = struct({
  matchLabels: omittable(map(string)),
  matchExpressions: omittable(list(struct({
    key: required(string),
    operator: required(string),
    values: omittable(list(string)),
  }))),
});

const priorityStrategy = struct({
  orderPriority: omittable(list(struct({ orderedKey: required(string) }))),
  weightPriority: omittable(
    list(struct({ weight: required(int), matchSelector: required(labelSelector) })),
  ),
});

const updateStrategy = struct({
  type: omittable(string),
  paused: omittable(bool),
  selector: pointer(labelSelector),
  partition: pointer(intOrString),
  maxUnavailable: pointer(intOrString),
  priorityStrategy: pointer(priorityStrategy),
  scatterStrategy: omittable(list(struct({ key: required(string), value: required(string) }))),
});

const injectionStrategy = struct({
  paused: omittable(bool),
  revision: pointer(struct({
    customVersion: pointer(string),
    revisionName: pointer(string),
    policy: omittable(string),
  })),
});

/** The fields of both versions; each has only one of `namespace` and `customVersion`. */
const sidecarSetType = struct({
  apiVersion: omittable(string),
  kind: omittable(string),
  metadata: required(any),
  spec: required(struct({
    selector: pointer(labelSelector),
    namespace: omittable(string),
    namespaceSelector: pointer(labelSelector),
    initContainers: omittable(list(sidecarContainerType)),
    containers: omittable(list(sidecarContainerType)),
    volumes: omittable(list(volumeType)),
    updateStrategy: required(updateStrategy),
    injectionStrategy: required(injectionStrategy),
    imagePullSecrets: omittable(list(struct({ name: omittable(string) }))),
    revisionHistoryLimit: pointer(int),
    patchPodMetadata: omittable(list(struct({
      annotations: omittable(map(string)),
      patchPolicy: omittable(string),
    }))),
    customVersion: omittable(string),
  })),
  status: pointer(any),
});

/** The object as OpenKruise has it after reading and writing it: this program never rewrites a SidecarSet. */
export function goForm(sidecarSet: unknown): unknown {
  return goValue(sidecarSetType, sidecarSet, { unknownFields: "drop" });
}
