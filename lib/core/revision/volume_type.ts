import { objectFieldSelector, resourceFieldSelector, resourceList } from "./container_type.ts";
import { legacyVolumeSources } from "./legacy_volume_types.ts";
import {
  any,
  bool,
  int,
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

/** core/v1 Volume as the Go struct that OpenKruise is compiled with (`k8s.io/api` v0.32). */

const optionalReference = { name: omittable(string) };

const items = list(struct({ key: required(string), path: required(string), mode: pointer(int) }));

const downwardApiItems = list(struct({
  path: required(string),
  fieldRef: pointer(objectFieldSelector),
  resourceFieldRef: pointer(resourceFieldSelector),
  mode: pointer(int),
}));

const objectProjection = struct({
  ...optionalReference,
  items: omittable(items),
  optional: pointer(bool),
});

const volumeProjection = struct({
  secret: pointer(objectProjection),
  downwardAPI: pointer(struct({ items: omittable(downwardApiItems) })),
  configMap: pointer(objectProjection),
  serviceAccountToken: pointer(struct({
    audience: omittable(string),
    expirationSeconds: pointer(int),
    path: required(string),
  })),
  clusterTrustBundle: pointer(struct({
    name: pointer(string),
    signerName: pointer(string),
    labelSelector: pointer(any),
    optional: pointer(bool),
    path: required(string),
  })),
});

const typedReference = {
  apiGroup: nullable(string),
  kind: required(string),
  name: required(string),
};

const claimSpec = struct({
  accessModes: omittable(list(string)),
  selector: pointer(any),
  resources: required(struct({
    limits: omittable(resourceList),
    requests: omittable(resourceList),
  })),
  volumeName: omittable(string),
  storageClassName: pointer(string),
  volumeMode: pointer(string),
  dataSource: pointer(struct(typedReference)),
  dataSourceRef: pointer(struct({ ...typedReference, namespace: pointer(string) })),
  volumeAttributesClassName: pointer(string),
});

const currentVolumeSources = {
  hostPath: pointer(struct({ path: required(string), type: pointer(string) })),
  emptyDir: pointer(struct({ medium: omittable(string), sizeLimit: pointer(quantity) })),
  secret: pointer(struct({
    secretName: omittable(string),
    items: omittable(items),
    defaultMode: pointer(int),
    optional: pointer(bool),
  })),
  nfs: pointer(struct({
    server: required(string),
    path: required(string),
    readOnly: omittable(bool),
  })),
  persistentVolumeClaim: pointer(struct({
    claimName: required(string),
    readOnly: omittable(bool),
  })),
  downwardAPI: pointer(struct({
    items: omittable(downwardApiItems),
    defaultMode: pointer(int),
  })),
  configMap: pointer(struct({
    ...optionalReference,
    items: omittable(items),
    defaultMode: pointer(int),
    optional: pointer(bool),
  })),
  projected: pointer(struct({
    sources: required(list(volumeProjection)),
    defaultMode: pointer(int),
  })),
  csi: pointer(struct({
    driver: required(string),
    readOnly: pointer(bool),
    fsType: pointer(string),
    volumeAttributes: omittable(map(string)),
    nodePublishSecretRef: pointer(struct(optionalReference)),
  })),
  ephemeral: pointer(struct({
    volumeClaimTemplate: pointer(struct({
      metadata: required(struct({
        labels: omittable(map(string)),
        annotations: omittable(map(string)),
        creationTimestamp: nullable(string),
      })),
      spec: required(claimSpec),
    })),
  })),
  image: pointer(struct({ reference: omittable(string), pullPolicy: omittable(string) })),
};

export const volumeType = struct({
  name: required(string),
  ...currentVolumeSources,
  ...legacyVolumeSources,
});
