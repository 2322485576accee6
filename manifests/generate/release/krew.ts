import { stringify } from "yaml";
import { platformOf } from "../platforms.ts";

/** One archive with the executable, for one platform. */
export interface PluginArchive {
  /** Deno's name of the platform: `x86_64-unknown-linux-gnu`. */
  readonly target: string;
  readonly archive: string;
  readonly sha256: string;
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
        selector: { matchLabels: { ...platformOf(target) } },
        uri: `${downloads}/${archive}`,
        sha256,
        bin: "kubectl-sidecarset",
        files: [{ from: "sidecarset", to: "kubectl-sidecarset" }],
      })),
    },
  }, { lineWidth: 0 });
}
