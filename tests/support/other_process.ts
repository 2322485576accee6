/** A process that runs a script of these tests, and has printed what it had to say. */
export interface OtherProcess {
  /** The line, of JSON, that it printed. */
  readonly said: unknown;
  /** Ends it with SIGKILL, and waits until it has ended. */
  kill(): Promise<void>;
}

/**
 * Starts a script in another Deno; resolves when it has printed a line. The script goes on by itself until it is
 * killed.
 */
export async function startOtherProcess(script: string): Promise<OtherProcess> {
  const config = new URL("../../deno.json", import.meta.url).pathname;
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--config", config, "--ext=ts", "-"],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  await new Blob([script, "\nsetInterval(() => {}, 1_000);\n"]).stream().pipeTo(child.stdin);
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const { value = "null" } = await reader.read();
  return {
    said: JSON.parse(value),
    async kill() {
      child.kill("SIGKILL");
      await child.status;
      await reader.cancel();
    },
  };
}
