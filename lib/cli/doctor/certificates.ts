import { X509Certificate } from "node:crypto";
import type { WebhookConfiguration } from "../../api/webhook_configuration.ts";
import { certificatesIn } from "../../core/registration/ca_bundle.ts";
import { type Check, checkNamed } from "./check.ts";
import { type Facts, servesFiles } from "./facts.ts";

const REPAIRED = "the leader repairs it within a minute; if it does not, see its log";
const RENEWED = "it was not renewed in time: see the log of the controller or of cert-manager";

/** Checks that the caBundle contains the webhook's certificate authority, and when certificates expire. */
export function checkCertificates(facts: Facts): Check[] {
  const { mutating, validating, now } = facts;
  if (mutating === "forbidden" || mutating === "absent") return [];
  const check = checkNamed("certificates");
  const bundles = bundlesOf([
    mutating,
    ...(validating === "forbidden" || validating === "absent" ? [] : [validating]),
  ]);
  const [bundle = "", ...others] = bundles;
  if (others.length > 0) {
    return [check.error("entries of the registration have different caBundles", REPAIRED)];
  }
  const trusted = certificatesOf(bundle);
  if (typeof trusted === "string") {
    return [check.error(`caBundle cannot be read: ${trusted}`, REPAIRED)];
  }
  const last = trusted.toSorted((a, b) => Number(b.validToDate) - Number(a.validToDate))[0];
  if (last === undefined) return [check.error("caBundle has no certificate", REPAIRED)];
  return [lifetime(last, { what: "authority of the caBundle", now }), agreement(trusted, facts)];
}

function bundlesOf(configurations: readonly WebhookConfiguration[]): Set<string> {
  return new Set(
    configurations.flatMap(({ webhooks = [] }) =>
      webhooks.map(({ clientConfig }) => clientConfig.caBundle ?? "")
    ),
  );
}

/** Checks that a certificate of the caBundle signs the webhook's certificate. */
function agreement(trusted: readonly X509Certificate[], facts: Facts): Check {
  const check = checkNamed("certificate of the webhook");
  const fromFiles = servesFiles(facts);
  const secret = fromFiles ? facts.certificate : facts.authority;
  if (secret === "forbidden") return check.skipped("this user may not read its Secret");
  if (secret === "absent") {
    const found = "its Secret does not exist, so only the dry runs verify it";
    return fromFiles ? check.warning(found, RENEWED) : check.ok(found);
  }
  const stored = certificatesOf(secret.data?.["tls.crt"] ?? "");
  const [certificate] = typeof stored === "string" ? [] : stored;
  if (certificate === undefined) return check.error("its Secret has no certificate", REPAIRED);
  const isTrusted = fromFiles
    ? trusted.some((each) => certificate.checkIssued(each) && certificate.verify(each.publicKey))
    : trusted.some((each) => each.fingerprint256 === certificate.fingerprint256);
  if (!isTrusted) {
    return check.error(
      `the caBundle does not contain its certificate authority, ${
        fromFiles ? certificate.issuer : certificate.subject
      }`,
      REPAIRED,
    );
  }
  if (fromFiles) {
    return lifetime(certificate, { what: "certificate of the webhook", now: facts.now });
  }
  return check.ok("the caBundle contains its certificate authority");
}

const DAY_MS = 86_400_000;

/** Warns in the last sixth of the lifetime: certificates are renewed after two thirds. */
function lifetime(
  { validFromDate, validToDate }: X509Certificate,
  { what, now }: { what: string; now: Date },
): Check {
  const check = checkNamed(what);
  const left = Number(validToDate) - Number(now);
  const until = validToDate.toISOString().slice(0, 10);
  if (left <= 0) return check.error(`expired on ${until}`, RENEWED);
  const text = `valid until ${until} (${Math.floor(left / DAY_MS)} days)`;
  return left < (Number(validToDate) - Number(validFromDate)) / 6
    ? check.warning(text, RENEWED)
    : check.ok(text);
}

/** Parses certificates from Base64 of PEM text, or returns the error. */
function certificatesOf(base64: string): X509Certificate[] | string {
  try {
    return certificatesIn(atob(base64)).map((text) => new X509Certificate(text));
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
