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

/** What other replicas have told; this process knows of it once it looks. */
export class ToldPeers {
  caBundle = "";
  looks = 0;
  told: string;

  constructor(told = "") {
    this.told = told;
  }

  look() {
    this.looks++;
    this.caBundle = this.told;
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
  const keeper = new RegistrationReconciler({
    name: "sidecarset",
    endpoint: { url: "https://127.0.0.1:9443" },
    excludedNamespaces: [],
    clock,
    logger: quietLogger,
    sidecarSets: () => state.sidecarSets,
    caBundle: () => pem("own"),
    peers: new ToldPeers(),
    owner: () => Promise.resolve(undefined),
    isLeader: () => state.leading,
    write(wanted) {
      written.push(wanted);
      const resourceVersion = String(++state.version);
      return Promise.resolve({ ...wanted, metadata: { ...wanted.metadata, resourceVersion } });
    },
    isInjectedByPolicy: () => false,
    onCoverage: (names) => covered.push([...names]),
    onRepair: () => {},
    ...settings,
  });
  const reconcile = () => keeper.reconcile(new AbortController().signal);
  return { keeper, state, written, covered, clock, reconcile };
}

export const mutating = "MutatingWebhookConfiguration";
