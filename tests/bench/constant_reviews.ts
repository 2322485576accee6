import type { WebhookConfiguration } from "../../lib/api/webhook_configuration.ts";
import { storedForm } from "../../lib/core/defaults/sidecarset.ts";
import { jsonDiff } from "../../lib/core/json/patch.ts";
import { planRegistration } from "../../lib/core/registration/configuration.ts";
import { create, get, remove } from "../../lib/kube/requests.ts";
import { registrationResource, resources } from "../../lib/kube/resources.ts";
import { send } from "../../lib/kube/response.ts";
import type { ControlPlane } from "../support/control_plane.ts";
import { eventually } from "../support/eventually.ts";
import { createTestPki } from "../webhook/tls_fixtures.ts";
import type { EchoInput, ServerReport } from "./echo_server.ts";
import { startProgram } from "./process.ts";
import { benchSidecarSet } from "./simulated_sidecarset.ts";

/**
 * Does the work while both reviews of SidecarSets are registered as the controller registers them, and answered by the
 * bare echo: with the same patch for each, and without any controller.
 */
export async function withConstantReviews<T>(
  { client }: ControlPlane,
  work: () => Promise<T>,
): Promise<T> {
  const pki = await createTestPki();
  const { cert, key } = await pki.issue();
  const sample = { ...benchSidecarSet("sample") };
  const patch = btoa(JSON.stringify(jsonDiff(sample, storedForm(sample))));
  const input: EchoInput = { cert, key, patch, auditAnnotations: {} };
  const server = startProgram<ServerReport>("echo_server.ts", input);
  const configurations: WebhookConfiguration[] = [];
  try {
    const { port } = await server.next();
    const { mutating, validating } = planRegistration({
      name: "bench",
      sidecarSets: [],
      excludedNamespaces: [],
      endpoint: { url: `https://127.0.0.1:${port}` },
      caBundle: pki.authority.cert,
    });
    for (const body of [validating, mutating]) {
      await send(client, create(registrationResource(body.kind), { body }));
      configurations.push(body);
    }
    let probes = 0;
    const isReviewed = async () => {
      const name = `probe-${probes++}`;
      await send(client, create(resources.sidecarSets, { body: benchSidecarSet(name) }));
      const { metadata } = await send(client, get(resources.sidecarSets, { name }));
      return metadata.annotations !== undefined;
    };
    await eventually(isReviewed, { what: "SidecarSets are reviewed" });
    return await work();
  } finally {
    for (const { kind } of configurations) {
      await send(client, remove(registrationResource(kind), { name: "bench" }));
    }
    await server.stop();
  }
}
