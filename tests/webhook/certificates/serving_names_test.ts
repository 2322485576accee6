import assert from "node:assert/strict";
import { servingNames } from "../../../lib/webhook/certificates/serving_names.ts";

Deno.test("servingNames() gives the name of the Service or the host of the URL", () => {
  assert.deepEqual(servingNames({ service: "webhook", namespace: "sidecarset" }), {
    dns: ["webhook.sidecarset.svc"],
    ip: [],
  });
  assert.deepEqual(servingNames({ url: "https://laptop.example:8443/" }), {
    dns: ["laptop.example"],
    ip: [],
  });
  assert.deepEqual(servingNames({ url: "https://127.0.0.1:8443" }), { dns: [], ip: ["127.0.0.1"] });
  assert.deepEqual(servingNames({ url: "https://[::1]:8443" }), { dns: [], ip: ["::1"] });
});
