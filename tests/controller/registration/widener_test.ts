import assert from "node:assert/strict";
import type { WebhookConfiguration } from "../../../lib/api/webhook_configuration.ts";
import {
  RegistrationWidener,
  type RegistrationWidenerOptions,
} from "../../../lib/controller/registration/widener.ts";
import { planRegistration } from "../../../lib/core/registration/configuration.ts";
import { MAX_PENDING_CREATIONS, pendingIn } from "../../../lib/core/registration/pending.ts";
import { ApiError } from "../../../lib/kube/errors.ts";
import { ManualClock } from "../../support/manual_clock.ts";
import { quietLogger } from "../../support/quiet_logger.ts";

const selection = (name: string) => ({
  name,
  uid: `uid-of-${name}`,
  generation: 1,
  spec: { selector: { matchLabels: { app: name } } },
});

const conflict = () =>
  new ApiError({ method: "PUT", path: "/", httpCode: 409, status: { reason: "Conflict" } });

/** An API server with one configuration, of which the widener knows an older version. */
function setUp(
  optionsOf: (clock: ManualClock) => Partial<RegistrationWidenerOptions> = () => ({}),
) {
  const clock = new ManualClock();
  const { mutating } = planRegistration({
    name: "sidecarset",
    sidecarSets: [],
    excludedNamespaces: [],
    endpoint: { url: "https://127.0.0.1:9443" },
    caBundle: "authority",
  });
  const versioned = (configuration: WebhookConfiguration, version: number) => ({
    ...configuration,
    metadata: { ...configuration.metadata, resourceVersion: String(version) },
  });
  let stored = versioned(mutating, 2);
  const written: WebhookConfiguration[] = [];
  const widener = new RegistrationWidener({
    excludedNamespaces: [],
    clock,
    logger: quietLogger,
    registered: () => versioned(mutating, 1),
    read: () => Promise.resolve(stored),
    write(configuration) {
      const { resourceVersion } = configuration.metadata;
      if (resourceVersion !== stored.metadata.resourceVersion) return Promise.reject(conflict());
      stored = versioned(configuration, Number(resourceVersion) + 1);
      written.push(stored);
      return Promise.resolve(stored);
    },
    onStored: () => {},
    ...optionsOf(clock),
  });
  const cover = (name: string, generation = 1) => {
    const result: { covered?: boolean } = {};
    const added = { ...selection(name), generation };
    void widener.cover(added).then((covered) => result.covered = covered);
    return result;
  };
  return { clock, widener, written, cover, see: () => widener.observe(stored) };
}

Deno.test("RegistrationWidener answers when API servers have had time to use its write", async () => {
  const { clock, written, cover, see } = setUp();
  const result = cover("a");
  await clock.advance(100);
  assert.deepEqual([written.length, result.covered], [1, undefined], "a conflict is tried again");
  see();
  await clock.advance(49);
  assert.equal(result.covered, undefined);
  await clock.advance(1);
  assert.equal(result.covered, true);
});

Deno.test("RegistrationWidener writes selections together that come together", async () => {
  const { clock, written, cover, see } = setUp();
  const results = ["a", "b", "c"].map((name) => cover(name));
  await clock.advance(1);
  see();
  await clock.advance(100);
  assert.deepEqual(results.map(({ covered }) => covered), [true, true, true]);
  assert.equal(written.length, 2, "the first alone, the others together");
  assert.deepEqual(
    pendingIn(written.at(-1)?.metadata).map(({ name }) => name),
    ["a", "b", "c"],
  );
});

/** Covers so many creations that the registration covers all Pods, which API servers use. */
async function coverMany({ clock, cover, see }: ReturnType<typeof setUp>): Promise<void> {
  for (let i = 0; i < MAX_PENDING_CREATIONS + 2; i++) cover(`many-${i}`);
  await clock.advance(1);
  see();
  await clock.advance(150);
}

Deno.test("RegistrationWidener waits for nothing once many creations have covered all Pods", async () => {
  const scene = setUp();
  const { clock, written, cover } = scene;
  await coverMany(scene);
  const [count, result] = [written.length, cover("next")];
  await clock.advance(0);
  assert.deepEqual([result.covered, written.length], [true, count]);
  const updated = cover("next", 2);
  await clock.advance(1);
  assert.deepEqual([updated.covered, written.length], [undefined, count + 1]);
});

Deno.test("RegistrationWidener waits again when the selection of all Pods could expire, or is deleted", async () => {
  const old = setUp();
  await coverMany(old);
  await old.clock.advance(30_000);
  const late = old.cover("late");
  await old.clock.advance(1);
  assert.equal(late.covered, undefined);

  const changed = setUp();
  await coverMany(changed);
  changed.widener.observe(undefined);
  const after = changed.cover("after");
  await changed.clock.advance(1);
  assert.equal(after.covered, undefined);
});

Deno.test("RegistrationWidener uses a selection of all Pods that another replica has added", async () => {
  const other = setUp();
  await coverMany(other);
  const stored = other.written.at(-1);
  assert.ok(stored);
  const { clock, widener, written, cover } = setUp(() => ({ registered: () => stored }));
  widener.observe(stored);
  const early = cover("early");
  await clock.advance(149);
  assert.equal(early.covered, undefined, "API servers may not use it yet");
  await clock.advance(1);
  const late = cover("late");
  await clock.advance(0);
  assert.deepEqual([early.covered, late.covered, written.length], [true, true, 0]);
});

const FAULTS: Readonly<
  Record<string, (clock: ManualClock) => Partial<RegistrationWidenerOptions>>
> = {
  "the API server does not answer": () => ({ write: () => new Promise(() => {}) }),
  "the API server refuses": () => ({
    write: () => Promise.reject(new Error("no")),
    read: () => Promise.reject(new Error("no")),
  }),
  // A conflict is retried immediately, so that each write has to take time.
  "every write conflicts": (clock) => ({
    write: () => clock.sleep(5).then(() => Promise.reject(conflict())),
  }),
  "there is no configuration": () => ({
    registered: () => undefined,
    read: () => Promise.resolve(undefined),
  }),
  "its watch does not send what it wrote": () => ({}),
};
for (const [fault, optionsOf] of Object.entries(FAULTS)) {
  Deno.test(`RegistrationWidener says in time that it could not cover a selection when ${fault}`, async () => {
    const { clock, cover } = setUp(optionsOf);
    const result = cover("a");
    await clock.advance(799);
    assert.equal(result.covered, undefined);
    await clock.advance(1);
    assert.equal(result.covered, false);
  });
}
