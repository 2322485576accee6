import { isObject } from "../../lib/api/json.ts";
import {
  GROUP,
  HASH_ANNOTATION,
  HASH_WITHOUT_IMAGE_ANNOTATION,
  PLURAL,
  STORAGE_VERSION,
} from "../../lib/api/names.ts";
import { toPrepared } from "../../lib/core/defaults/prepare.ts";
import { simulatedSidecarSet } from "./simulated_sidecarset.ts";

/**
 * An API server with as many Pods and SidecarSets as are asked for, which it makes up as they are listed; run by
 * `startProgram`.
 */
export interface SimulatedApiInput {
  readonly pods: number;
  readonly sidecarSets: number;
  /** The first Pods are in a namespace of this many. @default 0 */
  readonly grouped?: number;
  /** SidecarSets differ in their containers, too, not only in what they select. @default false */
  readonly varied?: boolean;
  /** Pods record the hashes of their SidecarSet, so that they are up to date. @default false */
  readonly recorded?: boolean;
}

/** Changes that `/bench/events` stores and sends to the watches of a collection. */
export interface SimulatedEvents {
  readonly path: string;
  readonly objects: readonly Record<string, unknown>[];
}

export interface SimulatedApiReport {
  readonly port: number;
}

/** The version of everything that was there at the start. */
const VERSION = "1000";
const DEFAULT_PAGE = 500;
const EVENTS_AT_ONCE = 10;
const INITIAL_EVENTS_END = {
  type: "BOOKMARK",
  object: {
    metadata: { resourceVersion: VERSION, annotations: { "k8s.io/initial-events-end": "true" } },
  },
};

const input: SimulatedApiInput = JSON.parse(await new Response(Deno.stdin.readable).text());
const stored = new Map<string, Record<string, unknown>>();
const watches = new Map<string, Set<ReadableStreamDefaultController<Uint8Array>>>();
const encoder = new TextEncoder();
const template = podTemplate();
const templates = new Map<number, string>();
let version = Number(VERSION);

const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, answer);
console.log(JSON.stringify({ port: server.addr.port } satisfies SimulatedApiReport));

async function answer(request: Request): Promise<Response> {
  const { pathname, searchParams } = new URL(request.url);
  if (pathname === "/bench/relist") {
    const status = { kind: "Status", code: 410, reason: "Expired", message: "too old" };
    send("/api/v1/pods", { type: "ERROR", object: status });
    return new Response();
  }
  if (pathname === "/bench/events") {
    const { path, objects }: SimulatedEvents = await request.json();
    for (const object of objects) change(path, object);
    return new Response();
  }
  if (request.method !== "GET") return await write(pathname, request);
  if (searchParams.has("watch")) {
    const seconds = Number(searchParams.get("timeoutSeconds"));
    const isInitial = searchParams.get("sendInitialEvents") === "true";
    return new Response(openWatch(pathname, { seconds, isInitial }));
  }
  const found = stored.get(pathname);
  if (found) return Response.json(found);
  if (!isCollection(pathname)) return notFound();
  return new Response(page(pathname, searchParams), {
    headers: { "content-type": "application/json" },
  });
}

async function write(path: string, request: Request): Promise<Response> {
  const body: unknown = await request.json();
  if (!isObject(body) || !isObject(body.metadata)) return notFound();
  const single = request.method === "POST"
    ? `${path}/${body.metadata.name}`
    : path.replace(/\/status$/, "");
  const before = request.method === "PATCH" ? stored.get(single) ?? madeUp(single) : {};
  const known = isObject(before.metadata) ? before.metadata : { uid: crypto.randomUUID() };
  const metadata = { ...known, ...body.metadata, resourceVersion: String(++version) };
  const object = { ...before, ...body, metadata };
  stored.set(single, object);
  send(single.slice(0, single.lastIndexOf("/")), { type: "MODIFIED", object });
  return Response.json(object);
}

/** Stores an object of `/bench/events` in its next version. */
function change(path: string, object: Record<string, unknown>): void {
  const known: Record<string, unknown> = isObject(object.metadata) ? object.metadata : {};
  const metadata: Record<string, unknown> = { ...known, resourceVersion: String(++version) };
  const single = `${path}/${metadata.name}`;
  const type = stored.has(single) ? "MODIFIED" : "ADDED";
  const next = { ...object, metadata };
  stored.set(single, next);
  send(path, { type, object: next });
}

/** The SidecarSet as it was listed. */
function madeUp(path: string): Record<string, unknown> {
  return JSON.parse(sidecarSetText(Number(path.slice(path.lastIndexOf("-") + 1))));
}

/** With `isInitial`, the objects come first, then the bookmark that ends them. */
function openWatch(
  path: string,
  { seconds, isInitial }: { seconds: number; isInitial: boolean },
): ReadableStream<Uint8Array> {
  const open = watches.get(path) ?? new Set();
  watches.set(path, open);
  const { total, text } = collection(path);
  let sent = isInitial ? 0 : total;
  let own: ReadableStreamDefaultController<Uint8Array>;
  let timer: ReturnType<typeof setTimeout> | undefined;
  return new ReadableStream({
    start(controller) {
      own = controller;
      if (!isInitial) open.add(controller);
      timer = setTimeout(() => {
        open.delete(controller);
        controller.close();
      }, seconds * 1_000);
    },
    pull(controller) {
      if (open.has(controller)) return;
      const to = Math.min(total, sent + EVENTS_AT_ONCE);
      let lines = "";
      for (; sent < to; sent++) lines += `{"type":"ADDED","object":${text(sent)}}\n`;
      if (sent === total) {
        lines += `${JSON.stringify(INITIAL_EVENTS_END)}\n`;
        open.add(controller);
      }
      controller.enqueue(encoder.encode(lines));
    },
    cancel() {
      clearTimeout(timer);
      open.delete(own);
    },
  });
}

function send(path: string, event: object): void {
  const line = encoder.encode(`${JSON.stringify(event)}\n`);
  for (const controller of watches.get(path) ?? []) controller.enqueue(line);
}

function isCollection(path: string): boolean {
  return path.split("/").at(-1)?.endsWith("s") === true;
}

/** One page of a list as text; simulated objects are never kept. */
function page(path: string, query: URLSearchParams): string {
  const from = Number(query.get("continue") ?? 0);
  const { total, text } = collection(path);
  const to = Math.min(total, from + Number(query.get("limit") ?? DEFAULT_PAGE));
  const items = Array.from({ length: to - from }, (_, i) => text(from + i));
  const metadata = { resourceVersion: VERSION, ...(to < total ? { continue: String(to) } : {}) };
  return `{"kind":"List","apiVersion":"v1","metadata":${JSON.stringify(metadata)},"items":[${
    items.join(",")
  }]}`;
}

function collection(path: string): { total: number; text(index: number): string } {
  switch (path) {
    case "/api/v1/pods":
      return { total: input.pods, text: podText };
    case `/apis/${GROUP}/${STORAGE_VERSION}/${PLURAL}`:
      return { total: input.sidecarSets, text: sidecarSetText };
    case "/api/v1/namespaces":
      return { total: input.grouped ? 2 : 1, text: namespaceText };
    default:
      return { total: 0, text: String };
  }
}

function namespaceText(index: number): string {
  const name = index === 0 ? "shop" : "group";
  const labels = { "kubernetes.io/metadata.name": name };
  return JSON.stringify({ metadata: { name, labels, resourceVersion: VERSION } });
}

function podTemplate(): string {
  const file = new URL("../webhook/testdata/replicaset-pod.json", import.meta.url);
  const pod = JSON.parse(Deno.readTextFileSync(file)).request.object;
  pod.metadata = {
    ...pod.metadata,
    name: "pod-%INDEX%",
    namespace: "%NAMESPACE%",
    uid: "00000000-0000-4000-8000-%INDEX%",
    resourceVersion: VERSION,
    creationTimestamp: "2026-01-01T00:00:00Z",
    labels: { ...pod.metadata.labels, app: "app-%GROUP%" },
    annotations: { "kruise.io/sidecarset-injected-list": "sidecarset-%GROUP%" },
  };
  pod.metadata.managedFields[0].time = "2026-01-01T00:00:00Z";
  const env = [{ name: "IS_INJECTED", value: "true" }];
  pod.spec.containers.push({ name: "agent", image: "registry.example/agent:1.0.0", env });
  pod.spec.nodeName = "node-1";
  pod.status = {
    phase: "Running",
    conditions: ["Initialized", "Ready", "ContainersReady", "PodScheduled"].map((type) => ({
      type,
      status: "True",
      lastTransitionTime: "2026-01-01T00:00:10Z",
    })),
    containerStatuses: pod.spec.containers.map((
      { name, image }: { name: string; image: string },
    ) => ({
      name,
      image,
      imageID: `${image}@sha256:${"0123456789abcdef".repeat(4)}`,
      containerID: `containerd://${"0123456789abcdef".repeat(4)}`,
      ready: true,
      started: true,
      restartCount: 0,
      state: { running: { startedAt: "2026-01-01T00:00:05Z" } },
    })),
  };
  return JSON.stringify(pod);
}

function podText(index: number): string {
  const group = index % Math.max(1, Math.min(1_000, input.sidecarSets));
  return templateOf(group).replaceAll("%INDEX%", String(index).padStart(12, "0"))
    .replace("%NAMESPACE%", index < (input.grouped ?? 0) ? "group" : "shop");
}

function templateOf(group: number): string {
  const known = templates.get(group);
  if (known !== undefined) return known;
  const text = template.replaceAll("%GROUP%", String(group));
  const made = input.recorded ? withRecords(text, JSON.parse(sidecarSetText(group))) : text;
  templates.set(group, made);
  return made;
}

function withRecords(text: string, stored: Parameters<typeof toPrepared>[0]): string {
  const pod = JSON.parse(text);
  const { name, hash, hashWithoutImage } = toPrepared(stored, () => []);
  const record = { updateTimestamp: "2026-01-01T00:00:00Z", sidecarSetName: name };
  const specs = (each: string) =>
    JSON.stringify({ [name]: { ...record, hash: each, sidecarList: ["agent"] } });
  pod.metadata.annotations[HASH_ANNOTATION] = specs(hash);
  pod.metadata.annotations[HASH_WITHOUT_IMAGE_ANNOTATION] = specs(hashWithoutImage);
  return JSON.stringify(pod);
}

function sidecarSetText(index: number): string {
  return JSON.stringify(simulatedSidecarSet(index, {
    metadata: { resourceVersion: VERSION },
    ...(input.varied ? { container: { args: [`--app=app-${index}`] } } : {}),
    spec: { updateStrategy: { type: "NotUpdate" } },
  }));
}

function notFound(): Response {
  return Response.json({ kind: "Status", code: 404, reason: "NotFound" }, { status: 404 });
}
