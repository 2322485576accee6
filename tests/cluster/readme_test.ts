import { join } from "node:path";
import { readChapter } from "../support/chapter/chapter.ts";
import { differenceText } from "../support/chapter/match.ts";
import { Stage } from "../support/chapter/stage.ts";
import { startControlPlane } from "../support/control_plane.ts";
import { type ControllerProcess, startController } from "../support/controller_process.ts";
import { addHelm } from "../support/helm.ts";
import { makePrograms } from "../support/programs.ts";

const README = new URL("../../README.md", import.meta.url);

/** In place of Docker and kind, programs that do nothing: the cluster exists. */
const STAND_INS = ["docker", "kind"];

Deno.test("the commands of the README lead from nothing to 2/2", async () => {
  const { sections } = readChapter(await Deno.readTextFile(README));
  await using plane = await startControlPlane({ controllerManager: true });
  const programs = await makePrograms(plane.folder);
  await addHelm(programs);
  for (const name of STAND_INS) {
    await Deno.writeTextFile(join(programs, name), "#!/bin/sh\n", { mode: 0o755 });
  }
  const stage = new Stage(plane, { programs });
  await using resources = new AsyncDisposableStack();
  let controller: ControllerProcess | undefined;
  for (const step of sections.flatMap(({ steps }) => steps)) {
    const played = await stage.play(step);
    if (played.written === undefined) {
      throw new Error(`Cannot find the output in the README\n${differenceText(step, played)}`);
    }
    if (controller || !step.command.startsWith("helm install")) continue;
    // No container runs on this control plane: the program runs as a process, with the rights that the chart grants.
    controller = await startController({ kubeconfig: plane.controllerKubeconfig });
    resources.use(controller);
  }
  if (!controller) throw new Error("Cannot find the command of the README that installs");
});
