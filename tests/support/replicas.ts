import { Balancer } from "./balancer.ts";
import type { ControlPlane } from "./control_plane.ts";
import { type ControllerProcess, startController } from "./controller_process.ts";
import { eventually } from "./eventually.ts";

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
  async start(): Promise<ControllerProcess> {
    const replica = await startController({
      kubeconfig: this.#plane.controllerKubeconfig,
      args: [
        ...["--webhook-url", this.balancer.url, "--keep-registration", "--drain-seconds", "2"],
        ...this.#args,
      ],
    });
    this.all.push(replica);
    this.balancer.add(replica);
    await eventually(() => this.balancer.includes(replica), {
      what: "the Service has the replica",
    });
    return replica;
  }

  /** Leaves one that has ended out of everything. */
  forget(replica: ControllerProcess): void {
    this.balancer.remove(replica);
    this.all.splice(this.all.indexOf(replica), 1);
    this.#ended.push(replica);
  }

  /** The one that holds the Lease by its own account. */
  async leader(): Promise<ControllerProcess | undefined> {
    for (const replica of this.all) {
      if (await isLeading(replica)) return replica;
    }
    return undefined;
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
