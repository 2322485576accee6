import { CRD_NAME, STORAGE_VERSION } from "./names.ts";

/**
 * The error for an API server that does not serve SidecarSets (404 for the collection), with the command that
 * installs them.
 *
 * @param program name of this program's command
 */
export function missingCrdText(program: string): string {
  return `Cannot find the CustomResourceDefinition ${CRD_NAME} with version ${STORAGE_VERSION}: ` +
    "SidecarSet is not installed in this cluster; install it with: " +
    `${program} manifests --image IMAGE | kubectl apply -f -`;
}
