import type { WebhookConfiguration } from "../../../lib/api/webhook_configuration.ts";
import {
  RegistrationReconciler,
  type RegistrationReconcilerOptions,
} from "../../../lib/controller/registration/reconciler.ts";
import type { PreparedSidecarSet } from "../../../lib/core/prepared.ts";
import { ManualClock } from "../../support/manual_clock.ts";
import { sidecarSetOf } from "../../support/objects.ts";
import { quietLogger } from "../../support/quiet_logger.ts";

export const pem = (text: string) =>
  `-----BEGIN CERTIFICATE-----\n${text}\n-----END CERTIFICATE-----\n`;

/** What other replicas have published; this process reads it when it looks. */
export class PublishedPeers {
  caBundle = "";
  looks = 0;
  published: string;

  constructor(published = "") {
    this.published = published;
  }

  look() {
    this.looks++;
    this.caBundle = this.published;
    return Promise.resolve([]);
  }
}

/** A spec that leads to no entry for Jobs, so that only the MutatingWebhookConfiguration depends on it. */
export const ending = {
  containers: [{ name: "agent", image: "agent:1", completionPolicy: "TerminateWithMain" as const }],
};

export function setUp(
  initial: readonly PreparedSidecarSet[] = [sidecarSetOf({ spec: ending })],
  settings: Partial<RegistrationReconcilerOptions> = {},
) {
  const state = { sidecarSets: initial, leading: true, version: 0 };
  const written: WebhookConfiguration[] = [];
  const covered: string[][] = [];
  const clock = new ManualClock();
  const reconciler = new RegistrationReconciler({
    name: "sidecarset",
    endpoint: { url: "https://127.0.0.1:9443" },
    excludedNamespaces: [],
    clock,
    logger: quietLogger,
    sidecarSets: () => state.sidecarSets,
    caBundle: () => pem("own"),
    peers: new PublishedPeers(),
    owner: () => Promise.resolve(undefined),
    isLeader: () => state.leading,
    write(configuration) {
      written.push(configuration);
      const resourceVersion = String(++state.version);
      return Promise.resolve({
        ...configuration,
        metadata: { ...configuration.metadata, resourceVersion },
      });
    },
    isInjectedByPolicy: () => false,
    onCoverage: (names) => covered.push([...names]),
    onRepair: () => {},
    ...settings,
  });
  const reconcile = () => reconciler.reconcile(new AbortController().signal);
  return { reconciler, state, written, covered, clock, reconcile };
}

export const mutating = "MutatingWebhookConfiguration";
