import assert from "node:assert/strict";
import type { Labels } from "../../../lib/api/meta.ts";
import { orUndefined } from "../../../lib/kube/errors.ts";
import { create, get } from "../../../lib/kube/requests.ts";
import { resources } from "../../../lib/kube/resources.ts";
import { send } from "../../../lib/kube/response.ts";
import type { ControlPlane } from "../../support/control_plane.ts";
import { activate, comparable, compare, type Scene } from "../../support/policy_scenes.ts";
import type { GoldenFile } from "../golden_files.ts";
import { type InjectCase, isInjectCase } from "../inject/inject_case.ts";
import { policyScene } from "./scenes.ts";

/** What the cases of one file come to by a policy. */
export interface PolicyJudgement {
  readonly path: string;
  /** Cases in which the policy makes the Pod that the webhook makes. */
  readonly equal: number;
  /** How many of these inject something. */
  readonly injected: number;
  /** Cases that stay with the webhook, by reason. */
  readonly webhook: ReadonlyMap<string, number>;
  readonly failures: readonly { readonly name: string; readonly difference: string }[];
}

interface Playable {
  readonly path: string;
  readonly name: string;
  readonly testCase: InjectCase;
  readonly scene: Scene;
}

/**
 * Creates the Pod of each case of injection on the API server, by the generated policy and as the webhook patches it.
 *
 * @param plane has no SidecarSets and no webhook
 */
export async function playByPolicy(
  plane: Pick<ControlPlane, "client">,
  files: readonly GoldenFile[],
): Promise<PolicyJudgement[]> {
  const playable: Playable[] = [];
  const webhook = new Map<string, Map<string, number>>();
  for (const { path, cases } of files) {
    const reasons = new Map<string, number>();
    webhook.set(path, reasons);
    for (const [index, testCase] of cases.entries()) {
      const { name } = testCase;
      if (!isInjectCase(testCase)) throw new Error(`Cannot read ${name} of ${path} as injection`);
      const scene = policyScene(`${path.replaceAll(/\W+/g, "-")}-${index}`, testCase);
      if ("scene" in scene) playable.push({ path, name, testCase, ...scene });
      else reasons.set(scene.reason, (reasons.get(scene.reason) ?? 0) + 1);
    }
  }
  const namespaces = await createNamespaces(plane, playable);
  await activate(plane, playable.map(({ scene }) => scene));
  const judgements: PolicyJudgement[] = [];
  for (const { path } of files) {
    const failures: { name: string; difference: string }[] = [];
    let equal = 0;
    let injecting = 0;
    for (
      const { name, testCase: { pod }, scene } of playable.filter((each) => each.path === path)
    ) {
      const namespace = pod.metadata.namespace ?? "default";
      const { byPolicy, byWebhook, injected } = await compare(plane, scene, {
        pod,
        namespace: { name: namespace, labels: namespaces.get(namespace) ?? {} },
      });
      try {
        assert.deepEqual(comparable(byPolicy), comparable(byWebhook));
        equal++;
        if (injected.length > 0) injecting++;
      } catch (error) {
        failures.push({ name, difference: error instanceof Error ? error.message : String(error) });
      }
    }
    const reasons = webhook.get(path) ?? new Map<string, number>();
    judgements.push({ path, equal, injected: injecting, webhook: reasons, failures });
  }
  return judgements;
}

/**
 * Creates the Pods' namespaces. Where cases disagree about labels, those of the first case that has some count.
 *
 * @returns the labels that they have
 */
async function createNamespaces(
  { client }: Pick<ControlPlane, "client">,
  playable: readonly Playable[],
): Promise<ReadonlyMap<string, Labels>> {
  const declared = new Map<string, Labels>();
  for (const { testCase: { pod, namespaceLabels } } of playable) {
    const name = pod.metadata.namespace ?? "default";
    declared.set(name, { ...namespaceLabels?.[name], ...declared.get(name) });
  }
  const namespaces = new Map<string, Labels>();
  for (const [name, labels] of declared) {
    const known = await orUndefined(send(client, get(resources.namespaces, { name })));
    const stored = known ??
      await send(client, create(resources.namespaces, { body: { metadata: { name, labels } } }));
    namespaces.set(name, stored.metadata.labels ?? {});
  }
  return namespaces;
}

/** Every failure, the counts by file, the reasons of what stays with the webhook, and the totals last. */
export function policyReport(judgements: readonly PolicyJudgement[]): string {
  const reasons = new Map<string, number>();
  for (const [reason, count] of judgements.flatMap(({ webhook }) => [...webhook])) {
    reasons.set(reason, (reasons.get(reason) ?? 0) + count);
  }
  const sum = (of: (judgement: PolicyJudgement) => number) =>
    judgements.reduce((total, each) => total + of(each), 0);
  return [
    ...judgements.flatMap(({ path, failures }) =>
      failures.map(({ name, difference }) =>
        `FAILED ${path}: ${name}\n${difference.trim().replaceAll(/^/gm, "    ")}\n`
      )
    ),
    ...judgements.map(({ path, equal, webhook, failures }) =>
      `${path}: ${equal} equal, ${
        countOf(webhook)
      } stay with the webhook, ${failures.length} failed`
    ),
    "",
    "Why cases stay with the webhook:",
    ...[...reasons].sort(([a], [b]) => a < b ? -1 : 1).map(([reason, count]) =>
      `  ${String(count).padStart(3)}  ${reason}`
    ),
    "",
    `${sum(({ equal }) => equal)} equal, of which ${sum(({ injected }) => injected)} inject; ` +
    `${sum(({ webhook }) => countOf(webhook))} stay with the webhook; ` +
    `${sum(({ failures }) => failures.length)} failed`,
  ].join("\n");
}

function countOf(counts: ReadonlyMap<string, number>): number {
  return [...counts.values()].reduce((sum, count) => sum + count, 0);
}
