import { X509Certificate } from "node:crypto";
import { type Check, checkNamed } from "./check.ts";
import type { Facts } from "./facts.ts";

const DAY = 86_400_000;
const MENDED =
  "the controller mends it within a minute while it leads; if it does not, see its log";

/** Whether the API server trusts the authority that signs the webhook's certificate, and for how long. */
export function checkCertificates({ mutating, validating, authority, now }: Facts): Check[] {
  const check = checkNamed("certificates");
  if (mutating === "forbidden" || mutating === "absent") return [];
  const configurations = validating === "forbidden" || validating === "absent"
    ? [mutating]
    : [mutating, validating];
  const bundles = new Set(
    configurations.flatMap(({ webhooks = [] }) =>
      webhooks.map(({ clientConfig }) => clientConfig.caBundle)
    ),
  );
  const [bundle = "", ...others] = bundles;
  if (others.length > 0) {
    return [check.error("entries of the registration have different caBundles", MENDED)];
  }
  const trusted = certificatesOf(atob(bundle));
  if (typeof trusted === "string") {
    return [check.error(`caBundle cannot be read: ${trusted}`, MENDED)];
  }
  const valid = trusted.filter(({ validToDate }) => validToDate > now);
  const last = valid.toSorted((a, b) => Number(b.validToDate) - Number(a.validToDate))[0];
  if (last === undefined) return [check.error("caBundle has no certificate that is valid", MENDED)];
  const days = Math.floor((Number(last.validToDate) - Number(now)) / DAY);
  const until = `the caBundle's authority is valid until ${
    last.validToDate.toISOString().slice(0, 10)
  } (${days} days)`;
  if (authority === "forbidden") return [check.ok(`${until}; its Secret may not be read`)];
  if (authority === "absent") {
    return [check.ok(`${until}; the controller keeps no authority of its own`)];
  }
  const stored = certificatesOf(atob(authority.data?.["tls.crt"] ?? ""));
  const signer = typeof stored === "string" ? undefined : stored[0];
  if (
    signer === undefined || !trusted.some((each) => each.fingerprint256 === signer.fingerprint256)
  ) {
    return [
      check.error(
        "the caBundle does not have the authority of the Secret, which signs the webhook's certificate",
        MENDED,
      ),
    ];
  }
  return [check.ok(`${until} and is the one that signs the webhook's certificate`)];
}

const PEM = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/** The certificates of PEM text, or why they cannot be read. */
function certificatesOf(pem: string): X509Certificate[] | string {
  try {
    return [...pem.matchAll(PEM)].map(([text]) => new X509Certificate(text));
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
