import { join } from "node:path";
import { PseudoTerminal } from "../../support/pseudo_terminal.ts";
import { testWith } from "../../support/installed.ts";
import { runCli } from "../string_terminal.ts";

/** Prints what it is called with, in place of the program. */
const STAND_IN = 'sidecarset() { printf "called: %s\\n" "$*"; }';

/** How each shell is started for a person, and what its start file has before the completion script. */
const SHELLS = {
  // Without a history, which it would write to its folder after its terminal has closed.
  bash: { command: "bash --rcfile rc -i", rc: ["unset HISTFILE", STAND_IN] },
  zsh: {
    command: "ZDOTDIR=. zsh -d -i",
    rc: ["autoload -Uz compinit && compinit -D -u", STAND_IN],
  },
} as const;

/** What is typed, Tab included, and what the program is then called with. */
const LINES: [string, string][] = [
  ["inj\t-o di\t-f se\t", "inject -o diff -f set.yaml"],
  ["roll\tpau\tlogging --dry\t", "rollout pause logging --dry-run"],
  ["unin\t--dry-run=ser\t", "uninstall --dry-run=server"],
  ["stat\t--output=js\t", "status --output=json"],
  ["val\tse\t", "validate set.yaml"],
  ["completion fi\t", "completion fish"],
];

for (const shell of ["bash", "zsh"] as const) {
  const { command, rc } = SHELLS[shell];
  testWith(shell, `the completion script completes what is typed in ${shell}`, async () => {
    const folder = await Deno.makeTempDir();
    try {
      const script = (await runCli(["completion", shell])).output;
      const start = [...rc, script, "PS1='ready> '"].join("\n");
      await Deno.writeTextFile(join(folder, shell === "zsh" ? ".zshrc" : "rc"), start);
      await Deno.writeTextFile(join(folder, "set.yaml"), "");
      const env = { HOME: folder, INPUTRC: "/dev/null" };
      await using terminal = PseudoTerminal.open(command, { cwd: folder, env, columns: 200 });
      await terminal.until(/ready> /);
      for (const [keys, called] of LINES) {
        await terminal.type(`sidecarset ${keys}\r`);
        await terminal.until(new RegExp(`called: ${called} ?\r?\n`));
      }
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });
}
