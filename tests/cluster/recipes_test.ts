import assert from "node:assert/strict";
import { parseAllDocuments } from "yaml";
import { startControlPlane } from "../support/control_plane.ts";
import { installAndStart } from "../support/installation.ts";
import { kubectlOutput } from "../support/kubectl.ts";
import { recipes } from "../support/recipes.ts";

Deno.test("every recipe's Pods run with all their containers on a real control plane", async (t) => {
  await using plane = await startControlPlane({ controllerManager: true });
  await using _controller = await installAndStart(plane);
  const run = (...args: string[]) => kubectlOutput(args, plane);
  const found = await recipes();
  for (const { sidecarSet } of found) await run("apply", "-f", sidecarSet);
  await run("wait", "--for=condition=Ready", "sidecarset", "--all", "--timeout=60s");
  for (const { name, workload, ready } of found) {
    await t.step(`${name}: ${ready}`, async () => {
      await run("apply", "-f", workload);
      const objects = parseAllDocuments(await Deno.readTextFile(workload)).map((each) =>
        each.toJS()
      );
      const deployment = objects.find(({ kind }) => kind === "Deployment").metadata.name;
      await run("rollout", "status", `deployment/${deployment}`, "--timeout=60s");
      const pods = await run("get", "pods", "-l", `app=${deployment}`, "--no-headers");
      assert.match(pods.trim(), new RegExp(`^\\S+\\s+${ready}\\s+Running\\b[^\n]*$`));
      await run("wait", `--for=jsonpath={.status.readyPods}=1`, `sidecarset/${name}`);
    });
  }
});
