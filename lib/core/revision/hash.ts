import { createHash } from "node:crypto";
import { isObject, ownMember } from "../../api/json.ts";
import { HASH_ANNOTATION, HASH_WITHOUT_IMAGE_ANNOTATION } from "../../api/names.ts";
import type { SidecarSet } from "../../api/sidecarset.ts";
import { escaped } from "../json/go_json.ts";
import { sidecarContainerType } from "./container_type.ts";
import { goValue } from "./go_types.ts";

/** The two hashes of a SidecarSet, as OpenKruise records them on SidecarSets, revisions and Pods. */
interface SidecarSetHashes {
  readonly hash: string;
  /** Equal for two specs that differ in images only, so that an in-place upgrade is possible. */
  readonly hashWithoutImage: string;
}

/** The hashed part of a spec; loosely typed, so that any stored object has a hash. */
export interface HashedSpec {
  readonly containers?: readonly JsonLike[] | undefined;
  readonly initContainers?: readonly JsonLike[] | undefined;
}

type JsonLike = Readonly<Record<string, unknown>>;

/**
 * Hashes the containers of a SidecarSet to the same texts as OpenKruise, so that Pods which it injected are recognised.
 * A field that OpenKruise does not know does not count.
 *
 * @param spec with defaults applied; raw ones hash differently.
 * @see `pkg/control/sidecarcontrol/hash.go:SidecarSetHash`, `SidecarSetHashWithoutImage`
 */
export function hashSidecarSet(
  spec: HashedSpec,
): SidecarSetHashes {
  const containers = spec.containers?.map(writtenContainer);
  // With a native sidecar all init containers count: OpenKruise does not use its filtered list (B-45).
  const initContainers = spec.initContainers?.some(isNative)
    ? spec.initContainers.map(writtenContainer)
    : undefined;
  return {
    hash: hashOf(containers, initContainers),
    hashWithoutImage: hashOf(containers?.map(withoutImage), initContainers?.map(withoutImage)),
  };
}

function isNative(container: JsonLike): boolean {
  return container.restartPolicy === "Always";
}

function writtenContainer(container: JsonLike): unknown {
  return goValue(sidecarContainerType, container, { unknownFields: "drop" });
}

function withoutImage(container: unknown): unknown {
  return isObject(container) ? { ...container, image: undefined } : container;
}

/** Absent containers are null in the text, absent init containers are not in it. */
function hashOf(containers: unknown[] | undefined, initContainers: unknown[] | undefined): string {
  const text = escaped(JSON.stringify({ containers: containers ?? null, initContainers }));
  return safeEncode(createHash("sha256").update(text).digest("hex"));
}

/** The hashes that a SidecarSet's own annotations record, computed where one is missing. */
export function recordedHashes({ metadata, spec }: SidecarSet): SidecarSetHashes {
  const hash = ownMember(metadata.annotations, HASH_ANNOTATION);
  const hashWithoutImage = ownMember(metadata.annotations, HASH_WITHOUT_IMAGE_ANNOTATION);
  if (hash && hashWithoutImage) return { hash, hashWithoutImage };
  const computed = hashSidecarSet(spec);
  return {
    hash: hash || computed.hash,
    hashWithoutImage: hashWithoutImage || computed.hashWithoutImage,
  };
}

/** The object with the hashes in its annotations; the same reference if they are there already. */
export function withHashAnnotations<T extends Readonly<Record<string, unknown>>>(
  sidecarSet: T,
  { hash, hashWithoutImage }: SidecarSetHashes,
): T {
  const metadata = isObject(sidecarSet.metadata) ? sidecarSet.metadata : {};
  const annotations = isObject(metadata.annotations) ? metadata.annotations : {};
  const isRecorded = annotations[HASH_ANNOTATION] === hash &&
    annotations[HASH_WITHOUT_IMAGE_ANNOTATION] === hashWithoutImage;
  if (isRecorded) return sidecarSet;
  return {
    ...sidecarSet,
    metadata: {
      ...metadata,
      annotations: {
        ...annotations,
        [HASH_ANNOTATION]: hash,
        [HASH_WITHOUT_IMAGE_ANNOTATION]: hashWithoutImage,
      },
    },
  };
}

/** Characters that neither form words nor are mistaken for one another. */
const ALPHABET = "bcdfghjklmnpqrstvwxz2456789";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Writes an ASCII text with 27 harmless characters (`k8s.io/apimachinery/pkg/util/rand/rand.go:SafeEncodeString`). */
export function safeEncode(text: string): string {
  // Not concatenated with "+=": V8 keeps all intermediate strings, twenty times the text's size.
  const encoded = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) {
    encoded[i] = ALPHABET.charCodeAt(text.charCodeAt(i) % ALPHABET.length);
  }
  return decoder.decode(encoded);
}

/** The 32-bit FNV-1 hash of the text's UTF-8 bytes, as Go's `hash/fnv:New32` has it. */
export function fnv32(text: string): number {
  let hash = 2166136261;
  for (const byte of encoder.encode(text)) {
    hash = Math.imul(hash, 16777619) ^ byte;
  }
  return hash >>> 0;
}
