import assert from "node:assert/strict";
import type { LabelSelectorRequirement } from "../../lib/api/meta.ts";
import type { WebhookConfiguration } from "../../lib/api/webhook_configuration.ts";
import { planRegistration } from "../../lib/core/registration/configuration.ts";
import { changedBy } from "../support/changes.ts";
import type { SidecarSetStatus } from "../../lib/api/sidecarset_status.ts";
import { ClusterIndex } from "../../lib/index/cluster.ts";
import { podOf, sidecarSetOf, type SidecarSetOptions } from "../support/objects.ts";

const SECOND = "2026-01-01T00:00:10Z";
const status: SidecarSetStatus = { observedGeneration: 1, effectiveSince: SECOND };

function sidecarSet(options: SidecarSetOptions) {
  const prepared = sidecarSetOf(options);
  const metadata = { ...prepared.sidecarSet.metadata, creationTimestamp: SECOND };
  return { ...prepared, sidecarSet: { ...prepared.sidecarSet, metadata } };
}

/** A Pod of the same second as the SidecarSet; resourceVersions say which is older. */
const pod = (resourceVersion: string, creationTimestamp = SECOND) =>
  podOf({ resourceVersion, creationTimestamp });

const first = sidecarSet({ resourceVersion: "10" });
/** As the leader has written its status. */
const effective = sidecarSet({ resourceVersion: "12", status });

const missed = (index: ClusterIndex) => index.pods.countsOf("web").missedPods;

Deno.test("a Pod created in the second after a SidecarSet is missed, whichever watch is faster", () => {
  const podFirst = new ClusterIndex();
  podFirst.applyPod(pod("11"));
  podFirst.applySidecarSet(first);
  podFirst.applySidecarSet(effective);
  assert.equal(missed(podFirst), 1);
  const podLast = new ClusterIndex();
  podLast.applySidecarSet(first);
  podLast.applySidecarSet(effective);
  podLast.applyPod(pod("11"));
  assert.equal(missed(podLast), 1);
});

Deno.test("a Pod created in the second before a SidecarSet is never missed", () => {
  const podFirst = new ClusterIndex();
  podFirst.applyPod(pod("9"));
  podFirst.applySidecarSet(first);
  podFirst.applySidecarSet(effective);
  podFirst.applyPod(pod("20"));
  assert.equal(missed(podFirst), 0);
  const podLast = new ClusterIndex();
  podLast.applySidecarSet(first);
  podLast.applySidecarSet(effective);
  podLast.applyPod(pod("9"));
  podLast.applyPod(pod("20"));
  assert.equal(missed(podLast), 0);
});

Deno.test("Pods count by their times when the watch of SidecarSets is late", () => {
  const index = new ClusterIndex();
  index.applyPod(podOf({ name: "older", creationTimestamp: "2026-01-01T00:00:09Z" }));
  index.applyPod(podOf({ name: "younger", creationTimestamp: "2026-01-01T00:00:40Z" }));
  index.applySidecarSet(first);
  assert.equal(missed(index), 0, "nothing is effective yet");
  index.applySidecarSet(effective);
  assert.equal(missed(index), 1);
});

Deno.test("Pods do not count for a new selection by the time of the one before", () => {
  const index = new ClusterIndex();
  index.applySidecarSet(
    sidecarSet({ resourceVersion: "12", status: { ...status, selectionHash: "of another" } }),
  );
  index.applyPod(pod("20", "2026-01-01T00:01:00Z"));
  assert.equal(missed(index), 0);
});

/** A registration that takes only Pods of namespaces that meet these requirements. */
function configurationWith(matchExpressions: LabelSelectorRequirement[]): WebhookConfiguration {
  const { mutating } = planRegistration({
    name: "sidecarset",
    endpoint: { url: "https://127.0.0.1" },
    sidecarSets: [sidecarSetOf()],
    excludedNamespaces: [],
    caBundle: "",
  });
  return {
    ...mutating,
    webhooks: (mutating.webhooks ?? []).map((entry) => ({
      ...entry,
      namespaceSelector: { matchExpressions },
    })),
  };
}

Deno.test("Pods of excluded namespaces are not missed, and are again once they are not excluded any more", () => {
  const index = new ClusterIndex();
  index.applyNamespace({ metadata: { name: "default", labels: { managed: "yes" } } });
  const kind = "MutatingWebhookConfiguration";
  const excluding = configurationWith([{ key: "managed", operator: "DoesNotExist" }]);
  index.applyRegistration(kind, excluding);
  index.applySidecarSet(effective);
  index.applyPod(pod("20"));
  assert.deepEqual([missed(index), index.pods.countsOf("web").uninjectedPods], [0, 1]);
  assert.deepEqual(changedBy(index, () => index.applyRegistration(kind, excluding)), []);
  const all = configurationWith([]);
  assert.deepEqual(changedBy(index, () => index.applyRegistration(kind, all)), ["web"]);
  assert.equal(missed(index), 1);
});

Deno.test("a Pod of the same second is not missed after a restart unless it was counted before", () => {
  for (const [missedPods, expected] of [[0, 0], [1, 1]] as const) {
    const index = new ClusterIndex();
    index.applySidecarSet(sidecarSet({ resourceVersion: "12", status: { ...status, missedPods } }));
    index.applyPod(pod("20"));
    index.markSelectedLater(new Date("2026-01-01T01:00:00Z"));
    assert.equal(missed(index), expected);
  }
});
