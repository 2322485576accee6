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

/** kubectl's names for Pods and the kinds with a Pod template. */
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

/** Where objects are read. */
export interface Place {
  readonly client: RestClient;
  /** Undefined for all namespaces. */
  readonly namespace: string | undefined;
  /** Label selector, if objects are not named. */
  readonly selector?: string;
}

/** An object of the cluster with its kind. */
export interface NamedObject {
  readonly kind: Resource<KubeObject>;
  readonly object: KubeObject;
}

/**
 * Reads the objects that kubectl-style words name: `pod/web-0 deploy/web`, `deploy web db`, or all `pods`.
 *
 * @throws {CliError} for a kind without Pods, or an object that does not exist.
 */
export async function readNamed(words: readonly string[], place: Place): Promise<NamedObject[]> {
  const { every, named } = namesOf(words, place);
  if (every) return await readEvery(every, place);
  return await Promise.all(named.map((name) => readOne(name, place)));
}

/** @throws {CliError} for words that cannot name an object in any cluster. */
export function checkNames(words: readonly string[], options: Pick<Place, "selector">): void {
  namesOf(words, options);
}

interface ObjectName {
  /** The given words. */
  readonly title: string;
  readonly kind: Resource<KubeObject>;
  readonly name: string;
}

interface Names {
  /** Set if all objects of a kind are meant. */
  readonly every?: Resource<KubeObject>;
  readonly named: readonly ObjectName[];
}

function namesOf(words: readonly string[], { selector }: Pick<Place, "selector">): Names {
  const [first = "", ...others] = words;
  const every = others.length === 0 ? kindOf(first) : undefined;
  if (every) return { every, named: [] };
  if (selector !== undefined) {
    throw new CliError(
      "Cannot combine names with -l: give only a kind, such as pods, or leave out -l",
    );
  }
  const isKindFirst = !first.includes("/") && others.length > 0;
  const titles = isKindFirst ? others.map((name) => `${first}/${name}`) : words;
  return { named: titles.map(nameOf) };
}

function nameOf(title: string): ObjectName {
  const [word = "", name = "", ...more] = title.split("/");
  const kind = kindOf(word);
  if (kind !== undefined && name !== "" && more.length === 0) return { title, kind, name };
  throw new CliError(
    `Cannot explain ${title}: it must be a Pod or a workload, such as pod/NAME or deploy/NAME, or a file after -f`,
  );
}

async function readEvery(kind: Resource<KubeObject>, place: Place): Promise<NamedObject[]> {
  const { client, namespace, selector } = place;
  const objects = await readAll(client, kind, {
    ...(namespace === undefined ? {} : { namespace }),
    ...(selector === undefined ? {} : { labelSelector: selector }),
  });
  if (objects.length === 0) {
    const where = namespace === undefined ? "the cluster" : `namespace ${namespace}`;
    throw new CliError(
      `Cannot find any ${kind.plural} in ${where}: select another namespace with -n, or all with -A`,
    );
  }
  return objects.map((object) => ({ kind, object }));
}

async function readOne(
  { title, kind, name }: ObjectName,
  { client, namespace }: Place,
): Promise<NamedObject> {
  if (namespace === undefined) {
    throw new CliError(`Cannot find ${title} in all namespaces: select its namespace with -n`);
  }
  const object = await readIfPresent(client, kind, { namespace, name });
  if (object !== undefined) return { kind, object };
  throw new CliError(
    `Cannot find ${title} in namespace ${namespace}: select another namespace with -n`,
  );
}

function kindOf(word: string): Resource<KubeObject> | undefined {
  return KINDS.find(({ words }) => words.includes(word.toLowerCase()))?.kind;
}
