import { bundleOf, certificatesIn } from "../../core/registration/ca_bundle.ts";
import { isExpired } from "./decide.ts";
import { readIdentity, type Validity } from "./identity.ts";
import { Settling, type SettlingOptions } from "./settling.ts";
import type { CertificateListener, CertificateSource, ServingCertificate } from "./source.ts";

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
 * A certificate that somebody else renews. The files' bytes are compared at every check, since a file watch misses a
 * mounted Secret that is exchanged as a whole. `check()` throws for files that do not fit together, as may be seen in
 * the middle of an exchange.
 *
 * A certificate of another authority is served only once clients trust that.
 */
export function createFileSource(options: FileSourceOptions): CertificateSource {
  const { folder, listener, clock, readTextFile = Deno.readTextFile } = options;
  const settling = new Settling(options);
  let ca: string | undefined;
  let served: Served | undefined;
  let announcedBundle = "";

  async function check(): Promise<void> {
    const next = await read();
    ca = next.ca;
    settling.see(ca);
    announceBundle();
    if (next.cert === served?.cert && next.key === served.key) return;
    const isOther = served !== undefined && served.ca !== next.ca;
    if (isOther && !settling.isDone(served?.ca) && !isPast(served)) return;
    // It counts as served only once the listener has it, so that a failed swap is tried again at the next check.
    listener.onCertificate(next);
    served = next;
    announceBundle();
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
    if (certificatesIn(ca).length === 0) {
      throw new Error(`Cannot use ca.crt in ${folder}: it has no certificate`);
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
    return bundleOf([ca, isPast(served) ? undefined : served?.ca]);
  }

  function announceBundle(): void {
    const bundle = caBundle();
    if (bundle === announcedBundle) return;
    listener.onCaBundle(bundle);
    announcedBundle = bundle;
  }

  return { current: () => served, caBundle, check };
}
