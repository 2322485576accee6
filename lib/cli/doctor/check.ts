/** What doctor found for one requirement of an installation, with a remedy if it does not hold. */
export interface Check {
  readonly name: string;
  /** `skipped`: this user has no permission for the check. */
  readonly status: "ok" | "warning" | "error" | "skipped";
  readonly message: string;
  /** How to fix the problem; ends with the commands. */
  readonly remedy?: string;
  /** The commands of the remedy, ready to paste. */
  readonly commands?: readonly string[];
}

/** Creates the results of one check. */
export function checkNamed(name: string) {
  const complaint =
    (status: "warning" | "error") =>
    (message: string, advice: string, ...commands: readonly string[]): Check => ({
      name,
      status,
      message,
      remedy: `${advice} ${commands.join("; ")}`.trimEnd(),
      ...(commands.length > 0 ? { commands } : {}),
    });
  return {
    ok: (message: string): Check => ({ name, status: "ok", message }),
    warning: complaint("warning"),
    error: complaint("error"),
    skipped: (message: string): Check => ({ name, status: "skipped", message }),
  };
}

/** The remedy without its commands. */
export function adviceOf({ remedy = "", commands = [] }: Check): string {
  const end = commands.join("; ");
  return remedy.slice(0, remedy.length - end.length).trimEnd();
}
