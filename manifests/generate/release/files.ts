import { createHash } from "node:crypto";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { createTar } from "nanotar";

const CHECKSUMS = "SHA256SUMS";

/** One file of an archive. */
export interface ArchivedFile {
  readonly name: string;
  readonly data: Uint8Array | string;
  readonly isExecutable?: boolean;
}

/** Files that are written into one folder, with their checksums. */
export class ReleaseFolder {
  readonly #folder: string;
  readonly #checksums = new Map<string, string>();

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /** Makes the folder, or removes what the SHA256SUMS of an earlier release lists, so that no release has its files. */
  static async open(path: string): Promise<ReleaseFolder> {
    await Deno.mkdir(path, { recursive: true });
    const folder = new ReleaseFolder(path);
    const sums = await Deno.readTextFile(folder.path(CHECKSUMS)).catch(() => "");
    const listed = [...sums.matchAll(/^[0-9a-f]{64} {2}([\w.-]+)$/gm)].map(([, name = ""]) => name);
    for (const name of [...listed, CHECKSUMS]) {
      await Deno.remove(folder.path(name)).catch(unlessMissing);
    }
    return folder;
  }

  /** Names of everything written so far, sorted. */
  get names(): string[] {
    return [...this.#checksums.keys()].sort();
  }

  path(name: string): string {
    return join(this.#folder, name);
  }

  async write(name: string, data: Uint8Array | string): Promise<void> {
    const bytes = toBytes(data);
    await Deno.writeFile(this.path(name), bytes);
    this.#checksums.set(name, sha256(bytes));
  }

  /** Takes in a file that another program has written into the folder. */
  async add(name: string): Promise<void> {
    this.#checksums.set(name, sha256(await Deno.readFile(this.path(name))));
  }

  /** @throws {Error} if there is no such file */
  checksum(name: string): string {
    const checksum = this.#checksums.get(name);
    if (checksum === undefined) throw new Error(`Cannot give the checksum of ${name}: not written`);
    return checksum;
  }

  /** Writes SHA256SUMS in the format of sha256sum(1). */
  async writeChecksums(): Promise<void> {
    const lines = this.names.map((name) => `${this.#checksums.get(name)}  ${name}\n`);
    await Deno.writeTextFile(this.path(CHECKSUMS), lines.join(""));
  }
}

/**
 * A .tar.gz whose bytes depend on the files alone: sorted by name, without time, user or group of this machine.
 *
 * @returns gzip bytes
 */
export function archive(files: readonly ArchivedFile[]): Uint8Array {
  const sorted = [...files].sort((a, b) => a.name < b.name ? -1 : 1);
  const tar = createTar(
    sorted.map(({ name, data, isExecutable }) => ({
      name,
      data: toBytes(data),
      attrs: { mode: isExecutable ? "755" : "644", mtime: 0 },
    })),
    { attrs: { uid: 0, gid: 0, user: "root", group: "root" } },
  );
  return gzipSync(tar, { level: 9 });
}

function unlessMissing(error: unknown): void {
  if (!(error instanceof Deno.errors.NotFound)) throw error;
}

function toBytes(data: Uint8Array | string): Uint8Array {
  return typeof data === "string" ? new TextEncoder().encode(data) : data;
}

function sha256(data: Uint8Array): string {
  return createHash("sha256").update(data).digest("hex");
}
