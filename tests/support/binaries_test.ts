import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { type BinaryName, findBinaries, type FindBinariesOptions } from "./binaries.ts";

interface FakeGo {
  /** What `go env GOVERSION` prints. @default {"go1.99.0"} */
  version?: string;
  /** Shell commands of `go build`, in which `$2` is the output file. @default writes it in two steps */
  build?: string;
}

const SLOWLY = 'printf half > "$2"; sleep 0.3; printf whole > "$2"';

/** A folder with a command in Go's place, which notes what it builds, and with a cache. */
async function machine({ version = "go1.99.0", build = SLOWLY }: FakeGo = {}) {
  const folder = await Deno.makeTempDir();
  const go = join(folder, "go");
  const script = `#!/bin/sh
if [ "$1" = env ]; then echo ${version}; exit; fi
while [ "$1" != -o ]; do shift; done
echo "$3" >> ${folder}/builds
${build}
`;
  await Deno.writeTextFile(go, script, { mode: 0o700 });
  await Deno.writeTextFile(join(folder, "builds"), "");
  const messages: string[] = [];
  return {
    folder,
    messages,
    find<Name extends BinaryName>(
      names: readonly Name[],
      { variables = {}, ...options }: FindBinariesOptions & { variables?: Record<string, string> } =
        {},
    ) {
      const all: Record<string, string> = { XDG_CACHE_HOME: join(folder, "cache"), ...variables };
      return findBinaries(names, {
        env: (name) => all[name],
        go,
        progress: (message) => messages.push(message),
        ...options,
      });
    },
    async builds() {
      const text = await Deno.readTextFile(join(folder, "builds"));
      return text.split("\n").filter((line) => line !== "");
    },
    [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }),
  };
}

Deno.test("findBinaries() builds only what is asked for, and only once", async () => {
  await using here = await machine();
  const first = await here.find(["etcd"]);
  assert.equal(await Deno.readTextFile(first.path("etcd")), "whole");
  const second = await here.find(["etcd", "kubectl"]);
  assert.equal(second.path("etcd"), first.path("etcd"));
  assert.deepEqual(await here.builds(), [
    "go.etcd.io/etcd/server/v3",
    "k8s.io/kubernetes/cmd/kubectl",
  ]);
  assert.match(
    here.messages.join("\n"),
    /^building etcd v3\.\d+\.\d+\nbuilt etcd v3\.\d+\.\d+ in \d+ s\n/,
  );
});

Deno.test("findBinaries() called at the same time builds once, and all callers wait for it", async () => {
  await using here = await machine();
  const found = await Promise.all([1, 2, 3].map(() => here.find(["etcd"])));
  for (const binaries of found) {
    assert.equal(await Deno.readTextFile(binaries.path("etcd")), "whole");
  }
  assert.equal((await here.builds()).length, 1);
  assert.ok(here.messages.includes("waiting for another process that builds the control plane"));
});

Deno.test("findBinaries() ended in mid build leaves nothing that counts as built", async () => {
  await using here = await machine({ build: 'printf half > "$2"; exec sleep 30' });
  const stop = new AbortController();
  const stopped = assert.rejects(here.find(["etcd"], { signal: stop.signal }), {
    name: "AbortError",
  });
  while ((await here.builds()).length === 0) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  stop.abort();
  await stopped;
  await using repaired = await machine();
  const variables = { XDG_CACHE_HOME: join(here.folder, "cache") };
  const binaries = await repaired.find(["etcd"], { variables });
  assert.equal(await Deno.readTextFile(binaries.path("etcd")), "whole");
  const left = [...Deno.readDirSync(dirname(binaries.path("etcd")))].map(({ name }) => name);
  assert.deepEqual(left.sort(), ["etcd", "lock"]);
});

Deno.test("findBinaries() takes what KUBEBUILDER_ASSETS has, and the rest from the cache", async () => {
  await using here = await machine();
  const assets = join(here.folder, "assets");
  await Deno.mkdir(assets);
  await Deno.writeTextFile(join(assets, "etcd"), "given");
  const binaries = await here.find(["etcd", "kwok"], { variables: { KUBEBUILDER_ASSETS: assets } });
  assert.equal(binaries.path("etcd"), join(assets, "etcd"));
  assert.equal(await Deno.readTextFile(binaries.path("kwok")), "whole");
  assert.deepEqual(await here.builds(), ["sigs.k8s.io/kwok/cmd/kwok"]);
});

Deno.test("findBinaries() builds the kubelet from its own module", async () => {
  await using here = await machine();
  const binaries = await here.find(["etcd", "kubelet"]);
  assert.match(binaries.path("kubelet"), /\/v1\.35\.\d+-[^/]+\/kubelet$/);
  assert.notEqual(dirname(binaries.path("kubelet")), dirname(binaries.path("etcd")));
  assert.equal(await Deno.readTextFile(binaries.path("kubelet")), "whole");
  assert.match(here.messages.join("\n"), /^built kubelet v1\.35\.\d+ in \d+ s$/m);
});

Deno.test("findBinaries() builds what is no part of Kubernetes in its own version", async () => {
  await using here = await machine();
  const binaries = await here.find(["cert-manager"]);
  assert.match(binaries.path("cert-manager"), /\/v1\.21\.\d+-[^/]+\/cert-manager$/);
  assert.deepEqual(await here.builds(), ["sidecarset/tools/cert-manager"]);
  assert.match(here.messages.join("\n"), /^built cert-manager v1\.21\.\d+ in \d+ s$/m);
});

Deno.test("findBinaries() says what to install on a machine without Go", async () => {
  await using here = await machine();
  await assert.rejects(here.find(["etcd"], { go: join(here.folder, "absent") }), (error: Error) => {
    assert.match(
      error.message,
      /^Cannot find the command .*absent: Go 1\.\d+\.\d+ or later builds/,
    );
    assert.match(error.message, /KUBEBUILDER_ASSETS/);
    return true;
  });
});

Deno.test("findBinaries() refuses a Go that is too old", async () => {
  await using here = await machine({ version: "go1.22.3" });
  await assert.rejects(
    here.find(["etcd"]),
    /^Error: Cannot use this Go: .*current version is go1\.22\.3/,
  );
  assert.deepEqual(await here.builds(), []);
});

Deno.test("findBinaries() shows what Go says when a build fails, and keeps nothing of it", async () => {
  const build = 'printf half > "$2"; echo "no required module provides this" >&2; exit 1';
  await using here = await machine({ build });
  await assert.rejects(here.find(["etcd"]), /no required module provides this$/);
  await assert.rejects(here.find(["etcd"]), /no required module provides this$/);
  assert.equal((await here.builds()).length, 2);
});
