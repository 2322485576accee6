import assert from "node:assert/strict";
import type { Container, ResourceLists } from "../../../lib/api/container.ts";
import type { Pod } from "../../../lib/api/pod.ts";
import { qosClass, resizeRefusal } from "../../../lib/core/status/resize_refusal.ts";
import { podOf } from "../../support/objects.ts";

type Resources = NonNullable<Container["resources"]>;

function podWith(
  resources: readonly (Resources | undefined)[],
  more: Partial<Pod["spec"]> = {},
): Pod {
  const pod = podOf();
  const containers = resources.map((each, i) => ({
    name: `c${i}`,
    image: "i:1",
    ...(each ? { resources: each } : {}),
  }));
  return { ...pod, spec: { ...pod.spec, containers, ...more } };
}

const both = (cpu: string, memory: string): Resources => ({
  requests: { cpu, memory },
  limits: { cpu, memory },
});

Deno.test("qosClass() is what the API server computes", () => {
  const expected: [string, Pod][] = [
    ["BestEffort", podWith([undefined, {}])],
    ["BestEffort", podWith([{ limits: { "example.com/device": "1" } }])],
    ["BestEffort", podWith([{ requests: { cpu: "0" } }])],
    ["Burstable", podWith([{ requests: { cpu: "1" } }])],
    ["Burstable", podWith([both("1", "1Gi"), undefined])],
    ["Burstable", podWith([{ requests: { cpu: "1" }, limits: { cpu: "1" } }])],
    ["Guaranteed", podWith([both("1", "1Gi"), both("500m", "1Mi")])],
    ["Guaranteed", podWith([{ limits: { cpu: "1", memory: "1Gi" } }])],
    ["Guaranteed", podWith([{ requests: { cpu: "1" } }], { resources: both("1", "1Gi") })],
    [
      "Burstable",
      podWith([both("1", "1Gi")], { initContainers: [{ name: "init", image: "i:1" }] }),
    ],
  ];
  for (const [qos, { spec }] of expected) {
    assert.equal(qosClass(spec), qos, JSON.stringify(spec));
  }
});

const change: ResourceLists = { requests: { cpu: "2" } };

Deno.test("resizeRefusal() predicts a change of the QoS class", () => {
  const refusal = (pod: Pod) => resizeRefusal(pod, new Map([["c0", change]]));
  assert.match(refusal(podWith([undefined])) ?? "", /from BestEffort to Burstable/);
  assert.match(refusal(podWith([both("1", "1Gi")])) ?? "", /from Guaranteed to Burstable/);
  assert.equal(refusal(podWith([{ requests: { cpu: "1" } }])), undefined);
  assert.equal(refusal(podWith([undefined, { requests: { cpu: "1" } }])), undefined);
});

Deno.test("resizeRefusal() knows nodes, Windows and static Pods, and nothing to change", () => {
  const pod = podWith([{ requests: { cpu: "1" } }]);
  const refusal = (each: Pod) => resizeRefusal(each, new Map([["c0", change]]));
  const running = (resources?: Resources): Pod => ({
    ...pod,
    status: {
      containerStatuses: [{
        name: "c0",
        image: "i:1",
        imageID: "",
        ready: true,
        state: { running: {} },
        ...(resources ? { resources } : {}),
      }],
    },
  });
  assert.match(refusal(running()) ?? "", /node does not support/);
  assert.equal(refusal(running({})), undefined);
  assert.match(
    refusal({ ...pod, spec: { ...pod.spec, os: { name: "windows" } } }) ?? "",
    /Windows/,
  );
  const annotations = { "kubernetes.io/config.mirror": "x" };
  assert.match(refusal({ ...pod, metadata: { ...pod.metadata, annotations } }) ?? "", /static Pod/);
  assert.equal(
    resizeRefusal(running(), new Map([["c0", { requests: { cpu: "1000m" } }]])),
    undefined,
  );
});
