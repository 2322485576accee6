import { isExpired } from "./decide.ts";
import { readIdentity, type Validity } from "./identity.ts";
import { Settling, type SettlingOptions } from "./settling.ts";
import {
  bundleOf,
  type CertificateListener,
  type CertificateSource,
  type ServingCertificate,
} from "./source.ts";

export interface FileSourceOptions extends SettlingOptions {
  /** Folder with `tls.crt`, `tls.key` and `ca.crt`: a mounted Secret. */
  readonly folder: string;
  readonly listener: CertificateListener;
  /** @default Deno.readTextFile */
  readonly readTextFile?: (path: string) => Promise<string>;
}

/** A serving certificate with the authorities that it is to be trusted by. */
interface Served extends ServingCertificate, Validity {
  readonly ca: string;
}

/**
 * A certificate that somebody else renews. The files' bytes are compared at every check, since a file watch misses a mounted Secret that is
 * exchanged as a whole. `check()` throws for a pair that does not fit together, as it may be seen in the middle of an exchange.
 *
 * A certificate of another authority is served only once clients trust that, and the old authority stays trusted for as long as a replica whose
 * files come later may serve what it has signed.
 */
export function createFileSource(options: FileSourceOptions): CertificateSource {
  const { folder, listener, clock, readTextFile = Deno.readTextFile } = options;
  const settling = new Settling(options);
  let ca: string | undefined;
  let served: Served | undefined;
  let previous: Served | undefined;
  let announcedBundle = "";

  async function check(): Promise<void> {
    const next = await read();
    ca = next.ca;
    settling.see(ca);
    announceBundle();
    if (next.cert === served?.cert && next.key === served.key) return;
    const isOther = served !== undefined && served.ca !== next.ca;
    if (isOther && !settling.isDone(served?.ca) && !isPast(served)) return;
    if (isOther) previous = served;
    served = next;
    announceBundle();
    listener.onCertificate(served);
  }

  async function read(): Promise<Served> {
    const file = (name: string) => readTextFile(`${folder}/${name}`);
    const ca = await file("ca.crt");
    const identity = { cert: await file("tls.crt"), key: await file("tls.key") };
    if (await file("ca.crt") !== ca) {
      throw new Error(
        `Cannot use the files in ${folder}: they were exchanged while they were read`,
      );
    }
    const reading = readIdentity(identity);
    if (!reading.ok) {
      throw new Error(`Cannot use tls.crt and tls.key in ${folder}: ${reading.problem}`);
    }
    return { ...identity, ...reading.validity, ca: bundleOf([ca]) };
  }

  function isPast(certificate: Validity | undefined): boolean {
    return certificate === undefined || isExpired(certificate, clock.now());
  }

  function caBundle(): string {
    return bundleOf([ca, ...[served, previous].map((each) => isPast(each) ? undefined : each?.ca)]);
  }

  function announceBundle(): void {
    const bundle = caBundle();
    if (bundle === announcedBundle) return;
    announcedBundle = bundle;
    listener.onCaBundle(bundle);
  }

  return { current: () => served, caBundle, check };
}
