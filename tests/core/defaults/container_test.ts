import assert from "node:assert/strict";
import { defaultContainer } from "../../../lib/core/defaults/sidecarset.ts";

const written = {
  imagePullPolicy: "IfNotPresent",
  podInjectPolicy: "BeforeAppContainer",
  shareVolumePolicy: { type: "disabled" },
  terminationMessagePath: "/dev/termination-log",
  terminationMessagePolicy: "File",
  upgradeStrategy: { upgradeType: "ColdUpgrade" },
};

const timing = { timeoutSeconds: 1, periodSeconds: 10, successThreshold: 1, failureThreshold: 3 };

const cases: readonly [says: string, given: object, expected: object][] = [
  ["always sets its own defaults", {}, {}],
  ["keeps what is set", { podInjectPolicy: "AfterAppContainer", imagePullPolicy: "Never" }, {
    podInjectPolicy: "AfterAppContainer",
    imagePullPolicy: "Never",
  }],
  ["keeps other fields of the strategies", { upgradeStrategy: { hotUpgradeEmptyImage: "e:1" } }, {
    upgradeStrategy: { hotUpgradeEmptyImage: "e:1", upgradeType: "ColdUpgrade" },
  }],
  ["pulls a latest image always", { image: "agent" }, {
    image: "agent",
    imagePullPolicy: "Always",
  }],
  ["takes an empty text for absent", { podInjectPolicy: "", shareVolumePolicy: { type: "" } }, {}],
  ["leaves shareVolumeDevicePolicy alone", { shareVolumeDevicePolicy: {} }, {
    shareVolumeDevicePolicy: {},
  }],
  ["sets protocols", { ports: [{ containerPort: 1 }, { containerPort: 2, protocol: "UDP" }] }, {
    ports: [{ containerPort: 1, protocol: "TCP" }, { containerPort: 2, protocol: "UDP" }],
  }],
  ["sets the version of field references", {
    env: [{ name: "A", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } }, { name: "B" }],
    transferEnv: [{ sourceContainerNameFrom: { fieldRef: { fieldPath: "metadata.labels['a']" } } }],
  }, {
    env: [
      { name: "A", valueFrom: { fieldRef: { fieldPath: "metadata.name", apiVersion: "v1" } } },
      { name: "B" },
    ],
    transferEnv: [{
      sourceContainerNameFrom: {
        fieldRef: { fieldPath: "metadata.labels['a']", apiVersion: "v1" },
      },
    }],
  }],
  ["survives a name source without fieldRef", { transferEnv: [{ sourceContainerNameFrom: {} }] }, {
    transferEnv: [{ sourceContainerNameFrom: {} }],
  }],
  ["rounds resources up to milli units", {
    resources: {
      limits: { cpu: "1000m", memory: "1024Mi" },
      requests: { cpu: 0.0001, memory: "a lot" },
    },
  }, {
    resources: {
      limits: { cpu: "1", memory: "1Gi" },
      requests: { cpu: "1m", memory: "a lot" },
    },
  }],
  ["sets probes, but no startup probe", {
    livenessProbe: { httpGet: { port: 80 } },
    readinessProbe: { exec: {}, periodSeconds: 5, failureThreshold: 0 },
    startupProbe: { httpGet: { port: 80 } },
  }, {
    livenessProbe: { httpGet: { port: 80, path: "/", scheme: "HTTP" }, ...timing },
    readinessProbe: { exec: {}, ...timing, periodSeconds: 5 },
    startupProbe: { httpGet: { port: 80 } },
  }],
  ["sets requests of lifecycle hooks", {
    lifecycle: { postStart: { httpGet: { port: 1 } }, preStop: { exec: {} } },
  }, {
    lifecycle: {
      postStart: { httpGet: { port: 1, path: "/", scheme: "HTTP" } },
      preStop: { exec: {} },
    },
  }],
];

for (const [says, given, expected] of cases) {
  Deno.test(`defaultContainer() ${says}`, () => {
    assert.deepEqual(defaultContainer({ image: "agent:1", ...given }, "BeforeAppContainer"), {
      image: "agent:1",
      ...written,
      ...expected,
    });
  });
}
