import { startControlPlane } from "../support/control_plane.ts";
import { readChapter } from "../support/chapter/chapter.ts";
import { differenceText } from "../support/chapter/match.ts";
import { Stage } from "../support/chapter/stage.ts";
import { TUTORIAL } from "../support/chapter/tutorial.ts";
import { installAndStart } from "../support/installation.ts";
import { makePrograms } from "../support/programs.ts";

Deno.test("every command of the tutorial prints the output below it", async (t) => {
  const { sections } = readChapter(await Deno.readTextFile(TUTORIAL));
  await using plane = await startControlPlane({ controllerManager: true, endJobs: true });
  await using _controller = await installAndStart(plane);
  const stage = new Stage(plane, { programs: await makePrograms(plane.folder) });
  for (const { title, steps } of sections) {
    const isAsWritten = await t.step(title, async () => {
      for (const step of steps) {
        const played = await stage.play(step);
        if (played.written !== undefined) continue;
        throw new Error(
          `Cannot find the output in the tutorial; deno task demo guestbook --update writes it\n` +
            differenceText(step, played),
        );
      }
    });
    // The sections that follow depend on it.
    if (!isAsWritten) return;
  }
});
