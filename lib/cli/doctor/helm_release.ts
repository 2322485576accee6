import { isObject } from "../../api/json.ts";
import type { RestClient } from "../../kube/contract.ts";
import { resources } from "../../kube/resources.ts";
import { readAll } from "../cluster/reading.ts";

/** The deployed revision of a Helm release. */
interface HelmRelease {
  readonly name: string;
  readonly namespace: string;
  /** YAML documents. */
  readonly manifest: string;
  /** Name and version of its chart. */
  readonly chart: { readonly name: string; readonly version: string };
}

/**
 * Reads the deployed revision of a release from Helm's Secret. Rejects with the API server's error.
 *
 * @returns undefined if there is none, or it cannot be decoded
 */
export async function readHelmRelease(
  client: RestClient,
  { name, namespace }: Pick<HelmRelease, "name" | "namespace">,
): Promise<HelmRelease | undefined> {
  const labelSelector = `owner=helm,name=${name},status=deployed`;
  const [secret] = await readAll(client, resources.secrets, { namespace, labelSelector });
  const encoded = secret?.data?.release;
  if (encoded === undefined) return undefined;
  const release = await decoded(encoded).catch(() => undefined);
  if (!isObject(release) || typeof release.manifest !== "string") return undefined;
  const metadata = isObject(release.chart) ? release.chart.metadata : undefined;
  const chart = isObject(metadata)
    ? { name: String(metadata.name), version: String(metadata.version) }
    : { name: "CHART", version: "VERSION" };
  return { name, namespace, manifest: release.manifest, chart };
}

/** Helm stores Base64 of gzip in the Secret, which is Base64 itself. */
async function decoded(text: string): Promise<unknown> {
  const bytes = Uint8Array.fromBase64(atob(text));
  const unzipped = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return await new Response(unzipped).json();
}
