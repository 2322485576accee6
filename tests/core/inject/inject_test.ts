import assert from "node:assert/strict";
import { injectedPod } from "../../../lib/core/json/patch.ts";
import { createInjector, inject } from "../../../lib/core/inject/inject.ts";
import { podWith, prepared, requestFor } from "./fixtures.ts";

const AGENT = { name: "agent", image: "agent:1" };

Deno.test("inject() writes operations that leave all else of the Pod alone", () => {
  const { patch, injected, skipped } = inject(
    requestFor(
      podWith(),
      [
        prepared("web", {
          initContainers: [{ name: "setup", image: "setup:1" }],
          containers: [AGENT, {
            name: "log",
            image: "log:1",
            podInjectPolicy: "AfterAppContainer",
          }],
        }, { revisionName: "web-1" }),
      ],
    ),
  );
  assert.deepEqual(patch.map(({ op, path }) => `${op} ${path}`), [
    "add /spec/initContainers",
    "add /spec/containers/-",
    "add /spec/containers/0",
    "add /metadata/annotations",
  ]);
  assert.deepEqual(injected, [{ sidecarSet: "web", revision: "web-1", isNew: true }]);
  assert.deepEqual(skipped, []);
});

Deno.test("inject() records hash, time, sidecars and revision in the annotations", () => {
  const web = prepared("web", { containers: [AGENT] }, { revisionName: "web-1" });
  const pod = podWith({}, { note: "kept" });
  const { annotations } = injectedPod(pod, inject(requestFor(pod, [web])).patch).metadata;
  const entry = (hash: string, rest: string) =>
    `{"web":{"updateTimestamp":"2026-01-02T03:04:05Z","hash":"${hash}",` +
    `"sidecarSetName":"web","sidecarList":["agent"]${rest}}}`;
  assert.deepEqual(annotations, {
    note: "kept",
    "kruise.io/sidecarset-hash": entry(web.hash, ',"controllerRevision":"web-1"'),
    "kruise.io/sidecarset-hash-without-image": entry(web.hashWithoutImage, ""),
    "kruise.io/sidecarset-injected-list": "web",
    "kubectl.kubernetes.io/default-container": "main",
  });
});

Deno.test("inject() keeps fields of SidecarSets out of the containers and unknown fields in", () => {
  const web = prepared("web", {
    containers: [{
      ...AGENT,
      completionPolicy: "TerminateWithMain",
      shareVolumePolicy: { type: "enabled" },
      restartPolicyRules: [{ action: "Restart" }],
    }],
  });
  const { containers: [agent = {}] } = injectedPod(
    podWith(),
    inject(requestFor(podWith(), [web])).patch,
  ).spec;
  assert.deepEqual(Object.keys(agent).sort(), [
    "env",
    "image",
    "imagePullPolicy",
    "name",
    "restartPolicyRules",
    "terminationMessagePath",
    "terminationMessagePolicy",
  ]);
});

Deno.test("inject() gives the same from a shared injector and from none", () => {
  const injector = createInjector();
  const request = requestFor(podWith(), [prepared("web", { containers: [AGENT] })]);
  assert.deepEqual(injector.inject(request), inject(request));
  assert.deepEqual(injector.inject(request), inject(request));
});

Deno.test("inject() orders SidecarSets by name and init containers by their own", () => {
  const of = (name: string, init: string) =>
    prepared(name, {
      initContainers: [{ name: init, image: "i" }],
      containers: [{ name: `${name}-2nd`, image: "i" }, { name: `${name}-1st`, image: "i" }],
    });
  const pod = podWith();
  const { patch } = inject(requestFor(pod, [of("b", "x"), of("a", "y")]));
  const { containers, initContainers = [] } = injectedPod(pod, patch).spec;
  assert.deepEqual(containers.map(({ name }) => name), [
    "a-2nd",
    "a-1st",
    "b-2nd",
    "b-1st",
    "main",
  ]);
  assert.deepEqual(initContainers.map(({ name }) => name), ["x", "y"]);
});

Deno.test("inject() takes the source of a transferred variable from labels and patched annotations", () => {
  const web = prepared("web", {
    patchPodMetadata: [{ annotations: { source: "main" } }],
    containers: [{
      ...AGENT,
      transferEnv: [
        {
          sourceContainerNameFrom: { fieldRef: { fieldPath: "metadata.annotations['source']" } },
          envName: "A",
        },
        {
          sourceContainerNameFrom: { fieldRef: { fieldPath: "metadata.labels['constructor']" } },
          envName: "A",
        },
        { sourceContainerNameFrom: { fieldRef: { fieldPath: "metadata.name" } }, envName: "A" },
      ],
    }],
  });
  const pod = podWith({
    containers: [{ name: "main", image: "m", env: [{ name: "A", value: "1" }] }],
  });
  const { containers } = injectedPod(pod, inject(requestFor(pod, [web])).patch).spec;
  assert.deepEqual(containers[0]?.env, [
    { name: "IS_INJECTED", value: "true" },
    { name: "A", value: "1" },
  ]);
});

Deno.test("inject() removes doubled pull secrets and adds the missing ones", () => {
  const web = prepared("web", {
    containers: [AGENT],
    imagePullSecrets: [{ name: "a" }, { name: "c" }, { name: "c" }],
  });
  const pod = podWith({ imagePullSecrets: [{ name: "a" }, { name: "b" }, { name: "a" }] });
  const { imagePullSecrets } = injectedPod(pod, inject(requestFor(pod, [web])).patch).spec;
  assert.deepEqual(imagePullSecrets, [{ name: "a" }, { name: "b" }, { name: "c" }]);
});

Deno.test("inject() replaces the Pod's container at its place where conflictPolicy is Replace", () => {
  const web = prepared("web", {
    conflictPolicy: "Replace",
    containers: [{ name: "first", image: "f" }, { name: "main", image: "new" }],
  });
  const pod = podWith({
    containers: [{ name: "x", image: "x" }, { name: "main", image: "old" }],
  });
  const { containers } = injectedPod(pod, inject(requestFor(pod, [web])).patch).spec;
  assert.deepEqual(containers.map(({ image }) => image), ["f", "x", "new"]);
});

Deno.test("inject() does nothing when no SidecarSet selects the Pod", () => {
  assert.deepEqual(inject(requestFor(podWith(), [])), { patch: [], injected: [], skipped: [] });
});

Deno.test("inject() marks the containers that end with the main ones, native sidecars excepted", () => {
  const completionPolicy = "TerminateWithMain" as const;
  const variable = { name: "KRUISE_TERMINATE_SIDECAR_WHEN_JOB_EXIT", value: "false" };
  const web = prepared("web", {
    initContainers: [{ name: "native", image: "a:1", restartPolicy: "Always", completionPolicy }],
    containers: [
      { name: "ends", image: "a:1", completionPolicy },
      { name: "waits", image: "a:1", completionPolicy: "Wait" },
      { name: "decided", image: "a:1", completionPolicy, env: [variable] },
    ],
  });
  const pod = podWith();
  const { spec } = injectedPod(pod, inject(requestFor(pod, [web])).patch);
  const values = [...spec.initContainers ?? [], ...spec.containers].map(({ name, env = [] }) => [
    name,
    env.filter((each) => each.name === variable.name).map(({ value }) => value).join(),
  ]);
  assert.deepEqual(Object.fromEntries(values), {
    native: "",
    ends: "true",
    waits: "",
    decided: "false",
    main: "",
  });
});
