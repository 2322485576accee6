import { X509Certificate } from "node:crypto";

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/** The certificates in a PEM text, each as PEM. */
export function certificatesIn(pem: string): string[] {
  return [...pem.matchAll(CERTIFICATE)].map(([certificate]) => `${certificate}\n`);
}

/** PEM texts as one, with each certificate once. */
export function bundleOf(texts: readonly (string | undefined)[]): string {
  return [...new Set(texts.flatMap((text) => certificatesIn(text ?? "")))].join("");
}

/** Certificates of PEM text that API servers can still use. */
export function usableIn(pem: string, now: Date): string[] {
  return certificatesIn(pem).filter((certificate) => isUsable(certificate, now));
}

/** Certificates up to a total length, shortest first, so that an oversized one cannot displace others. */
export function fittingIn(certificates: readonly string[], characters: number): string[] {
  let room = characters;
  return certificates
    .toSorted((a, b) => a.length - b.length || (a < b ? -1 : 1))
    .filter(({ length }) => (room -= length) >= 0);
}

function isUsable(certificate: string, now: Date): boolean {
  try {
    return new X509Certificate(certificate).validToDate > now;
  } catch {
    return false;
  }
}
