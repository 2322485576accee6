import assert from "node:assert/strict";
import { evaluateTemplate } from "../../../lib/cli/terminal/json_path.ts";

const NODES = {
  kind: "List",
  empty: [],
  numbers: [1, 2.5, 3, 4],
  points: [{ id: "a", x: 4 }, { id: "b", x: -2, z: true }, { id: "c", x: null }],
  items: [
    {
      metadata: { name: "n1", labels: { "kubernetes.io/os": "linux", "web/tier": "1" } },
      status: { capacity: { cpu: "4" }, ready: true, addresses: [{ type: "In", address: "1.1" }] },
    },
    {
      metadata: { name: "n2", labels: {} },
      status: {
        capacity: { memory: "1Gi", cpu: "8" },
        ready: false,
        addresses: [{ type: "In", address: "2.1" }, { type: "Ex", address: "2.2" }],
      },
    },
  ],
};

/** Template and output. */
const PRINTED: readonly [string, string][] = [
  ["name {.kind}!", "name List!"],
  ["{@.kind}{$.kind}", "ListList"],
  ["{.items[*].metadata.name}", "n1 n2"],
  ["{ .items[ 0 ].metadata.name }", "n1"],
  ["{.items[-1].metadata.name}", "n2"],
  ["{.numbers}", "[1,2.5,3,4]"],
  ["{.numbers[0:2]} {.numbers[:4:2]} {.numbers[1::2]} {.numbers[-1:]}", "1 2.5 1 3 2.5 4 4"],
  ["{.numbers[0,3]}", "1 4"],
  ["{.numbers[1:1]}{.empty[*]}", ""],
  ["{.items[1].status.capacity}", '{"cpu":"8","memory":"1Gi"}'],
  ["{.items[*].status.capacity.*}", "4 1Gi 8"],
  [
    "{.items[*]['metadata.name', 'status.capacity']}",
    'n1 n2 {"cpu":"4"} {"cpu":"8","memory":"1Gi"}',
  ],
  ["{.items[0].metadata.labels.kubernetes\\.io/os}", "linux"],
  ["{.items[0].metadata.labels['kubernetes\\.io/os']}", "linux"],
  ['{.items[0].metadata.labels["web/tier"]}{.items[0].metadata.labels.web/tier}', "11"],
  ["{..address}", "1.1 2.1 2.2"],
  ["{.items[*]..type}", "In In Ex"],
  ["{.nothing.at.all}{.kind.more}", ""],
  ["{.points[2].x}", "null"],
  ['{"\\t"}{"{"}{\'a\\\'b\'}', "\t{a'b"],
  ['{range .items[*]}{.metadata.name}{"\\n"}{end}{.kind}', "n1\nn2\nList"],
  [
    "{range .items[*]}{.metadata.name}:{range .status.addresses[*]} {.address}{end};{end}",
    "n1: 1.1;n2: 2.1 2.2;",
  ],
  ["{range .empty[*]}{.a}{range .b[*]}{.c}{end}x{end}after", "after"],
  ["{range .items[*]}[{.metadata.name}, {.status.ready}] {end}", "[n1, true] [n2, false] "],
  ['{.items[?(@.metadata.name=="n2")].status.ready}', "false"],
  ["{.items[?(@.metadata.name != 'n2')].status.ready}", "true"],
  ["{.items[?(@.status.ready==true)].metadata.name}", "n1"],
  ["{.items[?(@..ready==true)].metadata.name}", "n1"],
  ['{.items[*].status.addresses[?(@.type=="Ex")].address}', "2.2"],
  ['{.items[?(@.metadata.labels.kubernetes\\.io/os=="linux")].metadata.name}', "n1"],
  ["{.points[?(@.z)].id}", "b"],
  ["{.numbers[?(@>=3)]} {.numbers[?(@<2.5)]} {.numbers[?(@ <= 2.5)]}", "3 4 1 1 2.5"],
  ["{.points[?(@.x>-3)].id}", "a b"],
];

for (const [template, expected] of PRINTED) {
  Deno.test(`the jsonpath template ${JSON.stringify(template)} prints what kubectl prints`, () => {
    assert.equal(evaluateTemplate(template, NODES), expected);
  });
}

/** Template, character of the error and its text. */
const ERRORS: readonly [string, number, RegExp][] = [
  [".kind", 1, /has no expression in braces; write \{\.kind\}$/],
  ["{kind}", 2, /kind is not a keyword; a field begins with a dot: \.kind$/],
  ["a {.kind", 9, /the \{ of character 3 is not closed; add \}$/],
  ["{.items[0}", 10, /the \[ of character 8 is not closed; add \]$/],
  ["{.items[x]}", 9, /need an index, \*, a quoted key or a filter/],
  ["{.items['a}", 9, /the quote is not closed; add '$/],
  ['{"a}', 2, /the quote is not closed; add "$/],
  ['{.items[?(@.a=="b"]}', 19, /the \[\?\( of character 8 is not closed; add \)$/],
  ["{.items[?(@.a=~1)]}", 14, /the operator is unknown; use one of == != <= >= < >$/],
  ["{.items[?(@.a==)]}", 16, /nothing to compare with after ==; add a value/],
  ["{.items[::0]}", 9, /the step of a slice is 0; use 1 or more$/],
  ["{.....name}", 4, /several \.\. in a row; remove one$/],
  ["{end}", 1, /there is no \{range\} to end; remove \{end\}$/],
  ["x{range .items[*]}{.a}", 2, /the \{range\} does not end; add \{end\}$/],
  ["{.items[*]|length}", 11, /\| is not expected here/],
  ["{.items[7].a}", 8, /the list has 2 elements; use an index below 2, or \[\*\]$/],
  ["{.kind[0]}", 7, /\[ \] selects from text; use it on a list$/],
  ["{.items[0].status[?(@.a)]}", 18, /the filter selects from an object; use it on a list$/],
  ['{.numbers[?(@=="3")]}', 10, /compares a number with text; quote text, and only text$/],
  ["{.items[?(@.status.addresses[*].type=='In')]}", 8, /compares several values; select one$/],
];

for (const [template, character, text] of ERRORS) {
  Deno.test(`the jsonpath template ${JSON.stringify(template)} is refused with position and remedy`, () => {
    assert.throws(() => evaluateTemplate(template, NODES), (error: Error) => {
      assert.equal(error.name, "CliError");
      const prefix = `Cannot use the jsonpath template ${template} at character ${character}: `;
      assert.ok(error.message.startsWith(prefix), error.message);
      assert.match(error.message, text);
      return true;
    });
  });
}
