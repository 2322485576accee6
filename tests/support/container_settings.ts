import { parse } from "yaml";
import { isObject } from "../../lib/api/json.ts";

/** How the kubelet starts the controller's container. */
export interface ContainerSettings {
  /** User and group, as `chroot` takes them. */
  readonly user: string;
  /** Of the image and of the Deployment. */
  readonly env: Readonly<Record<string, string>>;
  readonly memoryBytes: number;
}

const MEBIBYTE = 1024 * 1024;

/** Reads the settings from the Dockerfile and the Deployment in `manifests/`. */
export async function containerSettings(): Promise<ContainerSettings> {
  const read = (name: string) =>
    Deno.readTextFile(new URL(`../../manifests/${name}`, import.meta.url));
  const image = (await read("Dockerfile")).matchAll(/^ENV (\w+)=(.*)$/gm);
  const { namespace, spec } = podOf(parse(await read("deployment.yaml")));
  const container = firstOf(spec.containers);
  const env = [...image].map(([, name = "", value = ""]) => [name, value]);
  for (const variable of Array.isArray(container.env) ? container.env : []) {
    env.push([variable.name, variable.value ?? namespace]);
  }
  const context = objectOf(spec.securityContext);
  return {
    user: `${context.runAsUser}:${context.runAsGroup}`,
    env: Object.fromEntries(env),
    memoryBytes: bytesOf(objectOf(objectOf(container.resources).limits).memory),
  };
}

function podOf(deployment: unknown) {
  const { metadata, spec } = objectOf(deployment);
  const { namespace } = objectOf(metadata);
  return { namespace: String(namespace), spec: objectOf(objectOf(objectOf(spec).template).spec) };
}

function bytesOf(quantity: unknown): number {
  const [, number] = /^(\d+)Mi$/.exec(String(quantity)) ?? [];
  if (number === undefined) throw new Error(`Cannot read the memory limit ${quantity}`);
  return Number(number) * MEBIBYTE;
}

function firstOf(value: unknown): Record<string, unknown> {
  return objectOf(Array.isArray(value) ? value[0] : undefined);
}

function objectOf(value: unknown): Record<string, unknown> {
  return isObject(value) ? value : {};
}
