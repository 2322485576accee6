import { bundleOf, certificatesIn } from "../../core/registration/ca_bundle.ts";
import { isExpired } from "./decide.ts";
import { readIdentity, type Validity } from "./identity.ts";
import {
  type CertificateListener,
  type CertificateSource,
  type ServingCertificate,
  Settling,
  type SettlingOptions,
} from "./source.ts";

interface FileSourceOptions extends SettlingOptions {
  /** Folder of a mounted Secret with `tls.crt`, `tls.key` and `ca.crt`. */
  readonly folder: string;
  readonly listener: CertificateListener;
  /** @default Deno.readTextFile */
  readonly readTextFile?: (path: string) => Promise<string>;
}

/** A serving certificate and the CA bundle to verify it. */
interface Served extends ServingCertificate, Validity {
  readonly ca: string;
}

/**
 * A certificate that another program renews, such as cert-manager. Every check compares the files' bytes: a file watch
 * misses the atomic replacement of a mounted Secret. `check()` throws for files that do not match, as in the middle of
 * a replacement.
 *
 * A certificate of another CA is served only once clients trust that CA.
 */
export function createFileSource(options: FileSourceOptions): CertificateSource {
  const { folder, listener, clock, readTextFile = Deno.readTextFile } = options;
  const settling = new Settling(options);
  let ca: string | undefined;
  let served: Served | undefined;
  let reportedBundle = "";

  async function check(): Promise<void> {
    const next = await read();
    ca = next.ca;
    settling.see(ca);
    reportBundle();
    if (next.cert === served?.cert && next.key === served.key) return;
    const isOther = served !== undefined && served.ca !== next.ca;
    if (isOther && !settling.isDone(served?.ca) && !isPast(served)) return;
    // Stored after the listener accepted it, so that the next check retries a failed swap.
    listener.onCertificate(next);
    served = next;
    reportBundle();
  }

  async function read(): Promise<Served> {
    const file = (name: string) => readTextFile(`${folder}/${name}`);
    const ca = await file("ca.crt");
    const identity = { cert: await file("tls.crt"), key: await file("tls.key") };
    if (await file("ca.crt") !== ca) {
      throw new Error(
        `Cannot use the files in ${folder}: they were replaced while they were read`,
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

  function reportBundle(): void {
    const bundle = caBundle();
    if (bundle === reportedBundle) return;
    listener.onCaBundle(bundle);
    reportedBundle = bundle;
  }

  return { current: () => served, caBundle, check };
}
