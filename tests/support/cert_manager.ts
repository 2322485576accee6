import { join } from "node:path";
import { findBinaries } from "./binaries.ts";
import type { ControlPlane } from "./control_plane.ts";
import { eventually } from "./eventually.ts";
import { productFolder } from "./go_build.ts";
import { untilEstablished } from "./installation.ts";
import { kubectlOutput } from "./kubectl.ts";
import { Server } from "./server.ts";
import { readToolModule } from "./tool_module.ts";

const GROUP = "cert-manager.io";
const KINDS = ["certificates", "certificaterequests", "clusterissuers", "issuers"] as const;

/** What each of the programs does something about. */
const PROBES = {
  apiVersion: "v1",
  kind: "List",
  items: [
    {
      apiVersion: `${GROUP}/v1`,
      kind: "Issuer",
      metadata: { namespace: "default", name: "probe" },
      spec: { selfSigned: {} },
    },
    {
      apiVersion: "admissionregistration.k8s.io/v1",
      kind: "ValidatingWebhookConfiguration",
      metadata: { name: "probe", annotations: { [`${GROUP}/inject-apiserver-ca`]: "true" } },
      webhooks: [{
        name: "probe.example.com",
        admissionReviewVersions: ["v1"],
        clientConfig: { url: "https://127.0.0.1:1/" },
        failurePolicy: "Ignore",
        sideEffects: "None",
      }],
    },
  ],
};

/**
 * Installs cert-manager's kinds and starts its controllers and its CA injector, as a user who may do everything.
 * Resolves when they work. Dispose of it before the control plane; it also ends with this process.
 *
 * @throws {Error} if it cannot be built, or with the end of its log if it does not start
 */
export async function startCertManager(plane: ControlPlane): Promise<AsyncDisposable> {
  const binaries = await findBinaries(["cert-manager"], {
    progress: (message) => console.error(message),
  });
  const folder = join(await productFolder(await readToolModule("cert-manager")), "deploy", "crds");
  // The definitions of Issuers are too large for what `kubectl apply` keeps by itself.
  const files = KINDS.flatMap((plural) => ["-f", join(folder, `${GROUP}_${plural}.yaml`)]);
  await kubectlOutput(["apply", "--server-side", ...files], plane);
  await untilEstablished(plane, KINDS.map((plural) => `${plural}.${GROUP}`));
  await using resources = new AsyncDisposableStack();
  const server = resources.use(
    new Server("cert-manager", {
      program: binaries.path("cert-manager"),
      args: ["--kubeconfig", plane.kubeconfig],
      folder: plane.folder,
    }),
  );
  server.start();
  await untilWorking(plane, server);
  return resources.move();
}

async function untilWorking(plane: ControlPlane, server: Server): Promise<void> {
  const { kubeconfig } = plane;
  const input = JSON.stringify(PROBES);
  await kubectlOutput(["apply", "-f", "-"], { kubeconfig, input });
  const read = (path: string, ...object: string[]) =>
    kubectlOutput(["get", ...object, "-o", `jsonpath={${path}}`], plane);
  await eventually(async () => {
    const [ready, caBundle] = await Promise.all([
      read(".status.conditions[0].status", "issuer", "probe"),
      read(".webhooks[0].clientConfig.caBundle", "validatingwebhookconfiguration", "probe"),
    ]);
    return ready === "True" && caBundle !== "";
  }, { what: "cert-manager works", unless: () => server.failure });
  await kubectlOutput(["delete", "-f", "-"], { kubeconfig, input });
}

/** Has a Certificate reissued, as `cmctl renew` does; resolves when its Secret has the new one. */
export async function renew(
  plane: ControlPlane,
  { namespace, name }: { namespace: string; name: string },
): Promise<void> {
  const certificate = [`certificates.${GROUP}`, name, "-n", namespace];
  const statusOf = async (): Promise<CertificateStatus> =>
    JSON.parse(await kubectlOutput(["get", ...certificate, "-o", "json"], plane)).status;
  const { revision = 0, conditions } = await statusOf();
  const issuing = {
    type: "Issuing",
    status: "True",
    reason: "ManuallyTriggered",
    message: "Certificate re-issuance manually triggered",
    lastTransitionTime: new Date().toISOString(),
  };
  const body = JSON.stringify({ status: { conditions: [...conditions, issuing] } });
  await kubectlOutput(
    ["patch", ...certificate, "--subresource=status", "--type=merge", "-p", body],
    plane,
  );
  await eventually(async () => ((await statusOf()).revision ?? 0) > revision, {
    what: `Certificate ${name} is reissued`,
  });
}

interface CertificateStatus {
  readonly revision?: number;
  readonly conditions: readonly object[];
}
