/** The parts of an image reference that identify its content. */
interface ImageDigest {
  readonly repository: string;
  readonly digest: string;
}

const DIGEST = /^(?<repository>[^@]+)@(?<digest>[a-z0-9]+(?:[.+_-][a-z0-9]+)*:[0-9a-f]{32,})$/;

/**
 * Whether an image is pinned by the digest in a container status' `imageID`, which some runtimes prefix with a
 * scheme such as `docker-pullable://`. A difference proves nothing: other runtimes report the digest of a
 * platform's manifest.
 */
export function isSameDigest(image: string, imageId: string): boolean {
  const pinned = imageDigest(image);
  if (pinned === undefined) return false;
  const scheme = imageId.indexOf("://");
  const found = imageDigest(scheme === -1 ? imageId : imageId.slice(scheme + 3));
  return found?.digest === pinned.digest && found.repository === pinned.repository;
}

/** The repository and digest of a digest-pinned image; undefined for any other reference. */
function imageDigest(image: string): ImageDigest | undefined {
  const groups = DIGEST.exec(image)?.groups;
  if (groups?.repository === undefined || groups.digest === undefined) return undefined;
  return { repository: canonical(withoutTag(groups.repository)), digest: groups.digest };
}

function withoutTag(name: string): string {
  const colon = name.lastIndexOf(":");
  return colon > name.lastIndexOf("/") ? name.slice(0, colon) : name;
}

/** Runtimes report the long form of Docker Hub's short names (`distribution/reference:splitDockerDomain`). */
function canonical(repository: string): string {
  const slash = repository.indexOf("/");
  const host = repository.slice(0, Math.max(slash, 0));
  if (slash !== -1 && (/[.:]/.test(host) || host === "localhost")) return repository;
  return slash === -1 ? `docker.io/library/${repository}` : `docker.io/${repository}`;
}
