/** What one check of an installation found. */
export interface Check {
  readonly name: string;
  /** `skipped`: this user may not look. */
  readonly status: "ok" | "warning" | "error" | "skipped";
  readonly message: string;
  /** How to mend it. */
  readonly remedy?: string;
}

/** Makes the findings of one check. */
export function checkNamed(name: string) {
  return {
    ok: (message: string): Check => ({ name, status: "ok", message }),
    warning: (message: string, remedy: string): Check => ({
      name,
      status: "warning",
      message,
      remedy,
    }),
    error: (message: string, remedy: string): Check => ({ name, status: "error", message, remedy }),
    skipped: (message: string): Check => ({ name, status: "skipped", message }),
  };
}
