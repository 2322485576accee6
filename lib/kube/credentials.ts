import type { TextSource } from "./text_source.ts";

/** TLS configuration of the connection to the API server; PEM texts. */
export interface TlsMaterial {
  /** CA bundle, in addition to the built-in one. */
  readonly ca: string | undefined;
  readonly certificate: ClientCertificate | undefined;
}

/** A client certificate with its key, as PEM text. */
interface ClientCertificate {
  readonly cert: string;
  readonly key: string;
}

/** The client certificate and header of one request. */
export interface Access {
  readonly tls: TlsMaterial;
  /** Value of the `Authorization` header. */
  readonly authorization: string | undefined;
}

/** The program's credentials at the API server. */
interface Credentials {
  /**
   * The credentials for the next request.
   *
   * @throws {CredentialsError} if a file could never be read, or a plugin fails
   */
  current(): Promise<Access>;
  /** The API server responded 401 to this access: the next `current` reloads it. */
  reject(access: Access): void;
}

/** The client's identity: a token, a certificate, or a plugin that provides them. */
export interface Identity {
  token?: TextSource;
  certificate?: { cert: TextSource; key: TextSource };
  plugin?: CredentialPlugin;
}

/** What an exec plugin returns: a token, a client certificate, or both. */
export interface PluginCredential {
  readonly token?: string;
  readonly certificate?: ClientCertificate;
}

/** Source of credentials that expire. */
export interface CredentialPlugin {
  credential(): Promise<PluginCredential>;
  /** The credential was not accepted: the next `credential()` runs the plugin. */
  expire(credential: PluginCredential): void;
}

/** An API server, and how to authenticate there. */
export interface Cluster {
  /** URL without a trailing slash. */
  server: string;
  defaultNamespace: string;
  /** Name of the kubeconfig's context; absent in a Pod. */
  context?: string;
  credentials: Credentials;
  /** @default the proxy of the environment, as in fetch */
  proxy?: Deno.Proxy;
  /** Whether an exec plugin provides the credentials, so that the process must keep the right to run it. */
  runsPrograms?: boolean;
}

/** Credentials from a CA bundle and an identity; both are read when they are needed. */
export function credentialsOf(ca: TextSource | undefined, identity: Identity): Credentials {
  const { token, certificate, plugin } = identity;
  const credentialOf = new WeakMap<Access, PluginCredential>();
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
      if (credential) credentialOf.set(access, credential);
      return access;
    },
    reject(access) {
      for (const text of [ca, token, certificate?.cert, certificate?.key]) text?.expire();
      const credential = credentialOf.get(access);
      if (credential) plugin?.expire(credential);
    },
  };
}

async function readPair(pair: { cert: TextSource; key: TextSource }): Promise<ClientCertificate> {
  return { cert: await pair.cert.read(), key: await pair.key.read() };
}
