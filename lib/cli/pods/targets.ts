import * as z from "zod/mini";
import { container, localObjectReference, volume } from "../../api/container.ts";
import { isObject } from "../../api/json.ts";
import { type ObjectMeta, objectMeta } from "../../api/meta.ts";
import type { Pod, PodSpec } from "../../api/pod.ts";
import { readAs, withoutNulls } from "../../api/read.ts";
import { lineOfField } from "../files/findings.ts";
import type { Manifest, Path } from "../files/manifests.ts";
import { CliError } from "../terminal/terminal.ts";

/** A Pod, or the Pod of a workload's template. */
export interface PodSubject {
  /** Name in kubectl's form: `deployment/web`. */
  readonly title: string;
  /** The Pod, with its namespace set. */
  readonly pod: Pod;
}

/** A Pod or workload of the files. */
interface PodTarget extends PodSubject {
  readonly manifest: Manifest;
  /** Path of the Pod or template in the document. */
  readonly path: Path;
}

/** Path of the Pod template by kind; empty for a Pod. */
const TEMPLATES: Readonly<Record<string, readonly string[]>> = {
  "v1/Pod": [],
  "apps/v1/Deployment": ["spec", "template"],
  "apps/v1/StatefulSet": ["spec", "template"],
  "apps/v1/DaemonSet": ["spec", "template"],
  "apps/v1/ReplicaSet": ["spec", "template"],
  "batch/v1/Job": ["spec", "template"],
  "batch/v1/CronJob": ["spec", "jobTemplate", "spec", "template"],
};

const podShape = z.looseObject({
  metadata: z.optional(objectMeta),
  spec: z.looseObject({
    containers: z.array(container),
    initContainers: z.optional(z.array(container)),
    volumes: z.optional(z.array(volume)),
    imagePullSecrets: z.optional(z.array(localObjectReference)),
  }),
});

interface PodTemplate {
  readonly metadata?: ObjectMeta;
  readonly spec: PodSpec;
}

function isPodTemplate(value: unknown): value is PodTemplate {
  return readAs(podShape, value).ok;
}

/**
 * The Pods and Pod templates among the objects.
 *
 * @param namespace Namespace of objects without one.
 * @throws {CliError} with file, line and field if an object is not a valid Pod.
 */
export function podTargetsOf(manifests: readonly Manifest[], namespace: string): PodTarget[] {
  return manifests.flatMap((manifest) => {
    const template = templatePathOf(manifest);
    return template === undefined ? [] : [targetOf(manifest, { template, namespace })];
  });
}

/** The Pod of an object that the API server has validated; undefined if the object has no Pod template. */
export function podSubjectOf(
  object: Readonly<Record<string, unknown>> & { apiVersion: string; kind: string },
): PodSubject | undefined {
  const template = templatePathOf(object);
  const metadata = isObject(object.metadata) ? object.metadata : {};
  const made = template && withoutNulls(memberAt(object, template));
  if (!isPodTemplate(made)) return undefined;
  return {
    title: `${object.kind.toLowerCase()}/${String(metadata.name)}`,
    pod: podOf(made, String(metadata.namespace ?? "default")),
  };
}

function templatePathOf(
  { apiVersion, kind }: { apiVersion: string; kind: string },
): readonly string[] | undefined {
  const key = `${apiVersion}/${kind}`;
  return Object.hasOwn(TEMPLATES, key) ? TEMPLATES[key] : undefined;
}

function memberAt(object: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>((value, key) => isObject(value) ? value[key] : undefined, object);
}

function podOf(made: PodTemplate, namespace: string): Pod {
  const metadata = { ...made.metadata, namespace };
  return { ...made, apiVersion: "v1", kind: "Pod", metadata };
}

function targetOf(
  manifest: Manifest,
  { template, namespace }: { template: readonly string[]; namespace: string },
): PodTarget {
  const { object, path, kind, name } = manifest;
  const made = withoutNulls(memberAt(object, template)) ?? {};
  const title = `${kind.toLowerCase()}/${name}`;
  if (!isPodTemplate(made)) throw notAPod(manifest, { title, made, template });
  const own = isObject(object.metadata) ? object.metadata.namespace : undefined;
  return {
    manifest,
    path: [...path, ...template],
    title,
    pod: podOf(made, typeof own === "string" && own !== "" ? own : namespace),
  };
}

function notAPod(
  manifest: Manifest,
  { title, made, template }: { title: string; made: unknown; template: readonly string[] },
): CliError {
  const read = readAs(podShape, made);
  const problems = read.ok ? [] : read.problems.map(({ field, message }) => {
    const fullField = [...template, field].join(".");
    const line = lineOfField(manifest, fullField);
    return `${manifest.document.file}:${line}: error: ${title} ${fullField} ${message}`;
  });
  return new CliError(problems.join("\n"));
}
