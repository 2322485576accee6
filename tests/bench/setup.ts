import type { Logger } from "../../lib/api/logger.ts";
import type { SidecarSet } from "../../lib/api/sidecarset.ts";
import { applyDefaults } from "../../lib/core/defaults/sidecarset.ts";
import { createInjector } from "../../lib/core/inject/inject.ts";
import type { PreparedSidecarSet } from "../../lib/core/prepared.ts";
import { hashSidecarSet } from "../../lib/core/revision/hash.ts";
import { ClusterIndex } from "../../lib/index/cluster.ts";
import { createLogger } from "../../lib/runtime/log.ts";
import { ALLOWED, type Review } from "../../lib/webhook/decisions.ts";
import { createHandler } from "../../lib/webhook/handler.ts";
import { createPodReview } from "../../lib/webhook/pods.ts";

/** A real Deployment's Pod as kube-apiserver sent it; its labels select the first SidecarSet of `podReview`. */
export function smallReview(): string {
  return recorded("replicaset-pod");
}

/** A recorded Pod with an init container and a native sidecar, two of its three containers left out: 7 KB. */
export function largeReview(): string {
  const review = JSON.parse(recorded("replicaset-pod-large"));
  const { metadata, spec } = review.request.object;
  const owned = metadata.managedFields[0].fieldsV1["f:spec"]["f:containers"];
  for (const { name } of spec.containers.splice(1)) delete owned[`k:{"name":"${name}"}`];
  return JSON.stringify(review);
}

function recorded(name: string): string {
  return Deno.readTextFileSync(new URL(`../webhook/testdata/${name}.json`, import.meta.url));
}

/** The review of Pods over an index of as many SidecarSets, of which one selects the recorded Pods. */
export function podReview(sidecarSets: number): Review {
  const index = new ClusterIndex();
  index.applyNamespace({ metadata: { name: "shop", labels: {} } });
  for (let i = 0; i < sidecarSets; i++) index.applySidecarSet(prepared(i));
  const { inject } = createInjector();
  return createPodReview({
    isSynced: () => true,
    excludedNamespaces: new Set(["kube-system"]),
    match: (labels, namespace) => index.sidecarSets.match(labels, namespace),
    namespace: (name) => index.namespaces.get(name),
    readNamespace: () => Promise.resolve(undefined),
    revisionsOf: () => [],
    sharesOf: () => ({ matched: 0, pinned: 0 }),
    inject,
    now: () => new Date(),
  });
}

export function handlerFor(mutatePod: Review): (request: Request) => Promise<Response> {
  const allow = () => ALLOWED;
  return createHandler({
    reviews: { mutatePod, mutateSidecarSet: allow, validateSidecarSet: allow },
    logger: warningLogger(),
    observe() {},
  });
}

export function warningLogger(): Logger {
  return createLogger({
    level: "warn",
    format: "text",
    write: (line) => console.error(line),
    now: () => new Date(),
  });
}

function prepared(i: number): PreparedSidecarSet {
  const name = `sidecarset-${i}`;
  const sidecarSet: SidecarSet = applyDefaults({
    metadata: { name },
    spec: {
      selector: { matchLabels: { inject: i === 0 ? "yes" : `yes-${i}` } },
      containers: [{
        name: "sidecar",
        image: "sidecar:1.0.0",
        resources: { requests: { cpu: "10m" }, limits: { cpu: "100m", memory: "64Mi" } },
        env: [{ name: "POD_NAME", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } }],
        livenessProbe: { httpGet: { path: "/healthz", port: 8081 }, initialDelaySeconds: 3 },
        volumeMounts: [{ name: "log", mountPath: "/var/log/app" }],
      }],
      volumes: [{ name: "log", emptyDir: {} }],
    },
  });
  return {
    name,
    sidecarSet,
    ...hashSidecarSet(sidecarSet.spec),
    revisionName: `${name}-7d9c6f`,
    problems: [],
  };
}
