import type { Pod } from "../../api/pod.ts";
import type { Obstacle } from "../reasons.ts";
import { type RecordedSidecarSet, recordInjection } from "./records.ts";

/** Bytes of all keys and values together (`k8s.io/apimachinery/pkg/api/validation:TotalAnnotationSizeLimitB`). */
export const MAX_ANNOTATION_BYTES = 256 * 1024;
/** Maximum number of UTF-8 bytes for one UTF-16 unit. */
const BYTES_OF_UNIT = 3;
/** Upper bounds for the records of a SidecarSet, and of each of its sidecars, in UTF-16 units. */
const RECORD_UNITS = 1_500;
const SIDECAR_UNITS = 750;

type Annotations = Readonly<Record<string, string>>;

/** SidecarSets decided before this one. */
interface AdmittedBefore {
  readonly admitted: readonly { readonly plan: RecordedSidecarSet }[];
  /** Annotations that `patchPodMetadata` changes. */
  readonly annotations: ReadonlyMap<string, string>;
  /** Names of SidecarSets that the Pod does not get. */
  skipped(): readonly string[];
}

/** Keeps a Pod's annotations within the API server's limit, as SidecarSets are admitted in order. */
export class AnnotationSize {
  readonly #request: { readonly pod: Pod; readonly now: Date };
  /** Upper bound in UTF-16 units. The exact size costs time, and most Pods are far below the limit. */
  #units: number;

  constructor(request: { readonly pod: Pod; readonly now: Date }) {
    this.#request = request;
    this.#units = unitsOf(request.pod.metadata.annotations ?? {});
  }

  /**
   * Admits the annotations and records of one more SidecarSet, unless they exceed the limit.
   *
   * @param changes annotations that its `patchPodMetadata` changes
   * @returns the obstacle, if the limit would be exceeded
   */
  admit(
    { plan, changes }: { plan: RecordedSidecarSet; changes: ReadonlyMap<string, string> },
    before: AdmittedBefore,
  ): Obstacle | undefined {
    const units = this.#units + RECORD_UNITS + plan.sidecars.length * SIDECAR_UNITS +
      (changes.size === 0 ? 0 : unitsOf(Object.fromEntries(changes)));
    const size = units * BYTES_OF_UNIT <= MAX_ANNOTATION_BYTES
      ? 0
      : this.#exact({ plan, changes }, before);
    // Annotations that exceed the limit without the sidecars are not an obstacle.
    if (
      size > MAX_ANNOTATION_BYTES &&
      bytesOf(this.#request.pod.metadata.annotations ?? {}) <= MAX_ANNOTATION_BYTES
    ) {
      return {
        reason: "AnnotationsTooLarge",
        message:
          `the Pod's annotations would be ${size} bytes, more than the ${MAX_ANNOTATION_BYTES} that the ` +
          "API server takes: shorten them, or those of spec.patchPodMetadata",
      };
    }
    this.#units = units;
    return undefined;
  }

  /** In bytes. */
  #exact(
    { plan, changes }: { plan: RecordedSidecarSet; changes: ReadonlyMap<string, string> },
    { admitted, annotations, skipped }: AdmittedBefore,
  ): number {
    const { pod, now } = this.#request;
    const patched: Annotations = {
      ...pod.metadata.annotations,
      ...Object.fromEntries(annotations),
      ...Object.fromEntries(changes),
    };
    const all = [...admitted, { plan }];
    if (all.every(({ plan }) => plan.sidecars.length === 0)) return bytesOf(patched);
    const records = recordInjection(all.map(({ plan }) => plan), {
      pod: { ...pod, metadata: { ...pod.metadata, annotations: patched } },
      now,
      skipped: skipped(),
    });
    return bytesOf({ ...patched, ...Object.fromEntries(records) });
  }
}

/** Whether the API server accepts a Pod with these annotations. */
export function fitsAnnotations(annotations: Annotations): boolean {
  return bytesOf(annotations) <= MAX_ANNOTATION_BYTES;
}

function unitsOf(annotations: Annotations): number {
  let units = 0;
  for (const key of Object.keys(annotations)) units += key.length + (annotations[key]?.length ?? 0);
  return units;
}

function bytesOf(annotations: Annotations): number {
  const encoder = new TextEncoder();
  return Object.entries(annotations).reduce(
    (sum, [key, value]) => sum + encoder.encode(key).length + encoder.encode(value).length,
    0,
  );
}
