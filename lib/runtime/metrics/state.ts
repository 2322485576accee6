import { Gauge, type Registry } from "prom-client";
import type { ClusterIndex } from "../../index/cluster.ts";
import type { CertificateSource } from "../../webhook/certificates/source.ts";
import type { Control } from "../control.ts";
import type { Watches } from "../watches.ts";

export interface MetricsState {
  readonly index: ClusterIndex;
  readonly watches: Watches;
  readonly control: Control;
  readonly certificates: CertificateSource;
  /** Admission requests under way. */
  reviewsInFlight(): number;
}

/** Gauges that read the process's state when they are asked for. */
export function registerState(registers: Registry[], state: MetricsState): void {
  const { index, watches, control, certificates } = state;
  const gauge = (name: string, help: string, read: () => number) =>
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(read());
      },
    });
  new Gauge({
    name: "leader_election_master_status",
    help: "Whether this process is the leader.",
    labelNames: ["name"],
    registers,
    collect() {
      this.set({ name: "sidecarset" }, control.election.isLeader() ? 1 : 0);
    },
  });
  gauge(
    "controller_runtime_webhook_requests_in_flight",
    "Admission requests under way.",
    state.reviewsInFlight,
  );
  gauge(
    "sidecarset_pod_writes_in_flight",
    "Pod writes under way.",
    () => control.rollouts.inFlight,
  );
  gauge(
    "sidecarset_certificate_expiry_timestamp_seconds",
    "When the webhook's certificate expires.",
    () => (certificates.current()?.notAfter.getTime() ?? 0) / 1_000,
  );
  gauge(
    "sidecarset_registration_in_force",
    "Whether the webhook registration has been seen to be as the SidecarSets need it.",
    () => control.registration.isRegistered ? 1 : 0,
  );
  new Gauge({
    name: "sidecarset_index_objects",
    help: "Objects that the process knows, by kind.",
    labelNames: ["kind"],
    registers,
    collect() {
      this.set({ kind: "SidecarSet" }, index.sidecarSets.size);
      this.set({ kind: "Pod" }, index.pods.size);
      this.set({ kind: "Namespace" }, index.namespaces.size);
      this.set({ kind: "ControllerRevision" }, index.revisions.size);
    },
  });
  new Gauge({
    name: "sidecarset_watch_age_seconds",
    help: "How long ago the API server was last heard of, by kind.",
    labelNames: ["watch"],
    registers,
    collect() {
      for (const [watch, age] of watches.ages()) this.set({ watch }, age / 1_000);
    },
  });
  registerPods(registers, index);
}

function registerPods(registers: Registry[], index: ClusterIndex): void {
  new Gauge({
    name: "sidecarset_pods",
    help: "Pods of each SidecarSet that has any, by what they are to it.",
    labelNames: ["sidecarset", "state"],
    registers,
    collect() {
      this.reset();
      for (const { name: sidecarset } of index.sidecarSets.values()) {
        const counts = index.pods.countsOf(sidecarset);
        if (counts.matchedPods + counts.uninjectedPods === 0) continue;
        const outdated = counts.matchedPods - counts.updatedPods;
        for (const [state, count] of Object.entries({ ...counts, outdatedPods: outdated })) {
          this.set({ sidecarset, state: state.replace(/Pods$/, "") }, count);
        }
      }
    },
  });
}
