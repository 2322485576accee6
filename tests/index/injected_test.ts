import assert from "node:assert/strict";
import { InjectedIndex } from "../../lib/index/injected.ts";
import { podOf, sidecarSetOf } from "../support/objects.ts";

const LIST = "kruise.io/sidecarset-injected-list";

Deno.test("InjectedIndex knows which Pods name a SidecarSet, as long as they do", () => {
  const index = new InjectedIndex();
  const pod = podOf({ injected: [sidecarSetOf()] });
  index.apply("default/pod", pod);
  assert.deepEqual([...index.of("web")], ["default/pod"]);
  assert.deepEqual(index.namesOf("default/pod"), ["web"]);
  index.apply("default/pod", undefined);
  assert.deepEqual([[...index.names()], index.of("web").size], [[], 0]);
});

Deno.test("InjectedIndex takes no more names of a Pod than it has containers", () => {
  const index = new InjectedIndex();
  const pod = podOf();
  const names = Array.from({ length: 100_000 }, (_, i) => `s-${i}`);
  const annotations = { [LIST]: names.join(",") };
  index.apply("default/pod", { ...pod, metadata: { ...pod.metadata, annotations } });
  assert.deepEqual([...index.names()], ["s-0"]);
});

Deno.test("InjectedIndex takes only names that a SidecarSet can have, each once", () => {
  const index = new InjectedIndex();
  const pod = podOf({ injected: [sidecarSetOf()] });
  const annotations = { [LIST]: ",..,a b,web,web,../x,constructor,__proto__" };
  index.apply("default/pod", { ...pod, metadata: { ...pod.metadata, annotations } });
  assert.deepEqual(index.namesOf("default/pod"), ["web", "constructor"]);
});
