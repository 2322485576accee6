/** Operating system and machine, as containers and krew name them. */
export interface Platform {
  readonly os: "linux" | "darwin";
  readonly arch: "amd64" | "arm64";
}

/** Where the executable runs, as `deno compile` names it. */
const PLATFORMS: Readonly<Record<string, Platform>> = {
  "x86_64-unknown-linux-gnu": { os: "linux", arch: "amd64" },
  "aarch64-unknown-linux-gnu": { os: "linux", arch: "arm64" },
  "x86_64-apple-darwin": { os: "darwin", arch: "amd64" },
  "aarch64-apple-darwin": { os: "darwin", arch: "arm64" },
};

/** All targets that the program can be compiled for. */
export const TARGETS: readonly string[] = Object.keys(PLATFORMS);

/** What is wrong with the name of a target. */
export function unknownTarget(target: string): string | undefined {
  if (PLATFORMS[target]) return undefined;
  return `Cannot compile for ${target}: the targets are ${TARGETS.join(", ")}`;
}

/** @throws {Error} if there is no such target */
export function platformOf(target: string): Platform {
  const platform = PLATFORMS[target];
  if (!platform) {
    throw new Error(
      `Cannot name the platform of ${target}: the known ones are ${TARGETS.join(", ")}`,
    );
  }
  return platform;
}

/** `linux-amd64` for a target. */
export function platformName(target: string): string {
  const { os, arch } = platformOf(target);
  return `${os}-${arch}`;
}
