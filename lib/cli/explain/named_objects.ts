import type { KubeObject, Workload } from "../../api/objects.ts";
import type { RestClient } from "../../kube/contract.ts";
import { type Resource, resource, resources } from "../../kube/resources.ts";
import { readAll, readIfPresent } from "../cluster/reading.ts";
import { CliError } from "../terminal/terminal.ts";

const cronJobs: Resource<Workload> = resource({
  apiVersion: "batch/v1",
  kind: "CronJob",
  plural: "cronjobs",
  namespaced: true,
});

/** The words that kubectl takes for the kinds that have a Pod template, and for Pods. */
const KINDS: readonly { readonly words: readonly string[]; readonly kind: Resource<KubeObject> }[] =
  [
    { words: ["pod", "pods", "po"], kind: resources.pods },
    { words: ["deployment", "deployments", "deploy"], kind: resources.deployments },
    { words: ["statefulset", "statefulsets", "sts"], kind: resources.statefulSets },
    { words: ["daemonset", "daemonsets", "ds"], kind: resources.daemonSets },
    { words: ["replicaset", "replicasets", "rs"], kind: resources.replicaSets },
    { words: ["job", "jobs"], kind: resources.jobs },
    { words: ["cronjob", "cronjobs", "cj"], kind: cronJobs },
  ];

export interface Place {
  readonly client: RestClient;
  /** Undefined for all of them. */
  readonly namespace: string | undefined;
  /** Of the objects, where they are not named. */
  readonly selector?: string;
}

/** An object of the cluster with its kind. */
export interface NamedObject {
  readonly kind: Resource<KubeObject>;
  readonly object: KubeObject;
}

/**
 * Reads the objects that words name as kubectl takes them: `pod/web-0 deploy/web`, `deploy web db`, or all `pods`.
 *
 * @throws {CliError} for a kind that makes no Pods, or an object that is not there.
 */
export async function readNamed(words: readonly string[], place: Place): Promise<NamedObject[]> {
  const [first = "", ...others] = words;
  if (!words.some((word) => word.includes("/")) && others.length === 0 && kindOf(first)) {
    return await readEvery(first, place);
  }
  if (place.selector !== undefined) {
    throw new CliError(
      "Cannot select by labels what is named: give a kind alone, such as pods, or leave out -l",
    );
  }
  const names = first.includes("/") ? words : others.map((name) => `${first}/${name}`);
  return await Promise.all((names.length > 0 ? names : words).map((name) => readOne(name, place)));
}

async function readEvery(word: string, place: Place): Promise<NamedObject[]> {
  const { client, namespace, selector } = place;
  const kind = kindOf(word) ?? resources.pods;
  const objects = await readAll(client, kind, {
    ...(namespace === undefined ? {} : { namespace }),
    ...(selector === undefined ? {} : { labelSelector: selector }),
  });
  if (objects.length === 0) {
    const where = namespace === undefined ? "the cluster" : `namespace ${namespace}`;
    throw new CliError(
      `Cannot find any ${kind.plural} in ${where}: name another place with -n or -A`,
    );
  }
  return objects.map((object) => ({ kind, object }));
}

async function readOne(name: string, { client, namespace }: Place): Promise<NamedObject> {
  const [word = "", objectName = "", ...more] = name.split("/");
  const kind = kindOf(word);
  if (kind === undefined || objectName === "" || more.length > 0) {
    throw new CliError(
      `Cannot explain ${name}: it must be a Pod or what makes Pods, such as pod/NAME or deploy/NAME`,
    );
  }
  if (namespace === undefined) {
    throw new CliError(`Cannot find ${name} in all namespaces: name its namespace with -n`);
  }
  const object = await readIfPresent(client, kind, { namespace, name: objectName });
  if (object !== undefined) return { kind, object };
  throw new CliError(
    `Cannot find ${name} in namespace ${namespace}: name another namespace with -n`,
  );
}

function kindOf(word: string): Resource<KubeObject> | undefined {
  return KINDS.find(({ words }) => words.includes(word.toLowerCase()))?.kind;
}
