import assert from "node:assert/strict";
import { ConfigError, readConfig } from "../../lib/runtime/config.ts";

function read(flags: Record<string, unknown> = {}, env: Record<string, string> = {}) {
  return readConfig({ flags, env: (name) => env[name], terminal: false });
}

Deno.test("readConfig() takes a flag before an environment variable before the default", () => {
  const env = { POD_NAMESPACE: "from-env", LOG_LEVEL: "debug" };
  const { namespace, logLevel, webhookPort } = read({ namespace: "from-flag" }, env);
  assert.deepEqual([namespace, logLevel, webhookPort], ["from-flag", "debug", 9443]);
});

Deno.test("readConfig() names everything that is wrong at once", () => {
  const flags = { "webhook-port": "99999", "exclude-namespaces": "good,Bad", "log-level": "loud" };
  assert.throws(() => read(flags), (error) => {
    assert.ok(error instanceof ConfigError);
    for (const flag of Object.keys(flags)) {
      assert.match(error.message, new RegExp(`--${flag} must`));
    }
    return true;
  });
});

Deno.test("readConfig() says in words what it wants, not by a regular expression", () => {
  for (
    const [flag, value, message] of [
      [
        "webhook-url",
        "WRONG",
        /--webhook-url must be a URL without a path, such as https:\/\/[\d.:]+\/: current value is "WRONG"$/,
      ],
      ["webhook-url", "https://HOST/path", /must be a URL without a path/],
      ["namespace", "Upper", /--namespace must be a name of at most 63 lower-case letters/],
      ["max-in-flight", "1.5", /--max-in-flight must be an integer: current value is 1\.5$/],
    ] as const
  ) assert.throws(() => read({ [flag]: value }), { name: "ConfigError", message });
});

Deno.test("readConfig() leaves KUBECONFIG, which may list several files, to the search for a cluster", () => {
  assert.equal(read({}, { KUBECONFIG: "/a:/b" }).kubeconfig, undefined);
  assert.equal(read({ kubeconfig: "/a" }, { KUBECONFIG: "/b" }).kubeconfig, "/a");
});

Deno.test("readConfig() takes an empty list of excluded namespaces for none", () => {
  assert.deepEqual(read({ "exclude-namespaces": "" }).excludeNamespaces, []);
  assert.deepEqual(read({ "exclude-namespaces": " a, b," }).excludeNamespaces, ["a", "b"]);
});
