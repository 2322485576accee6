import { generateKeyPairSync } from "node:crypto";
import { join } from "node:path";
import { stringify } from "yaml";
import { auditPolicy } from "./audit.ts";
import { kubeconfigText } from "./kubeconfig.ts";
import { filesOf } from "./servers.ts";

/** The ServiceAccount that the manifests give the controller; RBAC knows the user by its name alone. */
export const CONTROLLER_USER = "system:serviceaccount:sidecarset-system:sidecarset";

export interface User {
  readonly name: string;
  readonly token: string;
  readonly groups: readonly string[];
}

/** Users with tokens of their own. */
export interface Users {
  /** May do everything. */
  readonly admin: User;
  /** May do what RBAC objects in the cluster grant it, so nothing at first. */
  readonly controller: User;
}

export function newUsers(): Users {
  return {
    admin: { name: "admin", token: crypto.randomUUID(), groups: ["system:masters"] },
    controller: {
      name: CONTROLLER_USER,
      token: crypto.randomUUID(),
      groups: ["system:serviceaccounts", "system:serviceaccounts:sidecarset-system"],
    },
  };
}

/** Writes what the servers read at their start: keys, tokens, the audit policy. */
export async function writeServerFiles(folder: string, users: Users): Promise<void> {
  for (const name of ["log", "run", "pki"]) {
    await Deno.mkdir(join(folder, name), { recursive: true });
  }
  const files = filesOf(folder);
  const { privateKey } = generateKeyPairSync("ec", {
    namedCurve: "P-256",
    privateKeyEncoding: { type: "sec1", format: "pem" },
    publicKeyEncoding: { type: "spki", format: "pem" },
  });
  await Deno.writeTextFile(files.serviceAccountKey, privateKey, { mode: 0o600 });
  const lines = [users.admin, users.controller].map(({ name, token, groups }) =>
    `${token},${name},${name},"${groups.join(",")}"\n`
  );
  await Deno.writeTextFile(files.tokens, lines.join(""), { mode: 0o600 });
  await Deno.writeTextFile(files.auditPolicy, stringify(auditPolicy(users.controller.name)));
}

/** Writes the users' kubeconfigs for an API server at this URL. */
export async function writeKubeconfigs(
  folder: string,
  { users, server }: { users: Users; server: string },
): Promise<void> {
  const { ca, adminKubeconfig, controllerKubeconfig } = filesOf(folder);
  for (
    const [file, { name, token }] of [
      [adminKubeconfig, users.admin],
      [controllerKubeconfig, users.controller],
    ] as const
  ) {
    const text = kubeconfigText({ server, ca, user: name, credentials: { token } });
    await Deno.writeTextFile(file, text, { mode: 0o600 });
  }
}
