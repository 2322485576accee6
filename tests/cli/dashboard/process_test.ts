import assert from "node:assert/strict";
import { join } from "node:path";
import { DashboardProcess } from "../../support/dashboard_process.ts";
import { kubeconfigText } from "../../support/kubeconfig.ts";

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  Deno.test(`${signal} ends the process while the API server does not answer`, async () => {
    const closed = new AbortController();
    const silent = Deno.serve(
      { hostname: "127.0.0.1", port: 0, signal: closed.signal, onListen() {} },
      // The installation's namespace is read before the page is served.
      ({ url }) =>
        url.includes("mutatingwebhookconfigurations")
          ? Response.json({ kind: "Status", code: 404, reason: "NotFound" }, { status: 404 })
          : new Promise<Response>(() => {}),
    );
    const folder = await Deno.makeTempDir();
    try {
      const kubeconfig = join(folder, "kubeconfig");
      const server = `http://127.0.0.1:${silent.addr.port}`;
      await Deno.writeTextFile(
        kubeconfig,
        kubeconfigText({ server, user: "viewer", credentials: { token: "none" } }),
      );
      await using dashboard = await DashboardProcess.start(kubeconfig);
      const entered = await fetch(dashboard.address, { redirect: "manual" });
      await entered.body?.cancel();
      const [cookie = ""] = (entered.headers.get("set-cookie") ?? "").split("; ");
      const headers = { cookie };
      const session = await (await fetch(dashboard.at("api/session"), { headers })).json();
      assert.equal(session.cluster, "test");
      const live = await fetch(dashboard.at("api/live"), { headers });
      const unanswered = fetch(dashboard.at("api/pod?name=web"), { headers });
      const [{ code }] = await Promise.all([
        dashboard.end(signal),
        live.body?.pipeTo(new WritableStream()).catch(() => {}),
        unanswered.then((response) => response.body?.cancel()).catch(() => {}),
      ]);
      assert.equal(code, { SIGINT: 0, SIGTERM: 143, SIGHUP: 129 }[signal]);
    } finally {
      closed.abort();
      await Deno.remove(folder, { recursive: true });
    }
  });
}
