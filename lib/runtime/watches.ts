import { CLEANUP_RECORD_LABEL, fromConfigMap, recordedSidecarSet } from "../api/cleanup_record.ts";
import type { ConfigMap, ControllerRevision, KubeObject } from "../api/objects.ts";
import { missingCrdText } from "../api/problems.ts";
import { ALLOW_LIST_CONFIG_MAP, ALLOW_LIST_KEY } from "../api/names.ts";
import type { WebhookConfiguration } from "../api/webhook_configuration.ts";
import type { StoredCleanupRecord, UnreadableCleanupRecord } from "../index/cleanup_records.ts";
import type { ClusterIndex } from "../index/cluster.ts";
import { podKey } from "../index/pods.ts";
import { internedPod } from "../index/interning.ts";
import { createPodEventParser } from "../index/pod_events.ts";
import { projectNamespace, projectPod } from "../index/projection.ts";
import { resources } from "../kube/resources.ts";
import { PolicyWatches } from "./policy_watches.ts";
import { reflect, type ReflectOptions } from "./reflection.ts";
import { type ProblemsOf, toPrepared } from "../core/defaults/prepare.ts";
import { createTemplates } from "../core/defaults/templates.ts";

const SYNC_POLL_MS = 20;

interface ReflectionsOptions extends ReflectOptions {
  readonly index: ClusterIndex;
  /** The controller's namespace. */
  readonly namespace: string;
  readonly problemsOf: ProblemsOf;
  /** Called when all Pods have been listed and applied. */
  onPodsListed?(): void;
}

interface WatchesOptions extends Omit<ReflectionsOptions, "onPodsListed"> {
  /** Name of the webhook configurations, and of the MutatingAdmissionPolicy with its binding. */
  readonly registrationName: string;
  /** Until when the counts of the stored statuses were right. Never rejects. */
  countedUntil(signal: AbortSignal): Promise<Date | undefined>;
}

/** The watches of the index. */
export interface Watches {
  /**
   * Whether SidecarSets, namespaces and revisions are read. A replica that is cut off is not ready, but still answers:
   * the API server keeps its connection to it, and would refuse every Pod although other replicas are ready.
   */
  isAdmissionSynced(): boolean;
  /**
   * The kinds that are not completely read, or no longer readable: their names, with the last error where there is one.
   */
  unsynced(): string[];
  /** By kind, milliseconds since the API server was last heard of. */
  ages(): Map<string, number>;
  /** The API server is reachable again: ends the back-off of the watches. */
  wake(): void;
  /** The API server's store was rolled back: lists everything again. */
  rollBack(): void;
  run(signal: AbortSignal): Promise<void>;
}

/** The reflections of the kinds that decide about injection and roll-outs, and of the Pods. */
export function createReflections(options: ReflectionsOptions) {
  const { index, namespace } = options;
  const prepare = createTemplates(options.problemsOf);
  const sidecarSets = reflect(options, {
    name: "sidecarsets",
    resource: resources.sidecarSets,
    isForAdmission: true,
    isLarge: true,
    notServedText: missingCrdText("sidecarset"),
    forgetVersions: () => index.sidecarSets.forgetVersions(),
    known: () => index.sidecarSets.names(),
    keyOf: nameOf,
    apply(object) {
      if (index.knowsSidecarSet(object)) return;
      const known = index.sidecarSets.get(nameOf(object));
      index.applySidecarSet(toPrepared(object, options.problemsOf, { known, prepare }));
    },
    delete: (name) => index.deleteSidecarSet(name),
  });
  const namespaces = reflect(options, {
    name: "namespaces",
    resource: resources.namespaces,
    isForAdmission: true,
    known: () => index.namespaces.names(),
    keyOf: nameOf,
    apply: (object) => index.applyNamespace(projectNamespace(object)),
    delete: (name) => index.deleteNamespace(name),
  });
  const revisions = reflect<ControllerRevision>(options, {
    name: "controllerrevisions",
    resource: resources.controllerRevisions,
    selection: { namespace },
    forgetVersions: () => index.revisions.forgetVersions(),
    known: () => index.revisions.names(),
    keyOf: nameOf,
    apply: (object) => index.applyRevision(object),
    delete: (name) => index.deleteRevision(name),
  });
  const pods = reflect(options, {
    name: "pods",
    resource: resources.pods,
    isLarge: true,
    forgetVersions: () => index.pods.forgetVersions(),
    known: () => index.pods.keys(),
    keyOf: podKey,
    parseEvent: createPodEventParser(),
    apply(pod, key) {
      if (index.knowsPod(pod, key)) return;
      index.applyPod(internedPod(projectPod(pod), index.podParts), key);
    },
    delete: (key) => index.deletePod(key),
    onListed: () => options.onPodsListed?.(),
  });
  return { sidecarSets, namespaces, revisions, pods };
}

/** Keeps the index equal to the cluster, by one reflector per resource. */
export function createWatches(options: WatchesOptions): Watches {
  const { index, namespace } = options;
  const own = { fieldSelector: `metadata.name=${options.registrationName}` };
  let countedUntil: Date | undefined;
  const { sidecarSets, namespaces, revisions, pods } = createReflections({
    ...options,
    onPodsListed() {
      if (countedUntil !== undefined) index.markSelectedLater(countedUntil);
      countedUntil = undefined;
    },
  });
  const allowList = reflect<ConfigMap>(options, {
    name: "configmaps",
    resource: resources.configMaps,
    selection: { namespace, fieldSelector: `metadata.name=${ALLOW_LIST_CONFIG_MAP}` },
    known: () => [ALLOW_LIST_CONFIG_MAP],
    keyOf: nameOf,
    apply({ data }) {
      index.allowList = data?.[ALLOW_LIST_KEY];
    },
    delete() {
      index.allowList = undefined;
    },
  });
  const cleanupRecords = reflect<ConfigMap>(options, {
    name: "cleanuprecords",
    resource: resources.configMaps,
    selection: { namespace, labelSelector: CLEANUP_RECORD_LABEL },
    forgetVersions: () => index.cleanupRecords.forgetVersions(),
    known: () => index.cleanupRecords.names(),
    keyOf: nameOf,
    apply(configMap) {
      const entry = recordEntry(configMap);
      if ("problem" in entry) {
        const { sidecarSet, problem } = entry;
        const { name } = configMap.metadata;
        options.logger.warn(
          "Cannot read the record of a clean-up: repair it, or delete it to keep the sidecars",
          { configMap: name, sidecarSet, problem },
        );
      }
      index.applyCleanupRecord(entry);
    },
    delete: (name) => index.deleteCleanupRecord(name),
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
      forgetVersions: () => index.forgetRegistration(kind),
      known: () => [options.registrationName],
      keyOf: nameOf,
      // Items of a list come without their kind.
      apply: (object) => index.applyRegistration(kind, { ...object, kind }),
      delete: () => index.applyRegistration(kind, undefined),
    });
  });
  const policies = new PolicyWatches({ ...options, policyName: options.registrationName });
  const forAdmission = [sidecarSets, namespaces, revisions];
  const always = [...forAdmission, pods, allowList, cleanupRecords, ...configurations];
  const all = () => [...always, ...policies.active()];
  return {
    isAdmissionSynced: () => forAdmission.every(({ loop }) => loop.hasListed()),
    unsynced: () => [
      ...always.filter(({ loop }) => !loop.isSynced()).map(({ name, loop }) => {
        const problem = loop.problem();
        return problem === undefined ? name : `${name} (${problem})`;
      }),
      ...policies.unsynced(),
    ],
    ages: () =>
      new Map(
        all().flatMap(({ name, loop }) => {
          const at = loop.lastEventAt();
          return at === undefined ? [] : [[name, options.clock.monotonic() - at]];
        }),
      ),
    wake() {
      for (const { loop } of all()) loop.wake();
    },
    rollBack() {
      for (const { loop } of all()) loop.rollBack();
    },
    async run(signal) {
      const others = [...forAdmission, allowList, cleanupRecords, ...configurations];
      const running = [...others.map(({ loop }) => loop.run(signal)), policies.run(signal)];
      // Pods are listed last, so that each is classified once.
      while (!signal.aborted && !forAdmission.every(({ loop }) => loop.isSynced())) {
        await options.clock.sleep(SYNC_POLL_MS, signal);
      }
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
