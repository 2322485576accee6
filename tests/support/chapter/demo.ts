import type { ControlPlane } from "../control_plane.ts";
import { readChapter, type Step, withOutputs } from "./chapter.ts";
import { differenceText } from "./match.ts";
import { Stage } from "./stage.ts";
import { README, TUTORIAL } from "./tutorial.ts";

/** How long a look is repeated, in milliseconds, when what it shows is to be written anyway. */
const UPDATE_PATIENCE = 6_000;

export interface DemoOptions {
  /** The folder with the programs that commands name. */
  readonly programs: string;
  /** Write what is printed into the README where it says something else, unless a command fails. */
  readonly update: boolean;
  readonly signal: AbortSignal;
}

/**
 * Plays the README's tutorial and prints it as it goes: the text, each command, and what the command really prints.
 *
 * @returns Where that is not what the README says.
 */
export async function playTutorial(
  plane: ControlPlane,
  { programs, update, signal }: DemoOptions,
): Promise<string[]> {
  const markdown = await Deno.readTextFile(README);
  const patience = update ? { patience: UPDATE_PATIENCE } : {};
  const stage = new Stage(plane, { ...patience, programs, signal });
  const outputs = new Map<Step, readonly string[]>();
  const failures: string[] = [];
  const differences: string[] = [];
  for (const { title, steps } of readChapter(markdown, TUTORIAL).sections) {
    console.log(`\n# ${title}`);
    for (const step of steps) {
      for (const line of step.text) console.log(line);
      console.log(`$ ${step.command.replaceAll("\n", "\n> ")}`);
      const played = await stage.play(step);
      for (const line of played.printed) console.log(line);
      // All outputs are of one run, so that a Pod has the same name all through the chapter.
      outputs.set(step, played.written ?? played.printed);
      if (played.written !== undefined) continue;
      (played.status === 0 ? differences : failures).push(differenceText(step, played));
    }
  }
  if (!update || failures.length > 0) return [...failures, ...differences];
  if (differences.length > 0) await Deno.writeTextFile(README, withOutputs(markdown, outputs));
  // Somebody has to look whether that is right, and whether a line `...` has to come back.
  for (const difference of differences) {
    console.log(`\nThe README says from now on:\n${difference}`);
  }
  return [];
}
