import assert from "node:assert/strict";
import type { ObjectMeta } from "../../../lib/api/meta.ts";
import {
  labelTimes,
  laterLabelFields,
  maySelectLater,
} from "../../../lib/core/select/label_times.ts";

const CREATED = "2026-06-01T12:00:00Z";
const at = (seconds: number) => new Date(Date.parse(CREATED) + seconds * 1_000).toISOString();
const labels = (seconds: number, ...keys: string[]) => ({
  time: at(seconds),
  fieldsV1: {
    "f:metadata": { "f:labels": Object.fromEntries(keys.map((key) => [`f:${key}`, {}])) },
    "f:spec": {},
  },
});
const others = (seconds: number) => ({ time: at(seconds), fieldsV1: { "f:status": {} } });
const meta = (...managedFields: NonNullable<ObjectMeta["managedFields"]>): ObjectMeta => ({
  creationTimestamp: CREATED,
  managedFields,
});
/** As it is kept in memory. */
const kept = (metadata: ObjectMeta): ObjectMeta => ({
  ...metadata,
  managedFields: laterLabelFields(metadata),
});

Deno.test("laterLabelFields() is empty for an object whose labels are those of its creation", () => {
  assert.deepEqual(laterLabelFields(meta(labels(0, "app"), others(60))), []);
  assert.deepEqual(laterLabelFields({ creationTimestamp: CREATED }), []);
});

Deno.test("laterLabelFields() bears with a creation that falls into two seconds", () => {
  assert.deepEqual(laterLabelFields(meta(labels(1, "app"))), []);
  assert.equal(laterLabelFields(meta(labels(0, "app"), labels(1, "team"))).length, 1);
  assert.equal(laterLabelFields(meta(labels(2, "app"))).length, 1);
});

Deno.test("laterLabelFields() counts every label of this program, which sets none of a Pod's creation", () => {
  const ours = { ...labels(0, "mesh"), manager: "sidecarset" };
  const [field, ...more] = laterLabelFields(meta(labels(1, "app"), ours));
  assert.deepEqual([Object.keys(labelTimes([field ?? {}])), more], [["mesh"], []]);
  const selector = { matchLabels: { mesh: "on" } };
  const pod = kept(meta(labels(0, "app"), ours));
  assert.equal(maySelectLater({ selector }, { pod, namespace: undefined }), true);
});

Deno.test("labelTimes() takes the latest time of each label", () => {
  const later = laterLabelFields(meta(labels(0, "app"), labels(5, "a", "b"), labels(9, "b")));
  assert.deepEqual(labelTimes(later), { a: at(5), b: at(9) });
  assert.deepEqual(
    labelTimes([{ time: at(1), fieldsV1: { "f:metadata": { "f:labels": { ".": {} } } } }]),
    {},
  );
});

Deno.test("maySelectLater() looks at the labels that the selector reads", () => {
  const pod = kept(meta(labels(0, "app"), labels(60, "team")));
  const selecting = (...keys: string[]) => ({
    selector: { matchExpressions: keys.map((key) => ({ key, operator: "Exists" as const })) },
  });
  assert.equal(maySelectLater(selecting("app"), { pod, namespace: undefined }), false);
  assert.equal(maySelectLater(selecting("app", "team"), { pod, namespace: undefined }), true);
  assert.equal(
    maySelectLater({ selector: { matchLabels: { team: "x" } } }, { pod, namespace: undefined }),
    true,
  );
});

Deno.test("maySelectLater() is true for Pods that are older than their namespace's label, or of its second", () => {
  const spec = { selector: {}, namespaceSelector: { matchLabels: { sidecars: "on" } } };
  const pod = kept(meta(labels(0, "app")));
  const labelled = (seconds: number) => ({ pod, namespace: { sidecars: at(seconds) } });
  assert.equal(maySelectLater(spec, labelled(-1)), false);
  assert.equal(maySelectLater(spec, labelled(0)), true);
  assert.equal(maySelectLater(spec, labelled(60)), true);
  assert.equal(maySelectLater(spec, { pod, namespace: { other: at(60) } }), false);
});

Deno.test("labelTimes() is not misled by names that every object has", () => {
  const times = labelTimes([labels(5, "__proto__", "constructor")]);
  assert.deepEqual(Object.keys(times).sort(), ["__proto__", "constructor"]);
  const spec = { selector: { matchLabels: { toString: "x" } } };
  assert.equal(
    maySelectLater(spec, { pod: kept(meta(labels(0, "app"))), namespace: undefined }),
    false,
  );
});
