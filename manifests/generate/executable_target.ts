const ELF = 0x464c457f;
const MACH_O = 0xfeedfacf;
/** `e_machine` of ELF. */
const ELF_MACHINES: Readonly<Record<number, string>> = { 0x3e: "x86_64", 0xb7: "aarch64" };
/** `cputype` of Mach-O. */
const MACH_O_MACHINES: Readonly<Record<number, string>> = {
  0x01000007: "x86_64",
  0x0100000c: "aarch64",
};
const HEADER_BYTES = 20;

/**
 * The target that an executable file runs on, by its ELF or Mach-O header.
 *
 * @returns Deno's name of the target, or undefined for another format or machine
 * @throws {Error} if the file cannot be read
 */
export async function targetOf(file: string): Promise<string | undefined> {
  using opened = await Deno.open(file);
  const bytes = new Uint8Array(HEADER_BYTES);
  await opened.read(bytes);
  const header = new DataView(bytes.buffer);
  const magic = header.getUint32(0, true);
  if (magic === ELF) {
    const machine = ELF_MACHINES[header.getUint16(18, true)];
    return machine && `${machine}-unknown-linux-gnu`;
  }
  if (magic !== MACH_O) return undefined;
  const machine = MACH_O_MACHINES[header.getUint32(4, true)];
  return machine && `${machine}-apple-darwin`;
}
