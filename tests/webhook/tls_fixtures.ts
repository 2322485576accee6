import type { AuthorityIdentity, TlsIdentity } from "../../lib/webhook/certificates/identity.ts";
import { issueAuthority, issueServingCertificate } from "../../lib/webhook/certificates/issue.ts";

export interface TestPki {
  readonly authority: AuthorityIdentity;
  /** A new certificate for 127.0.0.1. */
  issue(): Promise<TlsIdentity>;
}

/** A certificate authority for servers on this machine. */
export async function createTestPki(): Promise<TestPki> {
  const validity = () => ({ now: new Date(), lifetimeSeconds: 3600 });
  const authority = await issueAuthority(validity());
  const names = { dns: ["localhost"], ip: ["127.0.0.1"] };
  return {
    authority,
    issue: () => issueServingCertificate(authority, { ...validity(), names }),
  };
}
