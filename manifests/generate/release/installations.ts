import {
  type InstallationOptions,
  installationYaml,
} from "../../../lib/cli/manifests/installation.ts";

/** The variants of `install.yaml`, by what their names add. */
const INSTALLATIONS: Readonly<Record<string, InstallationOptions>> = {
  "": {},
  "-cert-manager": { certManager: true },
  "-prometheus-operator": { prometheusOperator: true },
  "-cert-manager-prometheus-operator": { certManager: true, prometheusOperator: true },
  "-openkruise": { openkruise: true },
  "-restricted": { restrictController: true, restrictAuthors: true },
};

/** Each variant of the installation, by the name of its file. */
export function installationFiles(image: string): Map<string, string> {
  return new Map(
    Object.entries(INSTALLATIONS).map(([name, options]) => [
      `install${name}.yaml`,
      installationYaml({ ...options, image }),
    ]),
  );
}
