import type { TextSource } from "./text_source.ts";

/** What TLS to the API server needs; PEM texts. */
export interface TlsMaterial {
  /** Certificate authorities besides the built-in ones. */
  readonly ca: string | undefined;
  readonly certificate: ClientCertificate | undefined;
}

export interface ClientCertificate {
  readonly cert: string;
  readonly key: string;
}

/** What one request is sent with. */
export interface Access {
  readonly tls: TlsMaterial;
  /** Value of the `Authorization` header. */
  readonly authorization: string | undefined;
}

/** Who the program is to the API server. */
export interface Credentials {
  /** For the next request. Rejects if a file or program that it needs never worked. */
  current(): Promise<Access>;
  /** The API server answered 401 to this access: the next `current` looks for a newer one. */
  reject(access: Access): void;
}

/** What identifies the client: any of a token, a certificate and a plugin that yields either. */
export interface Identity {
  token?: TextSource;
  certificate?: { cert: TextSource; key: TextSource };
  plugin?: CredentialPlugin;
}

export interface PluginCredential {
  readonly token?: string;
  readonly certificate?: ClientCertificate;
}

export interface CredentialPlugin {
  credential(): Promise<PluginCredential>;
  /** This credential did not serve. */
  expire(credential: PluginCredential): void;
}

/** A cluster to talk to. */
export interface Cluster {
  /** URL without a path's trailing slash. */
  server: string;
  defaultNamespace: string;
  credentials: Credentials;
  /** How to reach the server, where not as fetch does by itself. */
  proxy?: Deno.Proxy;
  /** The credentials come from a program that is run whenever they expire. */
  runsPrograms?: boolean;
}

/** Credentials from a CA and an identity, each read when it is needed. */
export function credentialsOf(ca: TextSource | undefined, identity: Identity): Credentials {
  const { token, certificate, plugin } = identity;
  const given = new WeakMap<Access, PluginCredential>();
  return {
    async current() {
      const credential = await plugin?.credential();
      const bearer = await token?.read() ?? credential?.token;
      const access: Access = {
        tls: {
          ca: await ca?.read(),
          certificate: credential?.certificate ?? (certificate && await readPair(certificate)),
        },
        authorization: bearer === undefined ? undefined : `Bearer ${bearer}`,
      };
      if (credential) given.set(access, credential);
      return access;
    },
    reject(access) {
      for (const text of [ca, token, certificate?.cert, certificate?.key]) text?.expire();
      const credential = given.get(access);
      if (credential) plugin?.expire(credential);
    },
  };
}

async function readPair(pair: { cert: TextSource; key: TextSource }): Promise<ClientCertificate> {
  return { cert: await pair.cert.read(), key: await pair.key.read() };
}
