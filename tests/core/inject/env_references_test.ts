import assert from "node:assert/strict";
import * as fc from "fast-check";
import type { EnvVar } from "../../../lib/api/container.ts";
import { injectedPod } from "../../../lib/core/json/patch.ts";
import { referencesOf, withAddedEnv } from "../../../lib/core/inject/env.ts";
import { inject } from "../../../lib/core/inject/inject.ts";
import { podWith, prepared, requestFor } from "./fixtures.ts";

function variables(texts: readonly string[]): EnvVar[] {
  return texts.map((text) => {
    const [name = "", value = ""] = text.split("=");
    return { name, value };
  });
}

function ordered(present: readonly string[], added: readonly string[]): string {
  return withAddedEnv(variables(present), variables(added)).map(({ name }) => name).join(" ");
}

Deno.test("referencesOf() reads references as the kubelet does", () => {
  for (
    const [value, names] of [
      ["$(A)/$(B.c-1)", ["A", "B.c-1"]],
      ["$$(A) $$$(B)", ["B"]],
      ["$A ${A} $(A", []],
      [undefined, []],
    ] as const
  ) assert.deepEqual(referencesOf(value === undefined ? {} : { value }), names);
});

Deno.test("withAddedEnv() puts an added variable in front of what refers to it, and others behind", () => {
  assert.equal(ordered(["A=1", "B=2"], ["D=4", "C=3"]), "A B D C");
  assert.equal(ordered(["A=1", "B=$(C)"], ["D=4", "C=3"]), "A C B D");
  assert.equal(ordered(["A=$(C)"], ["C=$(D)", "D=4"]), "D C A");
  assert.equal(ordered([], ["A=$(B)", "B=2"]), "B A");
});

Deno.test("withAddedEnv() keeps the order of variables that are there, and bears circles", () => {
  assert.equal(ordered(["A=$(B)", "B=2"], ["C=3"]), "A B C");
  assert.equal(ordered([], ["A=$(B)", "B=$(A)"]), "B A");
  assert.equal(ordered([], ["A=$(A)"]), "A");
});

Deno.test("withAddedEnv() keeps every variable once, in front of it all added ones that it needs", () => {
  const names = ["A", "B", "C", "D", "E"];
  const env = fc.shuffledSubarray(names).chain((list) =>
    fc.tuple(...list.map((name, index) =>
      // Only to names further on in the alphabet, so that there is no circle.
      fc.subarray(names.filter((other) => other > name)).map((others) => ({
        name,
        value: others.map((other) => `$(${other})`).join(index % 2 === 0 ? "" : " "),
      }))
    ))
  );
  fc.assert(fc.property(env, fc.nat(5), (all, count) => {
    const [present, added] = [all.slice(0, count), all.slice(count)];
    const result = withAddedEnv(present, added);
    assert.deepEqual(new Set(result), new Set(all));
    assert.equal(result.length, all.length);
    assert.deepEqual(
      result.filter((each) => present.includes(each as typeof all[number])),
      present,
    );
    for (const [index, variable] of result.entries()) {
      const behind = result.slice(index + 1).map(({ name }) => name);
      const needed = added.map(({ name }) => name).filter((name) =>
        referencesOf(variable).includes(name)
      );
      assert.deepEqual(needed.filter((name) => behind.includes(name)), []);
    }
  }));
});

Deno.test("inject() orders transferred variables at the first call and at the second one", () => {
  const web = prepared("web", {
    containers: [{
      name: "agent",
      image: "agent:1",
      env: [{ name: "OWN", value: "$(LATE)/$(FIRST)" }],
      transferEnv: [
        { sourceContainerName: "main", envNames: ["FIRST", "A"] },
        { sourceContainerName: "late", envNames: ["LATE", "LAST"] },
      ],
    }],
  });
  const env = variables(["FIRST=1", "A=$(FIRST)"]);
  const pod = podWith({ containers: [{ name: "main", image: "m", env }] });
  const namesIn = (injected: typeof pod) =>
    injected.spec.containers.find(({ name }) => name === "agent")?.env?.map(({ name }) => name);
  const first = injectedPod(pod, inject(requestFor(pod, [web])).patch);
  assert.deepEqual(namesIn(first), ["FIRST", "OWN", "IS_INJECTED", "A"]);
  const late = { name: "late", image: "l", env: variables(["LATE=$(SET)", "LAST=1", "SET=2"]) };
  const changed = {
    ...first,
    spec: { ...first.spec, containers: [...first.spec.containers, late] },
  };
  const second = injectedPod(changed, inject(requestFor(changed, [web])).patch);
  assert.deepEqual(namesIn(second), ["FIRST", "LATE", "OWN", "IS_INJECTED", "A", "LAST"]);
  assert.deepEqual(inject(requestFor(second, [web])).patch, []);
});
