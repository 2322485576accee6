import assert from "node:assert/strict";
import type { Container } from "../../../lib/api/container.ts";
import { INJECTED_LIST_ANNOTATION } from "../../../lib/api/names.ts";
import type { Pod } from "../../../lib/api/pod.ts";
import type { SidecarSet } from "../../../lib/api/sidecarset.ts";
import {
  injectedListText,
  injectedSidecarSets,
  isInjectedBy,
} from "../../../lib/core/annotations/injected_list.ts";

const MARK = [{ name: "IS_INJECTED", value: "true" }];

function podWith(list: string | undefined, containers: Container[], init: Container[] = []): Pod {
  return {
    metadata: list === undefined ? {} : { annotations: { [INJECTED_LIST_ANNOTATION]: list } },
    spec: { containers, initContainers: init },
  };
}

const WEB: SidecarSet = {
  metadata: { name: "web" },
  spec: {
    containers: [{ name: "agent" }, {
      name: "mesh",
      upgradeStrategy: { upgradeType: "HotUpgrade", hotUpgradeEmptyImage: "empty" },
    }],
    initContainers: [{ name: "setup" }],
  },
};

const cases: { says: string; pod: Pod; injected: boolean }[] = [
  {
    says: "a listed SidecarSet with a marked container",
    pod: podWith("db,web", [{ name: "agent", env: MARK }]),
    injected: true,
  },
  {
    says: "a listed SidecarSet with one marked container of a hot-upgrade pair",
    pod: podWith("web", [{ name: "mesh-2", env: MARK }]),
    injected: true,
  },
  {
    says: "a listed SidecarSet with a marked init container",
    pod: podWith("web", [], [{ name: "setup", env: MARK }]),
    injected: true,
  },
  {
    says: "a copied annotation without the container",
    pod: podWith("web", [{ name: "main" }]),
    injected: false,
  },
  {
    says: "a copied annotation with the user's own container of that name",
    pod: podWith("web", [{ name: "agent" }]),
    injected: false,
  },
  {
    says: "a marked container without the annotation",
    pod: podWith(undefined, [{ name: "agent", env: MARK }]),
    injected: false,
  },
  {
    says: "a mark that is not true",
    pod: podWith("web", [{ name: "agent", env: [{ name: "IS_INJECTED", value: "1" }] }]),
    injected: false,
  },
  {
    says: "a hot-upgrade sidecar's bare name",
    pod: podWith("web", [{ name: "mesh", env: MARK }]),
    injected: false,
  },
];
for (const { says, pod, injected } of cases) {
  Deno.test(`isInjectedBy() is ${injected} for ${says}`, () => {
    assert.equal(isInjectedBy(pod, WEB), injected);
  });
}

Deno.test("injectedSidecarSets() is empty for an absent and an empty list", () => {
  assert.deepEqual(injectedSidecarSets(podWith(undefined, [])), []);
  assert.deepEqual(injectedSidecarSets(podWith("", [])), []);
  assert.deepEqual(injectedSidecarSets(podWith("b,a", [])), ["b", "a"]);
});

Deno.test("injectedListText() sorts and drops doubles", () => {
  assert.equal(injectedListText(["z", "a", " b", "a"]), " b,a,z");
});
