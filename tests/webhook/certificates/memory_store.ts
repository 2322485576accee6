import type { Secret } from "../../../lib/api/objects.ts";
import type { SecretData } from "../../../lib/webhook/certificates/identity.ts";
import type { SecretStore, StoredSecret } from "../../../lib/webhook/certificates/secret_source.ts";

/** A Secret in memory, with the API server's rules for creating and overwriting. */
export class MemoryStore implements SecretStore {
  data: SecretData | undefined;
  writes = 0;
  annotations: Record<string, string> = {};
  /** Thrown by every call while it is set. */
  failure: Error | undefined;
  #version = 0;

  get(): Promise<StoredSecret | undefined> {
    if (this.failure) return Promise.reject(this.failure);
    const { annotations } = this;
    const metadata = { resourceVersion: String(this.#version), annotations };
    return Promise.resolve(this.data && { data: this.data, secret: { metadata } });
  }

  create(data: SecretData): Promise<boolean> {
    if (this.data) return Promise.resolve(false);
    return this.#write(data);
  }

  update(data: SecretData, { metadata }: Secret): Promise<boolean> {
    const isCurrent = metadata.resourceVersion === String(this.#version);
    if (!this.data || !isCurrent) return Promise.resolve(false);
    return this.#write(data);
  }

  #write(data: SecretData): Promise<boolean> {
    this.data = data;
    this.writes++;
    this.#version++;
    return Promise.resolve(true);
  }
}
