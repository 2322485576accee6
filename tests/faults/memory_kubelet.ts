import type { Pod } from "../../lib/api/pod.ts";
import type { MemoryApi } from "./memory_api.ts";

interface ContainerOf {
  readonly name: string;
  readonly image: string;
}

/** The kubelets of a {@linkcode MemoryApi}: each container that has got another image runs it, and is ready. */
export function startContainers(api: MemoryApi): void {
  for (const [path, { spec, status }] of api.list("/api/v1/pods")) {
    const containers: ContainerOf[] = Object(spec).containers ?? [];
    const known: Partial<ContainerOf>[] = Object(status).containerStatuses ?? [];
    if (containers.every(({ image }, i) => known[i]?.image === image)) continue;
    const containerStatuses = containers.map(({ name, image }) => ({
      name,
      image,
      imageID: `id-of-${image}`,
      ready: true,
    }));
    api.patch(path, { status: { containerStatuses } });
  }
}

/** A Pod of a Job whose main container has ended. */
export function ended(pod: Pod): Pod {
  const containerStatuses = pod.status?.containerStatuses?.map((status) =>
    status.name === "main"
      ? { ...status, ready: false, state: { terminated: { exitCode: 0 } } }
      : status
  );
  return {
    ...pod,
    spec: { ...pod.spec, restartPolicy: "Never" },
    status: { ...pod.status, ...(containerStatuses ? { containerStatuses } : {}) },
  };
}
