import { createHash } from "node:crypto";
import { isObject } from "../../api/json.ts";
import { escaped } from "../json/go_json.ts";
import { sidecarContainerType } from "./container_type.ts";
import { goValue } from "./go_types.ts";
import { safeEncode } from "./safe_encode.ts";

/** The two hashes of a SidecarSet, as OpenKruise records them on SidecarSets, revisions and Pods. */
export interface SidecarSetHashes {
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
