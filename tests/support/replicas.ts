import { Balancer } from "./balancer.ts";
import type { ControlPlane } from "./control_plane.ts";
import { type ControllerProcess, startController } from "./controller_process.ts";
import { eventually } from "./eventually.ts";

export interface ReplicaOptions {
  /** By which it finds the API server. @default that of the control plane */
  readonly kubeconfig?: string;
  /** Flags of this one alone. */
  readonly args?: readonly string[];
}

/** Replicas of the controller behind one address, as a Deployment and its Service have them. */
export class Replicas implements AsyncDisposable {
  readonly balancer = new Balancer();
  readonly all: ControllerProcess[] = [];
  readonly #ended: ControllerProcess[] = [];
  readonly #plane: ControlPlane;
  readonly #args: readonly string[];

  constructor(plane: ControlPlane, args: readonly string[] = []) {
    this.#plane = plane;
    this.#args = args;
  }

  /** Starts one more; resolves when it is ready and reviews may come to it. */
  async start({ kubeconfig, args = [] }: ReplicaOptions = {}): Promise<ControllerProcess> {
    const replica = await startController({
      kubeconfig: kubeconfig ?? this.#plane.controllerKubeconfig,
      args: [
        ...["--webhook-url", this.balancer.url, "--keep-registration", "--drain-seconds", "2"],
        ...this.#args,
        ...args,
      ],
    });
    this.all.push(replica);
    this.balancer.add(replica);
    await eventually(() => this.balancer.includes(replica), {
      what: "the Service has the replica",
    });
    return replica;
  }

  /** Ends the connections that lead to replicas; resolves when new ones may come to them. */
  async reconnect(replicas: readonly ControllerProcess[] = this.all): Promise<void> {
    for (const replica of replicas) {
      this.balancer.remove(replica);
      this.balancer.add(replica);
    }
    await eventually(() => replicas.every((replica) => this.balancer.includes(replica)), {
      what: "the Service has all replicas again",
    });
  }

  /** Leaves one that has ended out of everything. */
  forget(replica: ControllerProcess): void {
    this.balancer.remove(replica);
    this.all.splice(this.all.indexOf(replica), 1);
    this.#ended.push(replica);
  }

  /** Waits until one holds the Lease by its own account. */
  leader(): Promise<ControllerProcess> {
    return eventually(async () => {
      const leading = await Promise.all(this.all.map(isLeading));
      return this.all.find((_, place) => leading[place]);
    }, { what: "one of the replicas leads" });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const replica of [...this.all, ...this.#ended]) await replica[Symbol.asyncDispose]();
    await this.balancer[Symbol.asyncDispose]();
  }
}

async function isLeading({ healthUrl }: ControllerProcess): Promise<boolean> {
  try {
    const signal = AbortSignal.timeout(1_000);
    const response = await fetch(`${healthUrl}/metrics`, { signal });
    return /^leader_election_master_status\{.*\} 1$/m.test(await response.text());
  } catch {
    return false;
  }
}
