/** Parts of the SidecarSet that differ between its versions. */
export interface LoggingOptions {
  image?: string;
  env?: object[];
  strategy?: object;
}

/** A file with a SidecarSet `logging` for Pods of `app: web`, as JSON. */
export function loggingManifest(
  { image = "agent:1", env = [], strategy = {} }: LoggingOptions = {},
): string {
  return JSON.stringify({
    apiVersion: "apps.kruise.io/v1beta1",
    kind: "SidecarSet",
    metadata: { name: "logging", labels: { team: "platform" } },
    spec: {
      selector: { matchLabels: { app: "web" } },
      containers: [{ name: "agent", image, env }],
      updateStrategy: strategy,
    },
  });
}
