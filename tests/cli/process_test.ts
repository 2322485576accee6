import assert from "node:assert/strict";
import { freePorts } from "../support/free_port.ts";
import { PseudoTerminal } from "../support/pseudo_terminal.ts";

const root = new URL("../../", import.meta.url).pathname;
const examples = `${root}manifests/examples`;

/** The program as offline commands need it: with nothing but files and the environment. */
const PROGRAM = `"${Deno.execPath()}" run -q --no-check --allow-env --allow-read "${root}main.ts"`;

async function shell(command: string, env: Record<string, string> = {}) {
  const { code, stdout, stderr } = await new Deno.Command("sh", {
    args: ["-c", command],
    env,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).output();
  const decoder = new TextDecoder();
  return { code, output: decoder.decode(stdout), errors: decoder.decode(stderr) };
}

// deno-lint-ignore no-control-regex
const COLOR = /\x1b\[\d+m/;

const EXPLAIN = `${PROGRAM} explain -f ${examples}`;

Deno.test("the program reads a folder, and prints no colours into a pipe", async () => {
  const { code, output, errors } = await shell(EXPLAIN, { NO_COLOR: "" });
  assert.equal(code, 0, errors);
  assert.match(output, /^pod\/test-pod in namespace default\n/m);
  assert.doesNotMatch(output, COLOR);
});

Deno.test("the program shows colours on a terminal that has them, unless NO_COLOR says otherwise", async () => {
  for (
    const [env, isColored] of [
      [{ NO_COLOR: "" }, true],
      [{ NO_COLOR: "1" }, false],
      [{ NO_COLOR: "", TERM: "dumb" }, false],
    ] as const
  ) {
    await using terminal = PseudoTerminal.open(EXPLAIN, { env });
    assert.equal(await terminal.ended(), 0, terminal.shown);
    assert.match(terminal.shown, /test-pod in namespace default/);
    assert.equal(COLOR.test(terminal.shown), isColored, JSON.stringify(env));
  }
});

Deno.test("the program names itself as it is called, be it as kubectl's plugin", async () => {
  const called = (name: string, args: string) =>
    shell(`bash -c 'exec -a ${name} "$@"' - ${PROGRAM} ${args}`);
  const plugin = await called("/usr/local/bin/kubectl-sidecarset", "rollout pause --help");
  assert.match(plugin.output, /^Usage: kubectl sidecarset rollout pause /);
  assert.match(plugin.output, /^ {2}kubectl sidecarset rollout pause logging$/m);
  const alone = await called("/usr/local/bin/sidecarset", "rollout pause --help");
  assert.match(alone.output, /^Usage: sidecarset rollout pause /);
});

Deno.test("the program ends without an error message when its output is closed", async () => {
  const { output, errors } = await shell(`${PROGRAM} manifests | head -n 1`);
  assert.equal(output, "apiVersion: v1\n");
  assert.equal(errors, "");
});

Deno.test("the program reports a full disk as an error, not as a bug", async () => {
  const { code, errors } = await shell(`${PROGRAM} version > /dev/full`);
  assert.equal(code, 2);
  assert.match(errors, /^Cannot write standard output: No space left/);
  const silent = await shell(`${PROGRAM} validate -f ${examples} 2> /dev/full`);
  assert.equal(silent.code, 0);
});

Deno.test("the program reads /dev/stdin and what a shell puts into a descriptor", async () => {
  const command = `cat ${examples}/pod.yaml | ${PROGRAM} inject -f /dev/stdin -f`;
  const { code, output, errors } = await shell(
    `bash -c '${command.replaceAll("'", `'\\''`)} <(cat ${examples}/sidecarset.yaml)'`,
  );
  assert.equal(code, 0, errors);
  assert.match(output, /- name: sidecar1\n/);
});

Deno.test("Ctrl-C ends a command that waits for its input", async () => {
  const command = `trap : INT; echo begins; ${PROGRAM} validate -f -; echo ended with $?`;
  await using terminal = PseudoTerminal.open(command);
  await terminal.until(/begins/);
  await terminal.type("kind: List\r");
  await terminal.until(/kind: List/);
  await terminal.type("\x03");
  await terminal.until(/ended with 130/);
  assert.doesNotMatch(terminal.shown, /\n +at /);
});

Deno.test("the program reports an unusable file in one line, with a stack trace only when asked", async () => {
  const { code, errors } = await shell(`${PROGRAM} inject -f none.yaml`);
  assert.equal(code, 2);
  assert.equal(errors, "Cannot read none.yaml: there is no such file\n");
  const verbose = await shell(`${PROGRAM} inject -f none.yaml --verbose`);
  assert.match(verbose.errors, /there is no such file\n +at /);
});

Deno.test("the controller ends with the address and the remedy when a port is busy at its start", async () => {
  const controller = PROGRAM.replace(" --allow-env --allow-read", " -P --no-prompt");
  const kubeconfig = await Deno.makeTempFile({ suffix: ".yaml" });
  await Deno.writeTextFile(
    kubeconfig,
    JSON.stringify({
      apiVersion: "v1",
      kind: "Config",
      "current-context": "test",
      clusters: [{ name: "test", cluster: { server: "https://127.0.0.1:1" } }],
      users: [{ name: "test", user: { token: "test" } }],
      contexts: [{ name: "test", context: { cluster: "test", user: "test" } }],
    }),
  );
  try {
    for (const name of ["webhook", "health"]) {
      using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
      const { port } = taken.addr;
      const other = name === "webhook" ? "health" : "webhook";
      const [free] = freePorts(1);
      const { code, errors } = await shell(
        `${controller} controller --kubeconfig ${kubeconfig} --${name}-port ${port} --${other}-port ${free}` +
          " --webhook-host 127.0.0.1 --health-host 127.0.0.1",
      );
      assert.equal(code, 2, errors);
      const [last] = errors.trimEnd().split("\n").slice(-1);
      assert.equal(
        last,
        `Cannot listen on 127.0.0.1:${port}: Address already in use (os error 98); ` +
          `free the port or change --${name}-port`,
      );
    }
  } finally {
    await Deno.remove(kubeconfig);
  }
});
