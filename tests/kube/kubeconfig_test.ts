import assert from "node:assert/strict";
import { stringify } from "yaml";
import { findCluster } from "../../lib/kube/cluster.ts";
import { kubeconfigCluster } from "../../lib/kube/kubeconfig.ts";
import { surroundings } from "./fake_host.ts";

interface Parts {
  cluster?: Record<string, unknown>;
  user?: Record<string, unknown>;
  context?: Record<string, unknown>;
}

/** A kubeconfig whose cluster, user and context are all named alike. */
function configOf(name: string, { cluster, user, context }: Parts = {}) {
  return {
    "apiVersion": "v1",
    "kind": "Config",
    "current-context": name,
    "clusters": [{ name, cluster: { server: `https://${name}:6443`, ...cluster } }],
    "users": [{ name, user: user ?? { token: `token of ${name}` } }],
    "contexts": [{ name, context: { cluster: name, user: name, ...context } }],
  };
}

function withFiles(files: Record<string, unknown>) {
  const around = surroundings();
  for (const [path, content] of Object.entries(files)) {
    around.host.files.set(path, typeof content === "string" ? content : stringify(content));
  }
  return around;
}

async function clusterOf(parts: Parts, files: Record<string, string> = {}) {
  const around = withFiles({ "/home/me/.kube/config": configOf("lab", parts), ...files });
  around.host.variables.set("HOME", "/home/me");
  return { ...around, cluster: await kubeconfigCluster(around) };
}

Deno.test("a kubeconfig gives the server, the namespace and a token", async () => {
  const { cluster } = await clusterOf({
    cluster: { server: "https://lab:6443/" },
    context: { namespace: "web" },
  });
  assert.equal(cluster.server, "https://lab:6443");
  assert.equal(cluster.defaultNamespace, "web");
  assert.deepEqual(await cluster.credentials.current(), {
    tls: { ca: undefined, certificate: undefined },
    authorization: "Bearer token of lab",
  });
});

Deno.test("certificates are read from data and from files next to the kubeconfig", async () => {
  const files = { "/home/me/.kube/ca.pem": "CA", "/pki/cert.pem": "CERT", "/pki/key.pem": "KEY" };
  const expected = {
    tls: { ca: "CA", certificate: { cert: "CERT", key: "KEY" } },
    authorization: undefined,
  };
  const fromFiles = await clusterOf({
    cluster: { "certificate-authority": "ca.pem" },
    user: { "client-certificate": "../../../pki/cert.pem", "client-key": "/pki/key.pem" },
  }, files);
  assert.deepEqual(await fromFiles.cluster.credentials.current(), expected);
  const fromData = await clusterOf({
    cluster: { "certificate-authority-data": btoa("CA"), "certificate-authority": "unused" },
    user: { "client-certificate-data": btoa("CERT"), "client-key-data": btoa("KEY") },
  });
  assert.deepEqual(await fromData.cluster.credentials.current(), expected);
});

Deno.test("a token file takes precedence over a token, and is read again after a 401", async () => {
  const { cluster, host } = await clusterOf(
    { user: { token: "fixed", tokenFile: "token" } },
    { "/home/me/.kube/token": "one" },
  );
  const access = await cluster.credentials.current();
  assert.equal(access.authorization, "Bearer one");
  host.files.set("/home/me/.kube/token", "two");
  cluster.credentials.reject(access);
  assert.equal((await cluster.credentials.current()).authorization, "Bearer two");
});

Deno.test("an exec plugin gives the token, and is run again after a 401", async () => {
  const exec = {
    apiVersion: "client.authentication.k8s.io/v1beta1",
    command: "bin/login",
    args: null,
    env: null,
    provideClusterInfo: true,
    interactiveMode: "IfAvailable",
  };
  const extensions = [{ name: "client.authentication.k8s.io/exec", extension: { audience: "x" } }];
  const { cluster, host } = await clusterOf({
    cluster: { "certificate-authority-data": btoa("CA"), extensions },
    user: { exec },
  });
  let runs = 0;
  host.output = () => {
    const { apiVersion } = exec;
    const status = { token: `t${++runs}` };
    const stdout = JSON.stringify({ apiVersion, kind: "ExecCredential", status });
    return Promise.resolve({ code: 0, stdout, stderr: "" });
  };
  const access = await cluster.credentials.current();
  assert.equal(access.authorization, "Bearer t1");
  assert.equal((await cluster.credentials.current()).authorization, "Bearer t1");
  cluster.credentials.reject(access);
  assert.equal((await cluster.credentials.current()).authorization, "Bearer t2");
  assert.equal(host.runs[0]?.program, "/home/me/.kube/bin/login");
  const info = JSON.parse(host.runs[0]?.options.env.KUBERNETES_EXEC_INFO ?? "");
  assert.deepEqual(info.spec.cluster, {
    "server": "https://lab:6443",
    "certificate-authority-data": btoa("CA"),
    "config": { audience: "x" },
  });
});

Deno.test("the first file of KUBECONFIG that has an entry wins, and missing files are skipped", async () => {
  const second = configOf("second");
  const around = withFiles({
    "/a": { ...configOf("first"), "current-context": "", "users": null },
    "/b": {
      ...second,
      clusters: [
        ...configOf("first", { cluster: { server: "https://late" } }).clusters,
        ...second.clusters,
      ],
      users: [...configOf("first").users, ...second.users],
    },
  });
  around.host.variables.set("KUBECONFIG", "/missing:/a::/b");
  assert.equal((await kubeconfigCluster(around)).server, "https://second:6443");
  const chosen = await kubeconfigCluster({ ...around, context: "first" });
  assert.equal(chosen.server, "https://first:6443");
  assert.equal((await chosen.credentials.current()).authorization, "Bearer token of first");
});

for (
  const [parts, expected] of [
    [
      { cluster: { "insecure-skip-tls-verify": true } },
      /cluster "lab" of .*: insecure-skip-tls-verify is not supported; set certificate-authority/,
    ],
    [{ cluster: { "tls-server-name": "x" } }, /tls-server-name is not supported; set server/],
    [{ cluster: { "proxy-url": "p:3128" } }, /proxy-url must be a URL such as http:.*"p:3128"/],
    [
      { user: { "auth-provider": { name: "gcp" } } },
      /user "lab" of .*: auth-provider is not supported; use an exec plugin/,
    ],
    [{ user: { username: "me", password: "secret" } }, /username is not supported; use a token/],
    [{ user: { token: "t", as: "other" } }, /: as is not supported/],
    [{ user: { "client-key-data": btoa("K") } }, /has no client-certificate/],
    [{ user: { "client-certificate-data": btoa("K") } }, /has no client-key/],
    [{ user: { "client-key-data": "%" } }, /client-key-data is not base64/],
    [
      { user: { exec: { apiVersion: "client.authentication.k8s.io/v1alpha1", command: "x" } } },
      /exec.apiVersion must be one of .*v1, .*v1beta1/,
    ],
    [{
      user: {
        exec: {
          apiVersion: "client.authentication.k8s.io/v1",
          command: "x",
          interactiveMode: "Always",
        },
      },
    }, /needs a terminal/],
    [{ cluster: { server: null } }, /cluster "lab".*server is required/],
    [
      { cluster: { server: "lab:6443" } },
      /server must be a URL such as .*: current value is "lab:6443"/,
    ],
    [{ context: { user: "nobody" } }, /user "nobody": the kubeconfig does not have it; it has lab/],
    [{ context: { cluster: "nowhere" } }, /cluster "nowhere": the kubeconfig does not have it/],
  ] as const
) {
  Deno.test(`a kubeconfig with ${JSON.stringify(parts)} is refused by name`, async () => {
    await assert.rejects(clusterOf(parts), (error) => {
      assert.ok(error instanceof Error);
      assert.match(error.message, expected);
      assert.doesNotMatch(error.message, /secret/);
      return true;
    });
  });
}

Deno.test("a kubeconfig names the proxy that leads to its cluster", async () => {
  const proxyOf = async (url: string) =>
    (await clusterOf({ cluster: { "proxy-url": url } })).cluster.proxy;
  assert.deepEqual(await proxyOf("http://bastion:3128/"), {
    transport: "http",
    url: "http://bastion:3128",
  });
  assert.deepEqual(await proxyOf("socks5://me:s%40crecy@bastion:1080"), {
    transport: "socks5",
    url: "socks5://bastion:1080",
    basicAuth: { username: "me", password: "s@crecy" },
  });
});

Deno.test("a proxy that the environment names is not asked for this machine itself", async () => {
  const excluded = async (variables: Record<string, string>) => {
    const around = withFiles({ "/k": configOf("lab") });
    for (const [name, value] of Object.entries(variables)) around.host.variables.set(name, value);
    await kubeconfigCluster({ ...around, kubeconfig: "/k" });
    return around.host.variables.get("NO_PROXY");
  };
  assert.equal(await excluded({}), undefined);
  for (const name of ["HTTPS_PROXY", "http_proxy"]) {
    assert.equal(await excluded({ [name]: "http://p:3128" }), "localhost,127.0.0.0/8,::1");
  }
  assert.equal(
    await excluded({ all_proxy: "http://p:3128", no_proxy: "10.0.0.0/8" }),
    "10.0.0.0/8,localhost,127.0.0.0/8,::1",
  );
});

Deno.test("what is set to its default counts as not asked for", async () => {
  const cluster = { "insecure-skip-tls-verify": false, "proxy-url": "", "tls-server-name": null };
  const found = (await clusterOf({ cluster })).cluster;
  assert.deepEqual([found.server, found.proxy], ["https://lab:6443", undefined]);
});

for (
  const [what, content, expected] of [
    ["is not YAML", "a: [", /Cannot read \/k as a kubeconfig: Flow [^\n]* at line 1, column 5$/],
    ["is not an object", "text", /Cannot read \/k as a kubeconfig: must be of type object/],
    ["has nothing", "", /Cannot find a cluster: \/k has no contexts$/],
    ["is not a kubeconfig", "clusters: 5", /Cannot read \/k as a kubeconfig: clusters must be/],
    ["has no current context", configOf("lab"), /no current-context; name one .*--context: lab/],
  ] as const
) {
  Deno.test(`a kubeconfig that ${what} is refused with its name`, async () => {
    const text = typeof content === "string" ? content : { ...content, "current-context": null };
    const around = withFiles({ "/k": text });
    await assert.rejects(kubeconfigCluster({ ...around, kubeconfig: "/k" }), expected);
  });
}

Deno.test("a kubeconfig that an option names must be there", async () => {
  const around = surroundings();
  await assert.rejects(
    kubeconfigCluster({ ...around, kubeconfig: "/k" }),
    /there is no such file$/,
  );
  await assert.rejects(kubeconfigCluster(around), /there is no kubeconfig; name one/);
});

const account = "/var/run/secrets/kubernetes.io/serviceaccount";

function inPod(address: string) {
  const around = withFiles({
    [`${account}/token`]: "pod token",
    [`${account}/ca.crt`]: "CA",
    [`${account}/namespace`]: "system\n",
    "/k": configOf("named"),
  });
  around.host.variables.set("KUBERNETES_SERVICE_HOST", address);
  around.host.variables.set("KUBERNETES_SERVICE_PORT", "443");
  return around;
}

for (
  const [address, server] of [["10.0.0.1", "https://10.0.0.1:443"], [
    "fd00::1",
    "https://[fd00::1]:443",
  ]] as const
) {
  Deno.test(`findCluster() finds the cluster around a Pod at ${address}`, async () => {
    const cluster = await findCluster(inPod(address));
    assert.equal(cluster.server, server);
    assert.equal(cluster.defaultNamespace, "system");
    assert.deepEqual(await cluster.credentials.current(), {
      tls: { ca: "CA", certificate: undefined },
      authorization: "Bearer pod token",
    });
  });
}

Deno.test("findCluster() prefers a kubeconfig that is named to the cluster around it", async () => {
  const around = inPod("10.0.0.1");
  const byOption = await findCluster({ ...around, kubeconfig: "/k" });
  assert.equal(byOption.server, "https://named:6443");
  around.host.variables.set("KUBECONFIG", "/k");
  assert.equal((await findCluster(around)).server, "https://named:6443");
});
