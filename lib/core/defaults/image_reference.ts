/** Maximum length: host 253, path 255, tag 128, digest 135. It bounds the cost of matching. */
const MAX_LENGTH = 1000;
const MAX_PATH_LENGTH = 255;

const DOMAIN =
  /^(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?$/;
const PATH = /^[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)*$/;
const TAG = /^\w[\w.-]{0,127}$/;
const IDENTIFIER = /^[a-f0-9]{64}$/;

const digestLengths: Readonly<Record<string, number>> = { sha256: 64, sha384: 96, sha512: 128 };

/**
 * The tag of an image reference: the given one, or `latest` without tag and digest. None for a digest alone or an
 * invalid reference.
 *
 * @see `k8s.io/kubernetes/pkg/util/parsers/parsers.go:ParseImageName`,
 * `github.com/distribution/reference/normalize.go`
 */
export function effectiveTag(image: string): string | undefined {
  if (image.length > MAX_LENGTH || IDENTIFIER.test(image)) return undefined;
  const [beforeDigest = "", digest] = splitAt(image, image.indexOf("@"));
  const [domain, remainder] = splitDomain(beforeDigest);
  const [path = "", tag] = splitAt(remainder, remainder.indexOf(":"));
  const isValid = DOMAIN.test(domain) && PATH.test(path) && path.length <= MAX_PATH_LENGTH &&
    (tag === undefined || TAG.test(tag)) && (digest === undefined || isDigest(digest));
  if (!isValid) return undefined;
  return tag ?? (digest === undefined ? "latest" : undefined);
}

/** The first part is a registry only if it looks like a host; otherwise the image is on Docker Hub. */
function splitDomain(name: string): [domain: string, remainder: string] {
  const slash = name.indexOf("/");
  const first = name.slice(0, Math.max(slash, 0));
  const isHost = slash >= 0 &&
    (/[.:]/.test(first) || first === "localhost" || first.toLowerCase() !== first);
  const domain = isHost ? first : "docker.io";
  const remainder = isHost ? name.slice(slash + 1) : name;
  const isHub = domain === "docker.io" || domain === "index.docker.io";
  if (!isHub) return [domain, remainder];
  return ["docker.io", remainder.includes("/") ? remainder : `library/${remainder}`];
}

function isDigest(digest: string): boolean {
  const [algorithm = "", hex = ""] = splitAt(digest, digest.indexOf(":"));
  const length = Object.hasOwn(digestLengths, algorithm) ? digestLengths[algorithm] : undefined;
  return hex.length === length && /^[a-f0-9]+$/.test(hex);
}

function splitAt(text: string, index: number): [before: string, after?: string] {
  return index < 0 ? [text] : [text.slice(0, index), text.slice(index + 1)];
}
