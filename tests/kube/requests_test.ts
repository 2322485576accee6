import assert from "node:assert/strict";
import {
  create,
  evict,
  get,
  type KubeRequest,
  list,
  objectPath,
  patch,
  remove,
  update,
  watch,
} from "../../lib/kube/requests.ts";
import { resources } from "../../lib/kube/resources.ts";

const pod = { namespace: "web", name: "nginx-0" };

/** Method, path and query on one line. */
function line({ options }: Pick<KubeRequest<unknown>, "options">): string {
  const query = options.querystring?.toString();
  return `${options.method} ${options.path}${query ? `?${query}` : ""}`;
}

for (
  const [request, expected] of [
    [get(resources.pods, pod), "GET /api/v1/namespaces/web/pods/nginx-0"],
    [get(resources.nodes, { name: "n" }), "GET /api/v1/nodes/n"],
    [get(resources.replicaSets, pod), "GET /apis/apps/v1/namespaces/web/replicasets/nginx-0"],
    [get(resources.jobs, pod), "GET /apis/batch/v1/namespaces/web/jobs/nginx-0"],
    [
      get(resources.customResourceDefinitions, { name: "x.y" }),
      "GET /apis/apiextensions.k8s.io/v1/customresourcedefinitions/x.y",
    ],
    [
      get(resources.secrets, { namespace: "a b", name: "c/d" }),
      "GET /api/v1/namespaces/a%20b/secrets/c%2Fd",
    ],
    [list(resources.pods), "GET /api/v1/pods"],
    [
      list(resources.pods, { namespace: "web", labelSelector: "a=b,c", limit: 5, continue: "t" }),
      "GET /api/v1/namespaces/web/pods?labelSelector=a%3Db%2Cc&limit=5&continue=t",
    ],
    [list(resources.sidecarSets), "GET /apis/apps.kruise.io/v1beta1/sidecarsets"],
    [
      create(resources.leases, {
        namespace: "sys",
        body: { metadata: { name: "l" } },
        dryRun: true,
      }),
      "POST /apis/coordination.k8s.io/v1/namespaces/sys/leases?dryRun=All",
    ],
    [
      update(resources.leases, { namespace: "sys", name: "l", body: { metadata: { name: "l" } } }),
      "PUT /apis/coordination.k8s.io/v1/namespaces/sys/leases/l",
    ],
    [
      patch(resources.sidecarSets, {
        name: "s",
        subresource: "status",
        type: "merge",
        body: { status: {} },
        fieldManager: "m",
      }),
      "PATCH /apis/apps.kruise.io/v1beta1/sidecarsets/s/status?fieldManager=m",
    ],
    [
      patch(resources.configMaps, {
        namespace: "n",
        name: "c",
        type: "apply",
        force: true,
        fieldManager: "m",
        body: { metadata: { name: "c" } },
      }),
      "PATCH /api/v1/namespaces/n/configmaps/c?fieldManager=m&force=true",
    ],
    [remove(resources.pods, pod), "DELETE /api/v1/namespaces/web/pods/nginx-0"],
    [evict(pod), "POST /api/v1/namespaces/web/pods/nginx-0/eviction"],
  ] as const
) {
  Deno.test(`a request is built as ${expected}`, () => assert.equal(line(request), expected));
}

Deno.test("watch() asks for a stream of JSON values after a version", () => {
  const options = watch(resources.pods, {
    resourceVersion: "7",
    timeoutSeconds: 290,
    allowWatchBookmarks: true,
    fieldSelector: "spec.nodeName=n",
  });
  assert.equal(
    `${options.path}?${options.querystring}`,
    "/api/v1/pods?watch=true&fieldSelector=spec.nodeName%3Dn&resourceVersion=7" +
      "&timeoutSeconds=290&allowWatchBookmarks=true",
  );
  assert.equal(options.expectStream && options.expectJson, true);
});

for (
  const [type, contentType] of [
    ["merge", "application/merge-patch+json"],
    ["strategic-merge", "application/strategic-merge-patch+json"],
  ] as const
) {
  Deno.test(`patch() sends a ${type} patch as ${contentType}`, () => {
    const { options } = patch(resources.pods, { ...pod, type, body: { a: 1 } });
    assert.equal(options.contentType, contentType);
    assert.deepEqual(options.bodyJson, { a: 1 });
  });
}

Deno.test("patch() sends operations as a JSON patch", () => {
  const body = [{ op: "remove", path: "/a" } as const];
  const { options } = patch(resources.pods, { ...pod, type: "json", body });
  assert.equal(options.contentType, "application/json-patch+json");
  assert.deepEqual(options.bodyJson, body);
});

Deno.test("create() says which kind the body is of", () => {
  const body = { metadata: { name: "c" } };
  const { options } = create(resources.configMaps, { namespace: "n", body });
  assert.deepEqual(options.bodyJson, { ...body, apiVersion: "v1", kind: "ConfigMap" });
});

Deno.test("remove() and evict() carry their preconditions", () => {
  const preconditions = { uid: "u" };
  const { bodyJson: removal } = remove(resources.pods, { ...pod, preconditions }).options;
  const { bodyJson: eviction } = evict({ ...pod, preconditions, dryRun: true }).options;
  assert.deepEqual(JSON.parse(JSON.stringify(removal)), {
    apiVersion: "v1",
    kind: "DeleteOptions",
    preconditions,
  });
  assert.deepEqual(JSON.parse(JSON.stringify(eviction)), {
    apiVersion: "policy/v1",
    kind: "Eviction",
    metadata: pod,
    deleteOptions: { dryRun: ["All"], preconditions },
  });
});

for (const name of ["", ".", ".."]) {
  Deno.test(`objectPath() refuses the name "${name}", which would address something else`, () => {
    assert.throws(() => objectPath(resources.nodes, { name }), TypeError);
    assert.throws(() => objectPath(resources.pods, { namespace: name, name: "p" }), TypeError);
  });
}

Deno.test("a namespaced object cannot be addressed without its namespace", () => {
  assert.throws(() => get(resources.pods, { name: "p" }), /without a namespace/);
  assert.throws(() => create(resources.pods, { body: { metadata: {}, spec: { containers: [] } } }));
});

Deno.test("an answer without metadata or items is not taken for an object or a list", () => {
  assert.throws(() => get(resources.pods, pod).read("<html>"), TypeError);
  assert.throws(() => list(resources.pods).read({ metadata: {} }), TypeError);
  assert.throws(() => list(resources.pods).read({ metadata: {}, items: [{}] }), TypeError);
  const object = { metadata: { name: "p" } };
  assert.equal(get(resources.pods, pod).read(object), object);
});
