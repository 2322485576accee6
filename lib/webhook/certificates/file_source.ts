import { readIdentity } from "./identity.ts";
import type { CertificateListener, CertificateSource, ServingCertificate } from "./source.ts";

export interface FileSourceOptions {
  /** Folder with `tls.crt`, `tls.key` and, where clients are to be told of it, `ca.crt`: a mounted Secret. */
  readonly folder: string;
  readonly listener: CertificateListener;
  /** @default Deno.readTextFile */
  readonly readTextFile?: (path: string) => Promise<string>;
}

/**
 * A certificate that somebody else renews. The files' bytes are compared at every check, since a file watch misses a mounted Secret that is
 * exchanged as a whole. `check()` throws for a pair that does not fit together, as it may be seen in the middle of an exchange.
 */
export function createFileSource(options: FileSourceOptions): CertificateSource {
  const { folder, listener, readTextFile = Deno.readTextFile } = options;
  let certificate: ServingCertificate | undefined;
  let bundle = "";

  async function check(): Promise<void> {
    const [cert, key, ca] = await Promise.all([
      readTextFile(`${folder}/tls.crt`),
      readTextFile(`${folder}/tls.key`),
      readIfPresent(`${folder}/ca.crt`, readTextFile),
    ]);
    if (ca !== bundle) {
      bundle = ca;
      listener.onCaBundle(bundle);
    }
    if (cert === certificate?.cert && key === certificate.key) return;
    const reading = readIdentity({ cert, key });
    if (!reading.ok) {
      throw new Error(`Cannot use tls.crt and tls.key in ${folder}: ${reading.problem}`);
    }
    certificate = { cert, key, notAfter: reading.validity.notAfter };
    listener.onCertificate(certificate);
  }

  return { current: () => certificate, caBundle: () => bundle, check };
}

async function readIfPresent(
  path: string,
  readTextFile: (path: string) => Promise<string>,
): Promise<string> {
  try {
    return await readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "";
    throw error;
  }
}
