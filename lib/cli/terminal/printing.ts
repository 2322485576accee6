import { inspect } from "node:util";
import { printable } from "../../core/printable.ts";
import type { Color, Device, Terminal } from "./terminal.ts";

/**
 * The terminal of a command. This is the one place where text leaves for a person: what a cluster or a file has put into it loses its
 * control characters here, and only what the program itself has coloured gets escape sequences.
 */
export function createTerminal(device: Device): Terminal {
  // A mark that no text from elsewhere can hold.
  const mark = crypto.randomUUID();
  const marks = new RegExp(`${mark}(\\d+);`, "g");
  const shown = (text: string) =>
    printable(text).replace(marks, (_mark, code: string) => `\x1b[${code}m`);
  return {
    ...device,
    write: (text) => device.write(shown(text)),
    error: (text) => device.error(shown(text)),
    writeData: (text) => device.write(text),
    styled(text: string, color: Color) {
      const [on, off] = inspect.colors[color] ?? [0, 0];
      return `${mark}${on};${text}${mark}${off};`;
    },
    eraseLines: (count) => device.error(`\x1b[${count}A\x1b[0J`),
  };
}
