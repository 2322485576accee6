import assert from "node:assert/strict";
import { createGuard } from "../../../lib/cli/dashboard/guard.ts";

const ORIGIN = "http://127.0.0.1:8080";

function guardOf() {
  let number = 0;
  return createGuard(() => 8080, () => `random-${number++}`);
}

function request(
  path: string,
  { host = "127.0.0.1:8080", method = "GET", ...headers }: Record<string, string> = {},
): Request {
  return new Request(`${ORIGIN}${path}`, { method, headers: { host, ...headers } });
}

/** The cookie that a browser has after it opened the entrance. */
function enter(guard: ReturnType<typeof guardOf>): string {
  const response = guard.check(request(guard.entrance));
  assert.equal(response?.status, 303);
  assert.equal(response.headers.get("location"), "/");
  const [cookie = ""] = (response.headers.get("set-cookie") ?? "").split("; ");
  return cookie;
}

Deno.test("the token of the address is exchanged for a strict cookie that scripts cannot read", () => {
  const guard = guardOf();
  const response = guard.check(request(guard.entrance));
  const [, ...attributes] = (response?.headers.get("set-cookie") ?? "").split("; ");
  assert.deepEqual(attributes.sort(), ["HttpOnly", "Path=/", "SameSite=Strict"]);
  assert.equal(guard.check(request("/", { cookie: enter(guard) })), undefined);
});

Deno.test("a request without the cookie, or with a wrong token, is refused", () => {
  const guard = guardOf();
  const cookie = enter(guard);
  const wrong = [
    request("/"),
    request("/api/live"),
    request("/?token=random-1"),
    request("/?token="),
    request("/", { cookie: cookie.replace("random-1", "random-0") }),
    request("/", { cookie: cookie.slice(0, -1) }),
  ];
  for (const each of wrong) assert.equal(guard.check(each)?.status, 403, each.url);
});

Deno.test("a name of another site that resolves to this address is refused", () => {
  const guard = guardOf();
  const cookie = enter(guard);
  for (const host of ["evil.example:8080", "127.0.0.1:8081", "127.0.0.1", ""]) {
    assert.equal(guard.check(request("/", { host, cookie }))?.status, 403, host);
  }
  assert.equal(guard.check(request("/", { host: "localhost:8080", cookie })), undefined);
});

Deno.test("a request that another site's page sends is refused, with the cookie too", () => {
  const guard = guardOf();
  const cookie = enter(guard);
  const json = { method: "POST", "content-type": "application/json", cookie };
  for (const origin of ["https://evil.example", "null", "http://localhost:8080"]) {
    assert.equal(guard.check(request("/api/actions", { ...json, origin }))?.status, 403, origin);
  }
  assert.equal(guard.check(request("/api/actions", json))?.status, 403);
  const form = { ...json, origin: ORIGIN, "content-type": "text/plain" };
  assert.equal(guard.check(request("/api/actions", form))?.status, 403);
  assert.equal(guard.check(request("/api/actions", { ...json, origin: ORIGIN })), undefined);
});

Deno.test("a page of another port of the loopback address gets nothing, also without an Origin", () => {
  const guard = guardOf();
  const cookie = enter(guard);
  for (const site of ["same-site", "cross-site"]) {
    const sent = request("/api/live", { cookie, "sec-fetch-site": site });
    assert.equal(guard.check(sent)?.status, 403, site);
  }
  for (const site of ["same-origin", "none"]) {
    assert.equal(guard.check(request("/", { cookie, "sec-fetch-site": site })), undefined, site);
  }
});

Deno.test("each start has another token and another cookie", () => {
  const [one, other] = [createGuard(() => 8080), createGuard(() => 8080)];
  assert.notEqual(one.entrance, other.entrance);
  assert.equal(one.check(request(other.entrance))?.status, 403);
});
