import { PATHS } from "../../lib/api/webhook_configuration.ts";
import { recordedRequest } from "../webhook/fixtures.ts";
import type { ControlPlane } from "./control_plane.ts";
import type { ControllerProcess } from "./controller_process.ts";
import { eventually } from "./eventually.ts";
import { readRegistration } from "./registration.ts";

/** Of a Pod in a namespace that every cluster has. */
const REVIEW = JSON.stringify({
  apiVersion: "admission.k8s.io/v1",
  kind: "AdmissionReview",
  request: {
    ...recordedRequest("bare-pod"),
    namespace: "default",
    object: {
      metadata: { name: "bare" },
      spec: { containers: [{ name: "main", image: "main:1" }] },
    },
  },
});

/** Calls the webhook of one controller as an API server does, also while no API server runs. */
export class WebhookCaller implements Disposable {
  readonly #client: Deno.HttpClient;
  readonly #url: URL;

  private constructor(client: Deno.HttpClient, url: URL) {
    this.#client = client;
    this.#url = url;
  }

  /** Reads the CA bundle, so the API server has to run. */
  static async create(plane: ControlPlane, controller: ControllerProcess): Promise<WebhookCaller> {
    const { webhooks } = await readRegistration(plane);
    const client = Deno.createHttpClient({
      caCerts: [atob(webhooks?.[0]?.clientConfig.caBundle ?? "")],
    });
    return new WebhookCaller(client, new URL(PATHS.mutatePod, controller.webhookUrl));
  }

  /** The HTTP status of the response to the review of a Pod. */
  async status(): Promise<number> {
    const response = await fetch(this.#url, {
      client: this.#client,
      method: "POST",
      headers: { "content-type": "application/json" },
      body: REVIEW,
    });
    await response.body?.cancel();
    return response.status;
  }

  /** Waits until reviews are decided (200), or refused because the index may be outdated (503). */
  async until(status: 200 | 503): Promise<void> {
    await eventually(async () => await this.status() === status, {
      what: `the webhook answers ${status}`,
    });
  }

  [Symbol.dispose](): void {
    this.#client.close();
  }
}
