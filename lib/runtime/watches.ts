import { CLEANUP_RECORD_LABEL, fromConfigMap, recordedSidecarSet } from "../api/cleanup_record.ts";
import type { Clock } from "../api/clock.ts";
import type { ControllerRevision } from "../api/controller_revision.ts";
import type { FieldProblem } from "../api/field_problem.ts";
import { missingCrdText } from "../api/missing_crd.ts";
import type { Logger } from "../api/logger.ts";
import { ALLOW_LIST_CONFIG_MAP, ALLOW_LIST_KEY } from "../api/names.ts";
import type { ConfigMap, KubeObject } from "../api/objects.ts";
import type { WebhookConfiguration } from "../api/webhook_configuration.ts";
import type { SidecarSet } from "../api/sidecarset.ts";
import type { ConfigurationKind } from "../controller/registration/reconciler.ts";
import type { StoredCleanupRecord, UnreadableCleanupRecord } from "../index/cleanup_records.ts";
import type { ClusterIndex } from "../index/cluster.ts";
import { podKey } from "../index/pods.ts";
import { sharedPod, Sharing } from "../index/sharing.ts";
import { trimNamespace, trimPod } from "../index/trim.ts";
import type { RestClient } from "../kube/contract.ts";
import { resources } from "../kube/resources.ts";
import { reflect } from "./reflection.ts";
import { toPrepared } from "./stored_sidecarset.ts";
import { until } from "./until.ts";

export interface WatchesOptions {
  readonly client: RestClient;
  readonly index: ClusterIndex;
  readonly clock: Clock;
  readonly logger: Logger;
  /** The controller's namespace. */
  readonly namespace: string;
  readonly registrationName: string;
  /** Until when the counts of the stored statuses were right. Never rejects. */
  countedUntil(signal: AbortSignal): Promise<Date | undefined>;
  problemsOf(sidecarSet: SidecarSet): readonly FieldProblem[];
  /** SidecarSets that something has changed for. */
  onChange(names: Iterable<string>): void;
  /** A SidecarSet itself changed, was created or deleted. */
  onSidecarSet(name: string): void;
  /** The labels of a namespace changed, or it is new. */
  onNamespace(name: string): void;
  /** A Pod changed or was created. */
  onPod(key: string): void;
  /** The record of a clean-up changed. */
  onCleanupRecord(sidecarSet: string): void;
  onRegistration(kind: ConfigurationKind, configuration: WebhookConfiguration | undefined): void;
  /** What is known of a configuration cannot be compared any more with what comes next. */
  onRegistrationForgotten(kind: ConfigurationKind): void;
  onAllowList(text: string | undefined): void;
}

export interface Watches {
  /**
   * What an admission needs: SidecarSets, namespaces and revisions. A replica that is cut off is not ready, but answers from what it knows: the
   * API server keeps its connection to it, and would have every Pod and SidecarSet refused although others are ready.
   */
  isAdmissionSynced(): boolean;
  /** The kinds that are not completely read, or no longer readable: their names, with the last error where there is one. */
  unsynced(): string[];
  /** By kind, milliseconds since the API server was last heard of. */
  ages(): Map<string, number>;
  /** The API server can be reached again: goes on with what waits for that. */
  wake(): void;
  /** The API server's store was set back: reads everything again. */
  rollBack(): void;
  run(signal: AbortSignal): Promise<void>;
}

/** Keeps the index equal to the cluster by one reflector for each kind. */
export function createWatches(options: WatchesOptions): Watches {
  const { index, onChange, onSidecarSet, onRegistration, onAllowList, namespace } = options;
  const own = { fieldSelector: `metadata.name=${options.registrationName}` };
  const sidecarSets = reflect(options, {
    name: "sidecarsets",
    resource: resources.sidecarSets,
    isForAdmission: true,
    notServedText: missingCrdText("sidecarset"),
    forgetVersions: () => index.forgetSidecarSetVersions(),
    known: () => [...index.sidecarSets.values()].map(({ name }) => name),
    keyOf: nameOf,
    apply(object) {
      // A state that is known from the answer to a write is new to those who look after SidecarSets.
      if (!index.knowsSidecarSet(object)) {
        onChange(index.applySidecarSet(toPrepared(object, options.problemsOf)));
      }
      onSidecarSet(nameOf(object));
    },
    delete(name) {
      onChange(index.deleteSidecarSet(name));
      onSidecarSet(name);
    },
  });
  const namespaces = reflect(options, {
    name: "namespaces",
    resource: resources.namespaces,
    isForAdmission: true,
    known: () => [...index.namespaces.names()],
    keyOf: nameOf,
    apply(object) {
      const name = nameOf(object);
      const before = index.namespaces.get(name)?.labels;
      onChange(index.applyNamespace(trimNamespace(object)));
      if (index.namespaces.get(name)?.labels !== before) options.onNamespace(name);
    },
    delete: (name) => index.deleteNamespace(name),
  });
  const revisions = reflect<ControllerRevision>(options, {
    name: "controllerrevisions",
    resource: resources.controllerRevisions,
    selection: { namespace },
    forgetVersions: () => index.revisions.forgetVersions(),
    known: () => index.revisions.names(),
    keyOf: nameOf,
    apply: (object) => onChange(index.applyRevision(object)),
    delete: (name) => onChange(index.deleteRevision(name)),
  });
  const sharing = new Sharing();
  let countedUntil: Date | undefined;
  const pods = reflect(options, {
    name: "pods",
    resource: resources.pods,
    forgetVersions: () => index.pods.forgetVersions(),
    known: () => [...index.pods.keys()],
    keyOf: podKey,
    apply(pod) {
      if (!index.knowsPod(pod)) onChange(index.applyPod(sharedPod(trimPod(pod), sharing)));
      options.onPod(podKey(pod));
    },
    delete: (key) => onChange(index.deletePod(key)),
    onListed() {
      if (countedUntil !== undefined) index.doubtMissed(countedUntil);
      countedUntil = undefined;
    },
  });
  const allowList = reflect<ConfigMap>(options, {
    name: "configmaps",
    resource: resources.configMaps,
    selection: { namespace, fieldSelector: `metadata.name=${ALLOW_LIST_CONFIG_MAP}` },
    known: () => [ALLOW_LIST_CONFIG_MAP],
    keyOf: nameOf,
    apply: ({ data }) => onAllowList(data?.[ALLOW_LIST_KEY]),
    delete: () => onAllowList(undefined),
  });
  const cleanupRecords = reflect<ConfigMap>(options, {
    name: "cleanuprecords",
    resource: resources.configMaps,
    selection: { namespace, labelSelector: CLEANUP_RECORD_LABEL },
    forgetVersions: () => index.cleanupRecords.forgetVersions(),
    known: () => [...index.cleanupRecords.names()],
    keyOf: nameOf,
    apply(configMap) {
      const entry = recordEntry(configMap);
      index.cleanupRecords.apply(entry);
      if ("record" in entry) return options.onCleanupRecord(entry.record.sidecarSet);
      const { sidecarSet, problem } = entry;
      const { name } = configMap.metadata;
      options.logger.warn(
        "Cannot read the record of a clean-up: mend it, or delete it to leave the sidecars as they are",
        { configMap: name, sidecarSet, problem },
      );
      if (sidecarSet !== undefined) options.onCleanupRecord(sidecarSet);
    },
    delete(name) {
      const sidecarSet = index.cleanupRecords.delete(name);
      if (sidecarSet !== undefined) options.onCleanupRecord(sidecarSet);
    },
  });
  const configurations = [
    resources.mutatingWebhookConfigurations,
    resources.validatingWebhookConfigurations,
  ].map((resource) => {
    const kind = resource === resources.mutatingWebhookConfigurations
      ? "MutatingWebhookConfiguration" as const
      : "ValidatingWebhookConfiguration" as const;
    return reflect<WebhookConfiguration>(options, {
      name: resource.plural,
      resource,
      selection: own,
      forgetVersions: () => options.onRegistrationForgotten(kind),
      known: () => [options.registrationName],
      keyOf: nameOf,
      // Items of a list come without their kind.
      apply: (object) => onRegistration(kind, { ...object, kind }),
      delete: () => onRegistration(kind, undefined),
    });
  });
  const forAdmission = [sidecarSets, namespaces, revisions];
  const all = [...forAdmission, pods, allowList, cleanupRecords, ...configurations];
  return {
    isAdmissionSynced: () => forAdmission.every(({ loop }) => loop.hasListed()),
    unsynced: () =>
      all.filter(({ loop }) => !loop.isSynced()).map(({ name, loop }) => {
        const problem = loop.problem();
        return problem === undefined ? name : `${name} (${problem})`;
      }),
    ages: () =>
      new Map(all.flatMap(({ name, loop }) => {
        const at = loop.lastEventAt();
        return at === undefined ? [] : [[name, options.clock.monotonic() - at]];
      })),
    wake() {
      for (const { loop } of all) loop.wake();
    },
    rollBack() {
      for (const { loop } of all) loop.rollBack();
    },
    async run(signal) {
      const others = [...forAdmission, allowList, cleanupRecords, ...configurations];
      const running = others.map(({ loop }) => loop.run(signal));
      // A Pod is classified once if everything that its class depends on is known before it.
      await until(() => forAdmission.every(({ loop }) => loop.isSynced()), {
        clock: options.clock,
        signal,
      });
      countedUntil = await options.countedUntil(signal);
      await Promise.all([...running, pods.loop.run(signal)]);
    },
  };
}

function nameOf({ metadata }: KubeObject): string {
  return metadata.name ?? "";
}

function recordEntry(configMap: ConfigMap): StoredCleanupRecord | UnreadableCleanupRecord {
  const read = fromConfigMap(configMap);
  if (read.ok) return { record: read.value, configMap };
  const [problem] = read.problems;
  const sidecarSet = recordedSidecarSet(configMap);
  return { configMap, sidecarSet, problem: `${problem?.field} ${problem?.message}` };
}
