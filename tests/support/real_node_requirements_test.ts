import assert from "node:assert/strict";
import { findNodeObstacle, type Machine, thisMachine } from "./real_node_requirements.ts";

const ready: Machine = {
  os: "linux",
  uid: 0,
  path: ["/usr/bin"],
  isFile: () => Promise.resolve(true),
  isStatic: () => Promise.resolve(true),
};

Deno.test("a machine that has everything can be a real node", async () => {
  assert.equal(await findNodeObstacle(ready), undefined);
});

Deno.test("what a real node lacks is said in one sentence, with Debian's packages", async () => {
  const present = new Set([
    "/usr/bin/runc",
    "/usr/bin/ctr",
    "/usr/bin/unshare",
    "/usr/lib/cni/ptp",
  ]);
  const isFile = (file: string) => Promise.resolve(present.has(file));
  assert.equal(
    await findNodeObstacle({ ...ready, uid: 1000, isFile }),
    "Cannot run the tests on a real node: they need root on Linux with what, on Debian, " +
      "`apt-get install containerd runc containernetworking-plugins busybox-static` installs; " +
      "missing here: root (this is user 1000), containerd (containerd), nsenter (util-linux), " +
      "/usr/lib/cni/host-local (containernetworking-plugins), " +
      "/usr/lib/cni/loopback (containernetworking-plugins), " +
      "/bin/busybox without libraries (busybox-static)",
  );
});

Deno.test("a busybox that needs libraries is of no use in an image that has none", async () => {
  const obstacle = await findNodeObstacle({ ...ready, isStatic: () => Promise.resolve(false) });
  assert.match(
    obstacle ?? "",
    /missing here: \/bin\/busybox without libraries \(busybox-static\)$/,
  );
});

Deno.test("elsewhere than on Linux there is no real node", async () => {
  const obstacle = await findNodeObstacle({ ...ready, os: "darwin", uid: 501 });
  assert.match(obstacle ?? "", /; missing here: Linux \(this is darwin\)$/);
});

Deno.test({
  name: "a program that needs libraries is recognised",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    // Deno is never static: it loads libraries by itself.
    assert.equal(await thisMachine().isStatic(Deno.execPath()), false);
  },
});
