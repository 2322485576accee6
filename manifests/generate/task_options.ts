import { parseArgs, type ParseArgsOptionsConfig } from "node:util";

/** Types of the values of `parseArgs`. */
type Values<T extends ParseArgsOptionsConfig> = ReturnType<
  typeof parseArgs<{ args: string[]; options: T }>
>["values"];

/**
 * The options of a task. Instead of them, the exit status: 0 after `--help` printed the usage, 2 after an argument
 * that the task does not have.
 */
export function taskOptions<T extends ParseArgsOptionsConfig>(
  args: readonly string[],
  { options, usage }: { options: T; usage: string },
): Values<T> | number {
  if (args.includes("--help")) {
    console.log(usage);
    return 0;
  }
  try {
    return parseArgs({ args: [...args], options }).values;
  } catch (error) {
    // parseArgs throws nothing else.
    if (!(error instanceof TypeError)) throw error;
    console.error(`${error.message}\n${usage}`);
    return 2;
  }
}
