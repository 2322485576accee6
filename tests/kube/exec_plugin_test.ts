import assert from "node:assert/strict";
import { type ExecConfig, ExecPlugin, execVersions } from "../../lib/kube/exec_plugin.ts";
import { denoHost } from "../../lib/kube/host.ts";
import { systemClock } from "../../lib/runtime/clock.ts";
import { surroundings } from "./fake_host.ts";

const config: ExecConfig = {
  apiVersion: "client.authentication.k8s.io/v1",
  command: "login",
  args: ["--quiet"],
  env: [{ name: "REGION", value: "eu" }],
  installHint: "Install login from your vendor",
};

function answer(status: object, apiVersion: string = config.apiVersion) {
  const stdout = JSON.stringify({ apiVersion, kind: "ExecCredential", status });
  return () => Promise.resolve({ code: 0, stdout, stderr: "" });
}

function plugin(overrides: Partial<ExecConfig> = {}) {
  const around = surroundings();
  const cluster = { server: "https://cluster" };
  return { ...around, plugin: new ExecPlugin({ ...config, ...overrides }, { ...around, cluster }) };
}

for (const apiVersion of execVersions) {
  Deno.test(`ExecPlugin runs its program as ${apiVersion} says`, async () => {
    const { host, plugin: it } = plugin({ apiVersion, provideClusterInfo: true });
    host.output = answer({ token: "t" }, apiVersion);
    assert.deepEqual(await it.credential(), { token: "t" });
    const [run] = host.runs;
    assert.ok(run);
    assert.equal(run.program, "login");
    assert.deepEqual(run.options.args, ["--quiet"]);
    assert.equal(run.options.env.REGION, "eu");
    assert.deepEqual(JSON.parse(run.options.env.KUBERNETES_EXEC_INFO ?? ""), {
      apiVersion,
      kind: "ExecCredential",
      spec: { interactive: false, cluster: { server: "https://cluster" } },
    });
  });
}

Deno.test("ExecPlugin passes the cluster to its program only with provideClusterInfo", async () => {
  const { host, plugin: it } = plugin();
  host.output = answer({ token: "t" });
  await it.credential();
  const info = JSON.parse(host.runs[0]?.options.env.KUBERNETES_EXEC_INFO ?? "");
  assert.deepEqual(info.spec, { interactive: false });
});

Deno.test("ExecPlugin keeps a credential until it expires", async () => {
  const { host, clock, plugin: it } = plugin();
  const soon = new Date(clock.now().getTime() + 60_000).toISOString();
  host.output = answer({ token: "first", expirationTimestamp: soon });
  await it.credential();
  host.output = answer({ token: "second" });
  await clock.advance(59_999);
  assert.equal((await it.credential()).token, "first");
  await clock.advance(1);
  assert.equal((await it.credential()).token, "second");
  assert.equal(host.runs.length, 2);
});

Deno.test("ExecPlugin runs again after its credential was refused, once for all who ask", async () => {
  const { host, plugin: it } = plugin();
  host.output = answer({ token: "first" });
  const refused = await it.credential();
  host.output = answer({ token: "second" });
  it.expire(refused);
  const credentials = await Promise.all([it.credential(), it.credential()]);
  assert.deepEqual(credentials.map(({ token }) => token), ["second", "second"]);
  it.expire(refused);
  await it.credential();
  assert.equal(host.runs.length, 2);
});

Deno.test("ExecPlugin takes a certificate with its key", async () => {
  const { host, plugin: it } = plugin();
  host.output = answer({ clientCertificateData: "CERT", clientKeyData: "KEY" });
  assert.deepEqual(await it.credential(), { certificate: { cert: "CERT", key: "KEY" } });
});

for (
  const [what, output, expected] of [
    ["cannot be started", () => Promise.reject(new Error("not found")), /not found.*Install login/],
    [
      "fails",
      () => Promise.resolve({ code: 3, stdout: "", stderr: "log in first\n" }),
      /exited with 3: log in first.*Install/,
    ],
    ["prints no JSON", () => Promise.resolve({ code: 0, stdout: "hi", stderr: "" }), /not JSON/],
    [
      "prints something else",
      () => Promise.resolve({ code: 0, stdout: "{}", stderr: "" }),
      /not an ExecCredential: apiVersion/,
    ],
    [
      "answers in another version",
      answer({ token: "t" }, "client.authentication.k8s.io/v1beta1"),
      /answered in .*v1beta1/,
    ],
    ["yields nothing", answer({}), /neither a token nor a certificate/],
    ["yields a certificate without its key", answer({ clientCertificateData: "C" }), /neither/],
  ] as const
) {
  Deno.test(`ExecPlugin names its program and the problem if it ${what}`, async () => {
    const { host, plugin: it } = plugin();
    host.output = output;
    await assert.rejects(it.credential(), (error) => {
      assert.ok(error instanceof Error);
      assert.match(error.message, /^Cannot get credentials from login: /);
      assert.match(error.message, expected);
      return true;
    });
  });
}

Deno.test("ExecPlugin ends a program that does not end", async () => {
  const { host, clock, plugin: it } = plugin();
  host.output = () =>
    new Promise((resolve) => {
      const signal = host.runs[0]?.options.signal;
      signal?.addEventListener("abort", () => resolve({ code: 143, stdout: "", stderr: "" }));
    });
  const pending = assert.rejects(it.credential(), /did not end within 60 s/);
  await clock.advance(60_000);
  await pending;
});

Deno.test("denoHost() runs a program with its arguments and environment", async () => {
  const stdout =
    '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"%s"}}';
  const it = new ExecPlugin(
    { ...config, command: "/bin/sh", args: ["-c", `printf '${stdout}' "$REGION"`] },
    { host: denoHost(), clock: systemClock(), cluster: {} },
  );
  assert.deepEqual(await it.credential(), { token: "eu" });
});
