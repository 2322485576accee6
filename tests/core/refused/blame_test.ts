import assert from "node:assert/strict";
import type { Container } from "../../../lib/api/container.ts";
import type { Pod } from "../../../lib/api/pod.ts";
import type { SidecarSetSpec } from "../../../lib/api/sidecarset.ts";
import { inject } from "../../../lib/core/inject/inject.ts";
import type { PreparedSidecarSet } from "../../../lib/core/prepared.ts";
import { blamedSidecarSets } from "../../../lib/core/refused/blame.ts";
import { refusalText } from "../../../lib/core/refused/message.ts";
import { podWith, prepared, requestFor } from "../inject/fixtures.ts";

const agent = prepared("logs", { containers: [{ name: "agent", image: "agent:1" }] });
const proxy = prepared("mesh", {
  containers: [{
    name: "proxy",
    image: "proxy:1",
    volumeMounts: [{ name: "run", mountPath: "/r" }],
  }],
  initContainers: [{ name: "setup", image: "setup:1" }],
  volumes: [{ name: "run", emptyDir: {} }],
});
const guard = prepared("guard", {
  failurePolicy: "Fail",
  containers: [{ name: "guardian", image: "guardian:1" }],
});

function blamed(note: string, selecting: readonly PreparedSidecarSet[], pod: Pod = podWith()) {
  const injection = inject(requestFor(pod, selecting));
  return blamedSidecarSets(refusalText(note), { pod, injection, selecting });
}

function heavy(name: string, resources: Container["resources"]): PreparedSidecarSet {
  const containers: SidecarSetSpec["containers"] = [{ name, image: "heavy:1", resources }];
  return prepared(name, { containers });
}

const podOfMilli = (cpu: string) =>
  podWith({ containers: [{ name: "main", image: "m:1", resources: { requests: { cpu } } }] });

Deno.test("refusalText() leaves out what the event and the Pod's name add to the API server's words", () => {
  const words = "failed quota: q: must specify requests.cpu for: agent";
  for (
    const frame of [
      'Error creating: pods "web-75bmc" is forbidden: ',
      '(combined from similar events): Error creating: pods "web-mpffv" is forbidden: ',
      'Create Pod sts-0 in StatefulSet sts failed error: pods "sts-0" is forbidden: ',
      'Error creating: Pod "web-75bmc" is invalid: ',
    ]
  ) assert.equal(refusalText(frame + words), words);
});

Deno.test("blamedSidecarSets() finds the SidecarSet whose container a refusal names", () => {
  for (
    const note of [
      'pods "x" is forbidden: failed quota: q: must specify limits.memory for: agent; requests.cpu for: agent',
      'pods "x" is forbidden: failed quota: q: must specify requests.cpu for: agent,main',
      'pods "x" is forbidden: violates PodSecurity "restricted:latest": ' +
      'allowPrivilegeEscalation != false (container "agent" must set ' +
      "securityContext.allowPrivilegeEscalation=false)",
      'pods "x" is forbidden: violates PodSecurity "restricted:latest": unrestricted ' +
      'capabilities (containers "main", "agent" must set ' +
      'securityContext.capabilities.drop=["ALL"])',
      "pods \"x\" is forbidden: ValidatingAdmissionPolicy 'p' with binding 'p' denied " +
      "request: container agent has a bad image",
      'admission webhook "gate" denied the request: [limits] Container <agent> has no resource limits',
    ]
  ) assert.deepEqual(blamed(`Error creating: ${note}`, [agent, proxy]), ["logs"], note);
});

Deno.test("blamedSidecarSets() blames no sidecar for what is not about one", () => {
  for (
    const note of [
      'pods "agent-x" is forbidden: failed quota: agent: must specify requests.cpu for: main',
      'pods "agent" is forbidden: exceeded quota: agent, requested: pods=1, used: pods=5, limited: pods=5',
      'pods "x" is forbidden: error looking up service account shop/agent: serviceaccount "agent" not found',
      "pods \"x\" is forbidden: ValidatingAdmissionPolicy 'p' denied request: container agent-2 has a bad image",
      "ValidatingAdmissionPolicy 'p' denied request: container 2.agent has a bad image",
      'Internal error occurred: failed calling webhook "fail-0123456789.pods.apps.kruise.io": refused',
      "(container", // cut
    ]
  ) assert.deepEqual(blamed(`Error creating: ${note}`, [agent]), [], note);
});

Deno.test("blamedSidecarSets() finds out whose the container, init container or volume at a place is", () => {
  const at = (place: string) =>
    blamed(`Pod "x" is invalid: ${place}: Invalid value: 1`, [agent, proxy]);
  assert.deepEqual(at("spec.containers[0].image"), ["logs"]);
  assert.deepEqual(at("spec.containers[1].ports[0].hostPort"), ["mesh"]);
  assert.deepEqual(at("spec.containers[2].image"), [], "the Pod's own");
  assert.deepEqual(at("spec.containers[7].image"), [], "there is no such container");
  assert.deepEqual(at("spec.initContainers[0].image"), ["mesh"]);
  assert.deepEqual(at("spec.volumes[0].emptyDir"), ["mesh"]);
  assert.deepEqual(
    blamed("rule r failed at path /spec/containers/1/resources/limits/", [agent, proxy]),
    ["mesh"],
  );
});

Deno.test("blamedSidecarSets() knows both containers of a hot-upgrade pair", () => {
  const pair = prepared("hot", {
    containers: [{
      name: "hot",
      image: "hot:1",
      upgradeStrategy: { upgradeType: "HotUpgrade", hotUpgradeEmptyImage: "empty:1" },
    }],
  });
  assert.deepEqual(blamed("must specify limits.cpu for: hot-1,hot-2", [agent, pair]), ["hot"]);
});

Deno.test("blamedSidecarSets() blames a SidecarSet whose own webhook refuses the Pod or cannot be asked", () => {
  const denied =
    'Error creating: admission webhook "fail-4f53cda18c.pods.apps.kruise.io" denied the ' +
    "request: Cannot create the Pod without SidecarSet guard, whose failurePolicy is Fail " +
    "(ContainerNameConflict): spec.containers of the Pod has a container guardian of its " +
    "own";
  const own = podWith({ containers: [{ name: "guardian", image: "own:1" }] });
  assert.deepEqual(blamed(denied, [agent, guard], own), ["guard"]);
  const down = "Error creating: Internal error occurred: failed calling webhook " +
    '"fail-4f53cda18c.pods.apps.kruise.io": connection refused';
  assert.deepEqual(blamed(down, [agent, guard]), ["guard"]);
  const foreign = down.replace("fail-4f53cda18c.pods.apps.kruise.io", "policy.example.com");
  assert.deepEqual(blamed(foreign, [agent, guard]), []);
});

Deno.test("blamedSidecarSets() blames a sidecar without which a quota would suffice", () => {
  const big = heavy("big", { requests: { cpu: "500m" }, limits: { cpu: "600m" } });
  const quota = (used: string) =>
    `pods "x" is forbidden: exceeded quota: q, requested: requests.cpu=600m, used: ` +
    `requests.cpu=${used}, limited: requests.cpu=700m`;
  assert.deepEqual(blamed(quota("600m"), [agent, big], podOfMilli("100m")), ["big"]);
  assert.deepEqual(blamed(quota("601m"), [agent, big], podOfMilli("100m")), [], "too much anyway");
  assert.deepEqual(blamed(quota("600m"), [agent, big], podOfMilli("200m")), [], "another Pod");
  assert.deepEqual(
    blamed(
      "exceeded quota: q, requested: limits.cpu=600m,pods=1, used: limits.cpu=600m,pods=9, " +
        "limited: limits.cpu=700m,pods=9",
      [big],
    ),
    [],
    "the number of Pods is too large as well",
  );
});

Deno.test("blamedSidecarSets() blames a sidecar that makes a Pod larger than a LimitRange allows", () => {
  const big = heavy("big", { limits: { cpu: "600m", memory: "1Gi" } });
  const limited = podWith({
    containers: [{ name: "main", image: "m:1", resources: { limits: { cpu: "200m" } } }],
  });
  const text = "maximum cpu usage per Pod is 300m, but limit is 800m";
  assert.deepEqual(blamed(text, [agent, big], limited), ["big"]);
  assert.deepEqual(blamed(text.replace("300m", "100m"), [big], limited), []);
  const both =
    "[maximum cpu usage per Pod is 300m, but limit is 800m, maximum memory usage per Pod " +
    "is 512Mi, but limit is 1073741824]";
  assert.deepEqual(blamed(both, [big], limited), ["big"]);
});

Deno.test("blamedSidecarSets() blames a sidecar outside of a LimitRange's bounds for containers", () => {
  const big = heavy("big", { limits: { cpu: "4" } });
  const small = prepared("small", {
    initContainers: [{ name: "tiny", image: "t:1", resources: { requests: { cpu: "10m" } } }],
  });
  const over = "maximum cpu usage per Container is 1, but limit is 4";
  const under = "minimum cpu usage per Container is 100m, but request is 10m";
  assert.deepEqual(blamed(over, [agent, big, small]), ["big"]);
  assert.deepEqual(blamed(under, [agent, big, small]), ["small"]);
  assert.deepEqual(blamed(`[${under}, ${over}]`, [agent, big, small]), ["big", "small"]);
  assert.deepEqual(blamed(under, [big, small], podOfMilli("10m")), [], "the Pod's own is as small");
  assert.deepEqual(blamed(over.replace("limit is 4", "limit is 5"), [big]), [], "another amount");
});

Deno.test("blamedSidecarSets() reads the last of several amounts as well", () => {
  const big = heavy("big", { limits: { cpu: "600m", memory: "1Gi" } });
  const text = (memory: string) =>
    "[maximum cpu usage per Pod is 300m, but limit is 600m, maximum memory usage per Pod " +
    `is 512Mi, but limit is ${memory}]`;
  assert.deepEqual(blamed(text("1Gi"), [big]), ["big"]);
  assert.deepEqual(blamed(text("3Gi"), [big]), [], "of another Pod");
});

Deno.test("blamedSidecarSets() blames a sidecar for which the Pod's own resources are too little", () => {
  const big = heavy("big", { requests: { cpu: "500m" } });
  const setup = prepared("setup", {
    initContainers: [{ name: "first", image: "f:1", resources: { requests: { memory: "2Gi" } } }],
  });
  const pod = podOfMilli("600m");
  const computed =
    'Pod "x" is invalid: spec.resources.requests: Invalid value: "1100m": must be less than or equal to cpu limit of 1';
  const written =
    'spec.resources.requests[cpu]: Invalid value: "1": must be greater than or equal to ' +
    "aggregate container requests of 1100m";
  const memory =
    'spec.resources.requests: Invalid value: "2Gi": must be less than or equal to memory limit of 1Gi';
  for (const text of [computed, written]) {
    assert.deepEqual(blamed(`Error creating: ${text}`, [agent, big, setup], pod), ["big"], text);
    assert.deepEqual(blamed(text, [agent, big], podOfMilli("700m")), [], "another Pod");
  }
  assert.deepEqual(blamed(memory, [big, setup], pod), ["setup"]);
  assert.deepEqual(blamed(`[${written}, ${memory}]`, [big, setup], pod), ["big", "setup"]);
  assert.deepEqual(blamed(computed.replace("of 1", "of 500m"), [big], pod), [], "without it too");
  const tall =
    'spec.resources.containers[0][cpu].limits: Invalid value: "2": must be less than or equal to pod limits of 1';
  assert.deepEqual(blamed(tall, [big], pod), ["big"]);
  assert.deepEqual(blamed(tall.replace("[0]", "[1]"), [big], pod), [], "the Pod's own");
});
