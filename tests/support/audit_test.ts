import assert from "node:assert/strict";
import { countRequests, readAuditLog } from "./audit.ts";

function line(id: string, event: Record<string, unknown>): string {
  return JSON.stringify({
    auditID: id,
    requestReceivedTimestamp: "2026-01-01T00:00:00.000000Z",
    responseStatus: { code: 200 },
    ...event,
  });
}

Deno.test("readAuditLog() has each request once, by its resource or else by its path", () => {
  const requests = readAuditLog([
    line("1", { stage: "ResponseStarted", verb: "watch", objectRef: { resource: "pods" } }),
    line("2", { verb: "get", requestURI: "/readyz" }),
    line("1", { stage: "ResponseComplete", verb: "watch", objectRef: { resource: "pods" } }),
    line("3", {
      verb: "patch",
      objectRef: { resource: "pods", subresource: "status", namespace: "a", name: "b" },
    }),
    "",
  ].join("\n"));
  assert.deepEqual(
    requests.map((
      { verb, resource, namespace, name, code },
    ) => [verb, resource, namespace, name, code]),
    [
      ["watch", "pods", "", "", 200],
      ["get", "/readyz", "", "", 200],
      ["patch", "pods/status", "a", "b", 200],
    ],
  );
  assert.deepEqual(countRequests(requests), {
    "watch pods": 1,
    "get /readyz": 1,
    "patch pods/status": 1,
  });
});
