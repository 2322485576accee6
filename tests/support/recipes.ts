/** A recipe of `manifests/examples/recipes`: a SidecarSet, and a workload that it selects. */
export interface Recipe {
  readonly name: string;
  /** Path of the SidecarSet's file. */
  readonly sidecarSet: string;
  /** Path of the workload's file; its last Deployment is the workload. */
  readonly workload: string;
  /** Containers of its Pods that run, sidecars included: what `READY` counts, such as `2/2`. */
  readonly ready: string;
}

const folder = new URL("../../manifests/examples/recipes/", import.meta.url);

/** An init container ends before the Pod is ready, so `READY` does not count it. */
const READY: Readonly<Record<string, string>> = { "java-agent": "1/1" };

/** All recipes, by name. */
export async function recipes(): Promise<Recipe[]> {
  const names = (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name).sort();
  return names.map((name) => ({
    name,
    sidecarSet: new URL(`${name}/sidecarset.yaml`, folder).pathname,
    workload: new URL(`${name}/workload.yaml`, folder).pathname,
    ready: READY[name] ?? "2/2",
  }));
}
