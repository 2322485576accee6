import assert from "node:assert/strict";
import { parsedForms } from "../../../lib/cli/command_line/arguments.ts";
import { connect } from "../../../lib/cli/command_line/context.ts";
import { secondsOf } from "../../../lib/cli/command_line/options.ts";
import { createProgram } from "../../../lib/cli/program.ts";
import { createTerminal } from "../../../lib/cli/terminal/terminal.ts";
import { stringTerminal } from "../string_terminal.ts";

const program = createProgram({ terminal: createTerminal(stringTerminal()), connect, exit() {} });

for (
  const [given, parsed] of [
    ["status -o=json", "status -o json"],
    ["status -o= web", "status -o  web"],
    ["explain pods -l=app=web -n=shop", "explain pods -l app=web -n shop"],
    ["explain pods -Al=app=web", "explain pods -Al app=web"],
    ["status -ojsonpath={.a}=b", "status -ojsonpath={.a}=b"],
    ["status --watch=true -w=true", "status --watch -w"],
    ["status --watch=false --verbose=false", "status"],
    ["controller --ignore-openkruise=true", "controller --ignore-openkruise"],
    ["uninstall --dry-run", "uninstall --dry-run=client"],
    ["uninstall --dry-run=server", "uninstall --dry-run=server"],
    ["status --watch=maybe --output=json", "status --watch=maybe --output=json"],
    ["explain pods -l a=b -f -", "explain pods -l a=b -f -"],
    ["status -- -o=json --dry-run", "status -- -o=json --dry-run"],
  ] as const
) {
  Deno.test(`parsedForms() makes "${parsed}" of "${given}"`, () => {
    assert.deepEqual(parsedForms(given.split(" "), program), parsed.split(" "));
  });
}

for (
  const [text, seconds] of [
    ["0", 0],
    ["90", 90],
    ["0s", 0],
    ["500ms", 0.5],
    ["5m", 300],
    ["1m30s", 90],
    ["1.5h", 5_400],
  ] as const
) {
  Deno.test(`secondsOf() reads the duration ${text}`, () => {
    assert.equal(secondsOf(text), seconds);
  });
}

for (const text of ["", "1.5", "-1s", "1d", "1m30", "s", "1..5s", "soon"]) {
  Deno.test(`secondsOf() refuses ${JSON.stringify(text)}`, () => {
    assert.throws(() => secondsOf(text), /Give a whole number of seconds, or a duration/);
  });
}
