import assert from "node:assert/strict";
import { targetOf } from "../../manifests/generate/executable_target.ts";

/** The start of an executable file: its magic number, and the machine at its place. */
function header(magic: readonly number[], place: number, machine: number): Uint8Array {
  const bytes = new Uint8Array(64);
  bytes.set(magic);
  new DataView(bytes.buffer).setUint16(place, machine, true);
  return bytes;
}

const ELF = [0x7f, 0x45, 0x4c, 0x46];
const MACH_O = [0xcf, 0xfa, 0xed, 0xfe, 0, 0, 0, 0x01];
const FILES: readonly [string, Uint8Array, string | undefined][] = [
  ["Linux on x86-64", header(ELF, 18, 62), "x86_64-unknown-linux-gnu"],
  ["Linux on 64-bit ARM", header(ELF, 18, 183), "aarch64-unknown-linux-gnu"],
  ["Linux on RISC-V", header(ELF, 18, 243), undefined],
  ["macOS on x86-64", header(MACH_O, 4, 7), "x86_64-apple-darwin"],
  ["macOS on 64-bit ARM", header(MACH_O, 4, 12), "aarch64-apple-darwin"],
  ["a script", new TextEncoder().encode("#!/bin/sh\n"), undefined],
  ["an empty file", new Uint8Array(), undefined],
];

for (const [what, bytes, target] of FILES) {
  Deno.test(`an executable for ${what} has the target ${target ?? "that no name stands for"}`, async () => {
    const file = await Deno.makeTempFile();
    try {
      await Deno.writeFile(file, bytes);
      assert.equal(await targetOf(file), target);
    } finally {
      await Deno.remove(file);
    }
  });
}

Deno.test("this Deno has the target that it names", async () => {
  assert.equal(await targetOf(Deno.execPath()), Deno.build.target);
});
