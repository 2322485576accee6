import { isObject, ownMember } from "../../api/json.ts";
import { HASH_ANNOTATION, HASH_WITHOUT_IMAGE_ANNOTATION } from "../../api/names.ts";
import type { SidecarSet } from "../../api/sidecarset.ts";
import { hashSidecarSet, type SidecarSetHashes } from "./hash.ts";

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
