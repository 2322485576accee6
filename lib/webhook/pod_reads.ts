import type { NamespaceFacts, PreparedSidecarSet } from "../core/prepared.ts";

/** What a Pod review needs and the index does not have. */
export interface UnknownObjects {
  readonly namespace: string;
  readonly sidecarSets: readonly { readonly name: string }[];
}

export interface PodReads {
  /** Undefined where it does not exist. */
  readonly namespace?: NamespaceFacts | undefined;
  /** Without those that do not exist. */
  readonly sidecarSets: readonly PreparedSidecarSet[];
  /** Whether everything could be read. */
  readonly ok: boolean;
  readonly problem?: string;
}

export interface PodReader {
  /** A namespace that the index knows. */
  namespace(name: string): NamespaceFacts | undefined;
  /** Reads a namespace from the API server; undefined where it does not exist. May throw. */
  readNamespace(name: string, signal: AbortSignal): Promise<NamespaceFacts | undefined>;
  /** Reads a SidecarSet from the API server; undefined where it does not exist. May throw. */
  readSidecarSet(name: string, signal: AbortSignal): Promise<PreparedSidecarSet | undefined>;
  /** How long what has to be read for one review may take. @default 1000 */
  readonly readDeadlineMs?: number;
}

/** Reads from the API server, all at once and within one deadline, what the index does not have. Never rejects. */
export async function readUnknown(
  { namespace: name, sidecarSets }: UnknownObjects,
  { namespace, readNamespace, readSidecarSet, readDeadlineMs = 1000 }: PodReader,
): Promise<PodReads> {
  const deadline = new AbortController();
  const timer = setTimeout(
    () => deadline.abort(new Error(`no answer within ${readDeadlineMs} ms`)),
    readDeadlineMs,
  );
  const { signal } = deadline;
  try {
    const [found, ...read] = await Promise.all([
      named(`namespace ${name}`, async () => namespace(name) ?? await readNamespace(name, signal)),
      ...sidecarSets.map((each) =>
        named(`SidecarSet ${each.name}`, () => readSidecarSet(each.name, signal))
      ),
    ]);
    return { ok: true, namespace: found, sidecarSets: read.filter((each) => each !== undefined) };
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    return { ok: false, sidecarSets: [], problem };
  } finally {
    clearTimeout(timer);
  }
}

async function named<T>(what: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (cause) {
    const problem = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`Cannot read ${what}: ${problem}`, { cause });
  }
}
