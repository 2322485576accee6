import assert from "node:assert/strict";
import { sidecarSetOf } from "../../support/objects.ts";
import { mutating, setUp } from "./scene.ts";

Deno.test("RegistrationReconciler is active only while the registration is as the SidecarSets need it", async () => {
  const { reconciler, reconcile, state, written } = setUp();
  assert.equal(reconciler.isActive, false, "nothing is registered yet");
  await reconcile();
  assert.equal(reconciler.isActive, true);
  reconciler.observe(mutating, undefined);
  assert.equal(reconciler.isActive, false, "it was deleted");
  await reconcile();
  assert.equal(reconciler.isActive, true);

  const stored = written.findLast(({ kind }) => kind === mutating);
  assert.ok(stored);
  state.leading = false;
  const metadata = { ...stored.metadata, resourceVersion: "99" };
  reconciler.observe(mutating, { ...stored, metadata, webhooks: [] });
  await reconcile();
  assert.equal(reconciler.isActive, false, "its entries were removed");
});

Deno.test("RegistrationReconciler is not active while the API server refuses its writes", async () => {
  let refuses = false;
  const { reconciler, reconcile, state } = setUp(undefined, {
    write: (configuration) => {
      if (refuses) return Promise.reject(new Error("forbidden"));
      return Promise.resolve({
        ...configuration,
        metadata: { ...configuration.metadata, resourceVersion: "1" },
      });
    },
  });
  await reconcile();
  assert.equal(reconciler.isActive, true);
  refuses = true;
  state.sidecarSets = [...state.sidecarSets, sidecarSetOf({ name: "another" })];
  await assert.rejects(reconcile());
  assert.equal(reconciler.isActive, false);
  refuses = false;
  await reconcile();
  assert.equal(reconciler.isActive, true);
});
