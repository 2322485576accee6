/** What one check of an installation found. */
export interface Check {
  readonly name: string;
  /** `skipped`: this user may not look. */
  readonly status: "ok" | "warning" | "error" | "skipped";
  readonly message: string;
  /** How to fix it, with the commands at its end. */
  readonly remedy?: string;
  /** The commands of the remedy, to be pasted. */
  readonly commands?: readonly string[];
}

/** Makes the findings of one check. */
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
