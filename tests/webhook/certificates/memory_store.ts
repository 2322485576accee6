import type { SecretData } from "../../../lib/webhook/certificates/authority.ts";
import type { SecretStore } from "../../../lib/webhook/certificates/secret_source.ts";

/** A Secret in memory, with the API server's rules for creating and overwriting. */
export class MemoryStore implements SecretStore {
  data: SecretData | undefined;
  writes = 0;
  /** Thrown by every call while it is set. */
  failure: Error | undefined;
  #version = 0;

  get(): Promise<{ data: SecretData; resourceVersion: string } | undefined> {
    if (this.failure) return Promise.reject(this.failure);
    return Promise.resolve(
      this.data && { data: this.data, resourceVersion: String(this.#version) },
    );
  }

  create(data: SecretData): Promise<boolean> {
    if (this.data) return Promise.resolve(false);
    return this.#write(data);
  }

  update(data: SecretData, resourceVersion: string): Promise<boolean> {
    if (!this.data || resourceVersion !== String(this.#version)) return Promise.resolve(false);
    return this.#write(data);
  }

  #write(data: SecretData): Promise<boolean> {
    this.data = data;
    this.writes++;
    this.#version++;
    return Promise.resolve(true);
  }
}
