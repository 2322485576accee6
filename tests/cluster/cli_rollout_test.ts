import assert from "node:assert/strict";
import { ClusterPods } from "../support/cluster_pods.ts";
import { startControlPlane } from "../support/control_plane.ts";
import { installAndStart } from "../support/installation.ts";
import { loggingManifest, type LoggingOptions } from "../support/logging_manifest.ts";
import { PodHistory } from "../support/pod_history.ts";
import { PseudoTerminal, withoutEscapes } from "../support/pseudo_terminal.ts";
import { conditionOf, getSidecarSet, untilSidecarSet } from "../support/sidecarsets.ts";
import { UserShell } from "../support/user_shell.ts";
import { createDeployment, untilReplicas } from "../support/workloads.ts";

const REPLICAS = 5;

/** As `rollout history -o json` prints it. */
interface Revision {
  number: number;
  revisionName: string;
  current: boolean;
  spec: { containers: { image: string }[] };
}

Deno.test("the commands for roll-outs on a real control plane", async (t) => {
  await using plane = await startControlPlane({ controllerManager: true });
  await using _controller = await installAndStart(plane);
  await using shell = await UserShell.open(plane.kubeconfig);
  const pods = new ClusterPods(plane.client);

  const apply = async (options: LoggingOptions) => {
    await shell.write("next.json", loggingManifest(options));
    await shell.output("kubectl apply -f next.json");
  };
  const images = async () =>
    (await pods.list("app=web")).flatMap(({ metadata, spec }) =>
      metadata.deletionTimestamp === undefined
        ? spec.containers.filter(({ name }) => name === "agent").map(({ image }) => image)
        : []
    );

  await t.step("the plugin of kubectl is the same program", async () => {
    const plugin = await shell.output("kubectl sidecarset version");
    assert.equal(plugin, await shell.output("sidecarset version"));
    const { stderr } = await shell.run("kubectl sidecarset status -o json --context test");
    assert.equal(stderr, "");
    const wrong = await shell.run("kubectl sidecarset status --context elsewhere");
    assert.equal(wrong.code, 2);
    assert.match(wrong.stderr, /^Cannot .*elsewhere[^\n]*\n$/);
  });

  await t.step(
    "diff shows a SidecarSet before it exists, and no difference afterwards",
    async () => {
      await shell.write("next.json", loggingManifest());
      const created = await shell.output("kubectl sidecarset diff -f next.json", 1);
      assert.match(created, /^SidecarSet logging would be created:\n/);
      await shell.output("kubectl apply -f next.json");
      await shell.output("kubectl wait --for=condition=Ready sidecarset/logging --timeout=30s");
      await createDeployment(plane, "web", { replicas: REPLICAS, labels: { app: "web" } });
      const same = await shell.output("kubectl sidecarset diff -f next.json");
      assert.equal(same, "SidecarSet logging would not change.\n");
    },
  );

  await t.step("diff refuses what the API server refuses", async () => {
    await shell.write("wrong.json", loggingManifest({ image: "" }));
    const { code, stderr } = await shell.run("sidecarset diff -f wrong.json");
    assert.equal(code, 2);
    assert.match(
      stderr,
      /^wrong\.json:1: error: SidecarSet\/logging spec\.containers\[0\]\.image /,
    );
  });

  await t.step("status shows a table, of the SidecarSets that are asked for", async () => {
    await shell.output("sidecarset status --watch --timeout 30s");
    const rows = (await shell.output("kubectl sidecarset status")).trim().split("\n")
      .map((line) => line.split(/ +/));
    assert.deepEqual(rows, [
      ["NAME", "MATCHED", "UPDATED", "READY", "MISSED", "STATE"],
      ["logging", "5", "5", "5", "0", "UpToDate"],
    ]);
    assert.match(await shell.output("sidecarset status -l team=platform"), /^logging /m);
    const { stdout, stderr } = await shell.run("sidecarset status -l team=other");
    assert.equal(stdout, "");
    assert.match(stderr, /^No SidecarSets found\. /);
    const { items } = JSON.parse(await shell.output("sidecarset status logging -o json"));
    assert.equal(items[0].status.matchedPods, REPLICAS);
    const unknown = await shell.run("sidecarset status none");
    assert.equal(unknown.code, 2);
    assert.equal(unknown.stderr, "Cannot find SidecarSet none: the cluster has logging\n");
  });

  await t.step("explain says of a Pod and of its workload what was injected", async () => {
    const [pod] = await pods.list("app=web");
    const ofPod = await shell.output(`kubectl sidecarset explain pod/${pod?.metadata.name}`);
    assert.match(
      ofPod,
      /\n {2}logging {2}injected, up to date\n {4}revision logging-\w+\n/,
    );
    assert.match(ofPod, /\n {2}1 {6}agent +agent:1 +SidecarSet logging\n/);
    const ofWorkload = await shell.output("kubectl sidecarset explain deploy/web");
    assert.match(ofWorkload, /\n {2}logging +5 of 5 +5 +5 +0 +0\n$/);
    const { pods: all } = JSON.parse(
      await shell.output("kubectl sidecarset explain pods -A -l app=web -o json"),
    );
    assert.equal(all.length, REPLICAS);
  });

  await t.step("inject --from-cluster prints the Pod that the API server would store", async () => {
    const pod = {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: "tried", namespace: "default", labels: { app: "web" } },
      spec: { containers: [{ name: "main", image: "main:1" }] },
    };
    await shell.write("pod.json", JSON.stringify(pod));
    const ours = JSON.parse(
      await shell.output("sidecarset inject --from-cluster -f pod.json -o json"),
    );
    const theirs = JSON.parse(
      await shell.output("kubectl create -f pod.json --dry-run=server -o json"),
    );
    for (const { spec } of [ours, theirs]) {
      assert.deepEqual(
        spec.containers.map(({ name, image }: Record<string, string>) => `${name} ${image}`),
        ["agent agent:1", "main main:1"],
      );
    }
    const { updateTimestamp: _ours, ...record } = recordOf(ours);
    const { updateTimestamp: _theirs, ...stored } = recordOf(theirs);
    assert.deepEqual(record, stored);
  });

  await t.step("what diff forecasts is what then happens", async () => {
    const options = { image: "agent:2", strategy: { maxUnavailable: 2, partition: 1 } };
    await shell.write("next.json", loggingManifest(options));
    const { sidecarSets: [forecast] } = JSON.parse(
      await shell.output("sidecarset diff -f next.json -o json", 1),
    );
    assert.deepEqual(forecast.rounds.map((round: string[]) => round.length), [2, 2]);
    assert.equal(forecast.waiting.length, 1);
    await using history = await PodHistory.start(plane.client, "app=web");
    await shell.output("kubectl apply -f next.json");
    const followed = await shell.output("sidecarset status logging --watch --timeout 60s");
    assert.match(followed, /The roll-out of logging has ended \(PartitionReached\):\n/);
    const changed = history.changed.map((key) => `default/${key.split("/")[0]}`);
    const [first, second] = [changed.slice(0, 2), changed.slice(2)].map((names) => names.sort());
    assert.deepEqual([first, second], forecast.rounds.map((round: string[]) => round.sort()));
    assert.equal(history.mostUnavailable, 2);
  });

  await t.step(
    "rollout pause and resume change the SidecarSet, unless it is a dry run",
    async () => {
      const isPaused = async () =>
        (await getSidecarSet(plane, "logging")).spec.updateStrategy?.paused === true;
      for (
        const [option, note] of [["--dry-run", "dry run"], ["--dry-run=server", "server dry run"]]
      ) {
        assert.equal(
          await shell.output(`sidecarset rollout pause logging ${option}`),
          `sidecarset.apps.kruise.io/logging paused (${note})\n`,
        );
        assert.equal(await isPaused(), false);
      }
      await shell.output("kubectl sidecarset rollout pause logging");
      assert.equal(await isPaused(), true);
      const again = await shell.run("sidecarset rollout pause logging");
      assert.equal(again.code, 1);
      assert.equal(again.stderr, "Nothing to do: SidecarSet logging is already paused\n");

      await shell.output(
        `kubectl patch sidecarset logging --type merge -p '{"spec":{"updateStrategy":{"partition":0}}}'`,
      );
      const blocked = await shell.output("sidecarset status logging --watch --timeout 60s", 1);
      assert.match(blocked, /The roll-out of logging is blocked \(Paused\):\n/);
      assert.equal((await images()).filter((image) => image === "agent:1").length, 1);
      await shell.output("sidecarset rollout resume logging");
      await shell.output("sidecarset status logging --watch --timeout 60s");
      assert.deepEqual(await images(), Array(REPLICAS).fill("agent:2"));
    },
  );

  await t.step("a roll-out that hangs is reported at the timeout, and undone", async () => {
    await apply({ image: "bad:1" });
    const hanging = await shell.run("sidecarset status logging --watch --timeout 2s");
    assert.equal(hanging.code, 3, hanging.stderr);
    assert.match(hanging.stderr, /logging/);
    const before = await getSidecarSet(plane, "logging");
    const tried = await shell.output("sidecarset rollout undo logging --dry-run=server");
    assert.match(tried, /\n- {2}image: bad:1\n\+ {2}image: agent:2\n/);
    const after = await getSidecarSet(plane, "logging");
    assert.equal(after.metadata.generation, before.metadata.generation);
    await shell.output("kubectl sidecarset rollout undo logging");
    await shell.output("sidecarset status logging --watch --timeout 60s");
    assert.deepEqual(await images(), Array(REPLICAS).fill("agent:2"));
  });

  await t.step("rollout undo leads back to each revision of rollout history", async () => {
    const history = async () => {
      const printed = await shell.output("sidecarset rollout history logging -o json");
      const { revisions }: { revisions: Revision[] } = JSON.parse(printed);
      return revisions;
    };
    const revisions = await history();
    const [oldest] = revisions;
    const current = revisions.find(({ current }) => current);
    assert.equal(oldest?.spec.containers[0]?.image, "agent:1");
    assert.equal(current?.spec.containers[0]?.image, "agent:2");
    const listed = await shell.output("kubectl sidecarset rollout history logging");
    assert.match(listed, new RegExp(`^${current.number} +${current.revisionName} .*\\*$`, "m"));
    assert.match(listed, /\n- {2}image: bad:1\n\+ {2}image: agent:2\n/);
    const undo = "sidecarset rollout undo logging --to-revision";
    await shell.output(`${undo} ${oldest.number}`);
    await shell.output("sidecarset status logging --watch --timeout 60s");
    assert.deepEqual(await images(), Array(REPLICAS).fill("agent:1"));
    // What is the newest again has the largest number again.
    const newest = (await history()).at(-1);
    assert.equal(newest?.revisionName, oldest.revisionName);
    const again = await shell.run(`${undo} ${newest.number}`);
    assert.equal(again.code, 1);
    assert.match(again.stderr, /^Nothing to do: SidecarSet logging is already at revision \d+\n$/);
    const unknown = await shell.run(`${undo} 99`);
    assert.equal(unknown.code, 2);
    assert.match(unknown.stderr, /^Cannot find revision 99 of SidecarSet logging: it has \d/);
  });

  await t.step("rollout restart-injection gives Pods what cannot change in place", async () => {
    await apply({ env: [{ name: "LEVEL", value: "debug" }] });
    const blocked = await shell.output("sidecarset status logging --watch --timeout 60s", 1);
    assert.match(blocked, /is blocked \(NotUpgradable\):\n/);
    const [pod] = await pods.list("app=web");
    const why = await shell.output(`sidecarset explain pod/${pod?.metadata.name}`);
    assert.match(why, /injected, outdated\n/);
    assert.match(why, /\n {4}changed fields: spec\.containers\[agent\]\.env\n/);
    assert.match(why, /next: nothing until the Pod is recreated:\n {6}kubectl rollout restart /);
    assert.equal(
      await shell.output("sidecarset rollout restart-injection logging --dry-run=server"),
      "deployment.apps/web restarted (server dry run)\n",
    );
    const elsewhere = await shell.run(
      "sidecarset rollout restart-injection logging -n kube-public",
    );
    assert.equal(elsewhere.code, 1);
    assert.match(elsewhere.stderr, /^Nothing to do: /);
    await shell.output("kubectl sidecarset rollout restart-injection logging");
    await untilReplicas(plane, "web", { replicas: REPLICAS });
    await untilSidecarSet(plane, "logging", {
      what: "has recreated all Pods",
      is: ({ status }) => status?.notUpgradablePods === 0 && status.readyPods === REPLICAS,
    });
    await shell.output("sidecarset status logging --watch --timeout 60s");
  });

  await t.step("rollout canary holds back running and new Pods, and lets them go on", async () => {
    const env = [{ name: "LEVEL", value: "debug" }];
    await shell.output("sidecarset rollout canary logging --percent 40");
    await apply({ image: "agent:4", env });
    await untilSidecarSet(plane, "logging", {
      what: "has two Pods of five at the newest revision",
      is: ({ metadata, status }) =>
        status?.observedGeneration === metadata.generation && status?.updatedPods === 2 &&
        status.updatedReadyPods === 2,
    });
    assert.equal((await images()).filter((image) => image === "agent:4").length, 2);
    await shell.output("sidecarset rollout canary logging --percent 100");
    await shell.output("sidecarset status logging --watch --timeout 60s");
    assert.deepEqual(await images(), Array(REPLICAS).fill("agent:4"));
  });

  await t.step("a paused injection is shown, and how to resume it", async () => {
    await shell.output("kubectl sidecarset rollout pause logging --injection");
    await untilSidecarSet(plane, "logging", {
      what: "says that its injection is paused",
      is: (found) => conditionOf(found, "Ready")?.reason === "InjectionPaused",
    });
    await shell.output("kubectl run late --image=main:1 --labels=app=web");
    await untilSidecarSet(plane, "logging", {
      what: "counts the Pod without the sidecar",
      is: ({ status }) => status?.uninjectedPods === 1,
    });
    assert.match(
      await shell.output("kubectl get scs -o wide"),
      /\blogging .* InjectionPaused +logging-/,
    );
    const status = await shell.output("sidecarset status logging");
    assert.match(status, /^logging .*,InjectionPaused$/m);
    assert.match(status, /\n {4}1 not injected \(InjectionPaused: [^)]*\)\n {6}default\/late\n/);
    assert.match(status, /\n {4}sidecarset rollout resume logging --injection\n/);
    const { code, stderr } = await shell.run("sidecarset rollout restart-injection logging");
    assert.equal(code, 1);
    assert.match(
      stderr,
      /Resume injection first:\n {2}sidecarset rollout resume logging --injection/,
    );
    await shell.output("sidecarset rollout resume logging --injection");
    await shell.output("kubectl wait --for=condition=Ready sidecarset/logging --timeout=60s");
    assert.match(await shell.output("kubectl get scs -o wide"), /\blogging .* InForce +logging-/);
    await shell.output("kubectl delete pod late --now");
  });

  await t.step("status --watch draws a bar on a terminal, in lines that fit", async () => {
    // Longer than the command takes to start, also on a busy machine.
    const strategy = { minReadySeconds: 3 };
    await apply({ image: "agent:3", env: [{ name: "LEVEL", value: "debug" }], strategy });
    const { env, folder: cwd } = shell;
    const command = "sidecarset status logging --watch --timeout 60s";
    await using terminal = PseudoTerminal.open(command, { env, cwd, columns: 60 });
    assert.equal(await terminal.ended(), 0, terminal.shown);
    const lines = terminal.shown.split("\r\n").map(withoutEscapes);
    assert.ok(
      lines.some((line) => /^logging \[=*>-*\] [0-4]\/5 updated, /.test(line)),
      terminal.shown,
    );
    assert.ok(lines.some((line) => /^logging \[=+\] 5\/5 updated, /.test(line)), terminal.shown);
    // Each bar is drawn over the one before.
    // deno-lint-ignore no-control-regex
    assert.match(terminal.shown, /\r\n\x1b\[1A\x1b\[0Jlogging \[/);
    const bars = lines.filter((line) => line.startsWith("logging ["));
    assert.deepEqual(bars.filter((line) => line.length >= 60), []);
    assert.match(terminal.shown, /The roll-out of logging has ended \(UpToDate\):\r\n/);
  });

  await t.step("Ctrl-C ends status --watch and leaves the terminal as it was", async () => {
    await apply({ image: "bad:2", env: [{ name: "LEVEL", value: "debug" }] });
    const { env, folder: cwd } = shell;
    const command = "trap : INT; sidecarset status --watch; echo ended with $?; stty -a";
    await using terminal = PseudoTerminal.open(command, { env, cwd });
    await terminal.until(/logging \[/);
    // Not even an API server that is silent keeps it from ending.
    plane.pauseApiServer();
    await terminal.type("\x03");
    await terminal.ended();
    plane.resumeApiServer();
    assert.match(terminal.shown, /ended with 130\r\n/);
    assert.match(terminal.shown, / icanon .* echo /s);
    assert.ok(!terminal.shown.includes("\x1b[?25l"), "the cursor was hidden");
    assert.doesNotMatch(terminal.shown, /Error|\n +at /);
  });
});

function recordOf({ metadata }: { metadata: { annotations: Record<string, string> } }) {
  const records = JSON.parse(metadata.annotations["kruise.io/sidecarset-hash"] ?? "");
  return records.logging;
}
