import type { ControlPlane } from "../control_plane.ts";
import { readChapter, type Step, withOutputs } from "./chapter.ts";
import { differenceText } from "./match.ts";
import { Stage } from "./stage.ts";
import { TUTORIAL } from "./tutorial.ts";

/** How long a command is repeated when its output is written to the tutorial anyway. */
const UPDATE_PATIENCE_MS = 6_000;

export interface DemoOptions {
  /** The folder with the programs that commands name. */
  readonly programs: string;
  /** Write the outputs that differ to the tutorial, unless a command fails. */
  readonly update: boolean;
  readonly signal: AbortSignal;
  /** Called after each command. */
  afterCommand?(command: string): Promise<void>;
}

/**
 * Plays the tutorial and prints its text, each command and the command's real output.
 *
 * @returns the differences from the outputs in the tutorial, as text
 */
export async function playTutorial(
  plane: ControlPlane,
  { programs, update, signal, afterCommand }: DemoOptions,
): Promise<string[]> {
  const markdown = await Deno.readTextFile(TUTORIAL);
  const patience = update ? { patience: UPDATE_PATIENCE_MS } : {};
  const stage = new Stage(plane, { ...patience, programs, signal });
  const outputs = new Map<Step, readonly string[]>();
  const failures: string[] = [];
  const differences: string[] = [];
  for (const { title, steps } of readChapter(markdown).sections) {
    console.log(`\n# ${title}`);
    for (const step of steps) {
      for (const line of step.text) console.log(line);
      console.log(`$ ${step.command.replaceAll("\n", "\n> ")}`);
      const played = await stage.play(step);
      for (const line of played.printed) console.log(line);
      await afterCommand?.(step.command);
      // All outputs are of one run, so that a Pod keeps its name throughout the tutorial.
      outputs.set(step, played.written ?? played.printed);
      if (played.written !== undefined) continue;
      (played.status === 0 ? differences : failures).push(differenceText(step, played));
    }
  }
  if (!update || failures.length > 0) return [...failures, ...differences];
  if (differences.length > 0) await Deno.writeTextFile(TUTORIAL, withOutputs(markdown, outputs));
  // A person has to review the outputs, and to restore each line `...` that was replaced.
  for (const difference of differences) {
    console.log(`\nThe tutorial now has:\n${difference}`);
  }
  return [];
}
