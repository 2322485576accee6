import assert from "node:assert/strict";
import { isPrintable } from "../../lib/core/printable.ts";
import { createLogger, logFormats } from "../../lib/runtime/log.ts";

const HOSTILE = "agent\x1b]0;owned\x07:1\x9b2J\u202Ex\nINFO forged";

for (const format of logFormats) {
  Deno.test(`a ${format} log writes one printable line for each entry, whatever its texts hold`, () => {
    const lines: string[] = [];
    const logger = createLogger({
      level: "info",
      format,
      write: (line) => lines.push(line),
      now: () => new Date(0),
    });
    logger.info(`message ${HOSTILE}`, {
      image: HOSTILE,
      word: "a\x1b[31m",
      error: new Error(HOSTILE),
      object: { [HOSTILE]: HOSTILE },
    });
    const [line = ""] = lines;
    assert.equal(lines.length, 1);
    assert.ok(isPrintable(line), JSON.stringify(line));
    assert.ok(!line.includes("\n"));
    if (format !== "json") return;
    const { message, image, error, object } = JSON.parse(line);
    assert.deepEqual([message, image, error], [`message ${HOSTILE}`, HOSTILE, HOSTILE]);
    assert.deepEqual(object, { [HOSTILE]: HOSTILE });
  });
}
