import { stringify } from "yaml";

/** One archive with the executable, for one platform. */
export interface PluginArchive {
  /** Deno's name of the platform: `x86_64-unknown-linux-gnu`. */
  readonly target: string;
  readonly archive: string;
  readonly sha256: string;
}

const PLATFORMS: Readonly<Record<string, { os: string; arch: string }>> = {
  "x86_64-unknown-linux-gnu": { os: "linux", arch: "amd64" },
  "aarch64-unknown-linux-gnu": { os: "linux", arch: "arm64" },
  "x86_64-apple-darwin": { os: "darwin", arch: "amd64" },
  "aarch64-apple-darwin": { os: "darwin", arch: "arm64" },
};

/** `linux-amd64` for a target of `deno compile`. */
export function platformName(target: string): string {
  const { os, arch } = platformOf(target);
  return `${os}-${arch}`;
}

/**
 * The krew manifest of `kubectl sidecarset`.
 *
 * @param downloads URL of the folder that has the archives
 * @param homepage URL of the project
 * @returns YAML
 */
export function krewManifest(
  { version, downloads, homepage, archives }: {
    version: string;
    downloads: string;
    homepage?: string | undefined;
    archives: readonly PluginArchive[];
  },
): string {
  return stringify({
    apiVersion: "krew.googlecontainertools.github.com/v1alpha2",
    kind: "Plugin",
    metadata: { name: "sidecarset" },
    spec: {
      version: `v${version}`,
      ...(homepage === undefined ? {} : { homepage }),
      shortDescription: "Explain, validate and roll out SidecarSets",
      description:
        "Explains why a Pod has or lacks its sidecars, validates and previews SidecarSets offline,\n" +
        "follows and steers roll-outs, and checks an installation of the SidecarSet controller.\n",
      platforms: archives.map(({ target, archive, sha256 }) => ({
        selector: { matchLabels: platformOf(target) },
        uri: `${downloads}/${archive}`,
        sha256,
        bin: "kubectl-sidecarset",
        files: [{ from: "sidecarset", to: "kubectl-sidecarset" }],
      })),
    },
  }, { lineWidth: 0 });
}

function platformOf(target: string): { os: string; arch: string } {
  const platform = PLATFORMS[target];
  if (!platform) {
    const known = Object.keys(PLATFORMS).join(", ");
    throw new Error(`Cannot name the platform of ${target}: the known ones are ${known}`);
  }
  return platform;
}
