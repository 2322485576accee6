import assert from "node:assert/strict";
import { delimiter, join } from "node:path";
import { findBinaries } from "../../support/binaries.ts";
import { testWith } from "../../support/installed.ts";
import { PseudoTerminal } from "../../support/pseudo_terminal.ts";
import { clusterOf } from "../object_cluster.ts";
import { runCli } from "../string_terminal.ts";

const CONTEXTS = ["arn:aws:eks:eu-west-1:1:cluster/blue", "green"];
const KUBECONFIG = JSON.stringify({
  kind: "Config",
  contexts: CONTEXTS.map((name) => ({ name, context: { cluster: "c", user: "u" } })),
});
const OBJECTS = [
  ...["logging", "mesh"].map((name) => ({
    apiVersion: "apps.kruise.io/v1beta1",
    kind: "SidecarSet",
    metadata: { name },
  })),
  { apiVersion: "v1", kind: "Namespace", metadata: { name: "shop" } },
];

for (
  const [words, expected] of [
    ["sidecarsets -- status", "logging\nmesh\n"],
    ["namespaces -- explain -n", "shop\n"],
    ["contexts -- status --kubeconfig=k.yaml --context", CONTEXTS.join("\n") + "\n"],
    ["contexts -- status --kubeconfig = k.yaml --context", CONTEXTS.join("\n") + "\n"],
    ["contexts -- status --kubeconfig other.yaml --context", ""],
  ] as const
) {
  Deno.test(`the completion of ${words} lists the values`, async () => {
    const { client } = clusterOf(OBJECTS);
    const files = { "k.yaml": KUBECONFIG, "other.yaml": "kind: Config" };
    const ran = await runCli(["__complete", ...words.split(" "), ""], { client, files });
    assert.deepEqual(ran, { status: 0, output: expected, errors: "" });
  });
}

Deno.test("the completion of values is silent without a cluster, rights, a kubeconfig or an answer", async () => {
  const forbidden = clusterOf(OBJECTS, { isForbidden: () => true }).client;
  for (
    const options of [
      {},
      { client: forbidden },
      { files: { "k.yaml": "[" }, env: { KUBECONFIG: "k.yaml" } },
    ]
  ) {
    for (const values of ["sidecarsets", "namespaces", "contexts"]) {
      const ran = await runCli(["__complete", values, "--", "status", ""], options);
      assert.deepEqual(ran, { status: 0, output: "", errors: "" });
    }
  }
});

Deno.test("the command for the completion of values is in no help and no completion", async () => {
  for (const args of [["--help"], ["completion", "fish"]]) {
    const { output } = await runCli(args);
    assert.doesNotMatch(output, /^ +__complete|-a '__complete'/m);
  }
});

/** Lists values in place of the program, and prints what it is called with otherwise. */
const STAND_IN = `#!/bin/sh
[ "$1" = __complete ] || { printf 'called: %s\\n' "$*"; exit; }
echo "$*" >> "$CALLS"
case "$2" in
sidecarsets) printf 'logging\\nmesh\\n' ;;
contexts) printf '${CONTEXTS.join("\\n")}\\n' ;;
namespaces) printf 'shop\\nkube-system\\n' ;;
esac
`;

/** A folder with the stand-in on the PATH, under both names. */
async function withStandIn(
  work: (options: { folder: string; env: Record<string, string> }) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    for (const name of ["sidecarset", "kubectl-sidecarset"]) {
      await Deno.writeTextFile(join(folder, name), STAND_IN, { mode: 0o755 });
    }
    const env = {
      HOME: folder,
      PATH: `${folder}${delimiter}${Deno.env.get("PATH")}`,
      CALLS: join(folder, "calls"),
      TERM: "dumb",
    };
    await work({ folder, env });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** What is typed, Tab included, and what the program is then called with. */
const LINES: readonly (readonly [string, string])[] = [
  ["status log\t", "status logging"],
  ["rollout pause me\t", "rollout pause mesh"],
  ["status --context gr\t", "status --context green"],
  ["status --context=gr\t", "status --context=green"],
  ["status --context arn:aws:e\tlog\t", `status --context ${CONTEXTS[0]} logging`],
  ["explain pods -n sh\t", "explain pods -n shop"],
];

const SHELLS = {
  bash: { command: "bash --rcfile rc -i", file: "rc", rc: ["unset HISTFILE"] },
  zsh: {
    command: "ZDOTDIR=. zsh -d -i",
    file: ".zshrc",
    rc: ["autoload -Uz compinit && compinit -D -u"],
  },
} as const;

for (const shell of ["bash", "zsh"] as const) {
  const { command, file, rc } = SHELLS[shell];
  testWith(
    shell,
    `names of the cluster are completed while they are typed in ${shell}`,
    async () => {
      const script = (await runCli(["completion", shell])).output;
      await withStandIn(async ({ folder, env }) => {
        await Deno.writeTextFile(join(folder, file), [...rc, script, "PS1='ready> '"].join("\n"));
        const options = { cwd: folder, env: { ...env, INPUTRC: "/dev/null" }, columns: 200 };
        await using terminal = PseudoTerminal.open(command, options);
        await terminal.until(/ready> /);
        for (const [keys, called] of LINES) {
          await terminal.type(`sidecarset ${keys}\r`);
          await terminal.until(new RegExp(`called: ${called.replaceAll(".", "\\.")} ?\r?\n`));
        }
      });
    },
  );
}

async function lines(program: string, options: Deno.CommandOptions): Promise<string[]> {
  const { stdout } = await new Deno.Command(program, { ...options, stderr: "null" }).output();
  return new TextDecoder().decode(stdout).split("\n").filter((line) => line !== "")
    .map((line) => line.split("\t")[0] ?? "");
}

testWith("fish", "names of the cluster are completed in fish", async () => {
  const script = (await runCli(["completion", "fish"])).output;
  await withStandIn(async ({ folder, env }) => {
    const functions = join(folder, "fish", "completions");
    await Deno.mkdir(functions, { recursive: true });
    await Deno.writeTextFile(join(functions, "sidecarset.fish"), script);
    for (
      const [line, expected] of [
        ["sidecarset status ", ["logging", "mesh"]],
        ["sidecarset rollout undo lo", ["logging"]],
        ["sidecarset status --context ar", [CONTEXTS[0]]],
        ["sidecarset explain pods -n ", ["kube-system", "shop"]],
      ] as const
    ) {
      const offered = await lines("fish", {
        args: ["-c", "complete -C $argv[1]", line],
        cwd: folder,
        env: { ...env, XDG_CONFIG_HOME: folder, XDG_DATA_HOME: folder },
      });
      assert.deepEqual(offered.toSorted(), expected, line);
    }
  });
});

Deno.test("names of the cluster are completed behind kubectl sidecarset, by the options that are typed", async () => {
  const binaries = await findBinaries(["kubectl"], { progress: console.error });
  const program = "kubectl sidecarset";
  const script = (await runCli(["completion", "kubectl"], { program })).output;
  await withStandIn(async ({ folder, env }) => {
    const name = join(folder, "kubectl_complete-sidecarset");
    await Deno.writeTextFile(name, script, { mode: 0o755 });
    const offered = await lines(binaries.path("kubectl"), {
      args: ["__complete", "sidecarset", "status", "--context", "green", "lo"],
      env: { ...env, KUBECONFIG: "/dev/null" },
    });
    assert.deepEqual(offered.filter((line) => !line.startsWith(":")), ["logging"]);
    const calls = await Deno.readTextFile(env.CALLS ?? "");
    assert.equal(calls, "__complete sidecarsets -- status --context green lo\n");
  });
});
