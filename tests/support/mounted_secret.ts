import { join } from "node:path";
import { get } from "../../lib/kube/requests.ts";
import { resources } from "../../lib/kube/resources.ts";
import { send } from "../../lib/kube/response.ts";
import type { AuthorityIdentity } from "../../lib/webhook/certificates/identity.ts";
import { issueAuthority, issueServingCertificate } from "../../lib/webhook/certificates/issue.ts";
import type { ControlPlane } from "./control_plane.ts";

/** How often a Secret is looked at, in milliseconds. */
const POLL_INTERVAL_MS = 200;

/** A Secret as the kubelet mounts it: links to a folder that is exchanged as a whole. */
export class MountedSecret {
  readonly folder: string;
  #version = 0;

  constructor(folder: string) {
    this.folder = folder;
  }

  /** Has the files follow a Secret, as the kubelet does, until the signal is aborted. */
  async follow(
    { client }: ControlPlane,
    ref: { namespace: string; name: string },
    signal: AbortSignal,
  ): Promise<void> {
    let seen = "";
    while (!signal.aborted) {
      const { metadata: { resourceVersion = "" }, data = {} } = await send(
        client,
        get(resources.secrets, ref),
      );
      if (resourceVersion !== seen) {
        const files = Object.entries(data).map(([name, value]) => [name, atob(value)]);
        await this.put(Object.fromEntries(files));
      }
      seen = resourceVersion;
      await new Promise((resolve) => setTimeout(resolve, POLL_INTERVAL_MS));
    }
  }

  async put(files: Readonly<Record<string, string>>): Promise<void> {
    const version = `..${++this.#version}`;
    await Deno.mkdir(join(this.folder, version), { recursive: true });
    for (const [name, text] of Object.entries(files)) {
      await Deno.writeTextFile(join(this.folder, version, name), text);
      const link = join(this.folder, name);
      if (this.#version === 1) await Deno.symlink(join("..data", name), link);
    }
    await Deno.symlink(version, join(this.folder, "..next"));
    await Deno.rename(join(this.folder, "..next"), join(this.folder, "..data"));
  }
}

/** Creates an authority outside the installation. */
export function foreignAuthority(): Promise<AuthorityIdentity> {
  return issueAuthority({ now: new Date(), lifetimeSeconds: 7_200 });
}

/** The files of a Secret with a new certificate for 127.0.0.1. */
export async function servingFiles(authority: AuthorityIdentity): Promise<Record<string, string>> {
  const { cert, key } = await issueServingCertificate(authority, {
    now: new Date(),
    lifetimeSeconds: 3_600,
    names: { dns: [], ip: ["127.0.0.1"] },
  });
  return { "tls.crt": cert, "tls.key": key, "ca.crt": authority.cert };
}
