import assert from "node:assert/strict";
import { ClusterPods } from "../support/cluster_pods.ts";
import { containerSettings } from "../support/container_settings.ts";
import { startControlPlane } from "../support/control_plane.ts";
import type { ControllerProcess } from "../support/controller_process.ts";
import { eventually } from "../support/eventually.ts";
import { install } from "../support/installation.ts";
import { kubectlOutput } from "../support/kubectl.ts";
import { Replicas } from "../support/replicas.ts";
import { createSidecarSet } from "../support/sidecarsets.ts";
import { testWithExecutable } from "../support/test_with_executable.ts";

const DRAIN_MS = 2_000;
const NO_CAPABILITIES = "0000000000000000";

/** What the kernel says of a process, by field. */
async function statusOf({ pid }: ControllerProcess): Promise<Map<string, string>> {
  const text = await Deno.readTextFile(`/proc/${pid}/status`);
  return new Map(
    text.split("\n").filter(Boolean).map((line) => {
      const [, name = "", value = ""] = /^(\w+):\s*(.*?)\s*$/.exec(line) ?? [];
      return [name, value.replaceAll("\t", " ")] as const;
    }),
  );
}

function kibibytesOf(value: string | undefined): number {
  return Number(/^(\d+) kB$/.exec(value ?? "")?.[1]);
}

testWithExecutable("the executable serves from the image's root and nothing else", async (_, t) => {
  await using plane = await startControlPlane({ kubelet: false });
  await install(plane);
  await using replicas = new Replicas(plane, ["--certificate-seconds", "12"]);
  const started = performance.now();
  const first = await replicas.start();
  const readyMs = performance.now() - started;
  const second = await replicas.start();
  const settings = await containerSettings();

  await t.step(
    "as the user of the Deployment, without capabilities or a way to get any",
    async () => {
      const status = await statusOf(first);
      const [user, group] = settings.user.split(":");
      assert.equal(status.get("Uid"), Array(4).fill(user).join(" "));
      assert.equal(status.get("Gid"), Array(4).fill(group).join(" "));
      assert.equal(status.get("Groups"), "");
      for (const set of ["CapInh", "CapPrm", "CapEff", "CapAmb"]) {
        assert.equal(status.get(set), NO_CAPABILITIES, set);
      }
      assert.equal(status.get("NoNewPrivs"), "1");
    },
  );

  await t.step("in a root that is read-only, without /tmp and a home folder", async () => {
    const mounts = await Deno.readTextFile(`/proc/${first.pid}/mounts`);
    const [root = ""] = mounts.split("\n").filter((line) => line.split(" ")[1] === "/").slice(-1);
    assert.match(root, / ro[, ]/);
    const entries = [...Deno.readDirSync(`/proc/${first.pid}/root`)].map(({ name }) => name);
    const known = ["etc", "lib", "lib64", "proc", "sidecarset", "usr", "var"];
    assert.deepEqual(entries.filter((name) => !known.includes(name)), []);
    const environment = await Deno.readTextFile(`/proc/${first.pid}/environ`);
    assert.doesNotMatch(environment, /(^|\0)(HOME|TMPDIR)=/);
  });

  await t.step("injects, while its certificates change", async () => {
    await createSidecarSet(plane, "agent", {
      selector: { matchLabels: { app: "web" } },
      containers: [{ name: "agent", image: "agent:1" }],
      failurePolicy: "Fail",
    });
    await kubectlOutput(["wait", "--for=condition=Ready", "sidecarset/agent"], plane);
    const pods = new ClusterPods(plane.client);
    const changes = () => first.log().split('"Serving a new certificate"').length - 1;
    let count = 0;
    await eventually(async () => {
      const { spec } = await pods.create(`web-${count++}`, {
        labels: { app: "web" },
        spec: { containers: [{ name: "main", image: "main:1" }] },
      });
      assert.deepEqual(spec.containers.map(({ name }) => name), ["agent", "main"]);
      return changes() >= 2;
    }, { what: "two certificates are served", timeout: 60_000 });
  });

  await t.step("within the memory of the Deployment, and with nothing to warn of", async () => {
    const peak = kibibytesOf((await statusOf(first)).get("VmHWM")) * 1024;
    console.log(
      `Ready after ${readyMs.toFixed(0)} ms, at most ${(peak / 2 ** 20).toFixed(0)} MiB resident`,
    );
    assert.ok(peak > 0 && peak < settings.memoryBytes, `${peak} bytes`);
    for (const replica of [first, second]) {
      const said = replica.log().split("\n").filter((line) => /"level":"(warn|error)"/.test(line));
      // The manifests of this test do not let the controller read what OpenKruise has kept.
      assert.deepEqual(said.filter((line) => !line.includes("OpenKruise")), []);
    }
  });

  await t.step(
    "ends in order, soon after the time for draining, and another one takes over",
    async () => {
      const leader = await replicas.leader();
      const stopping = performance.now();
      const status = await leader.stop();
      const tookMs = performance.now() - stopping;
      replicas.forget(leader);
      assert.equal(status?.code, 0);
      assert.match(leader.log(), /"message":"Stopped"/);
      assert.ok(tookMs < DRAIN_MS + 30_000, `${tookMs} ms`);
      assert.notEqual(await replicas.leader(), leader);
    },
  );
});
