import type { NamespaceFacts, PreparedSidecarSet } from "../core/prepared.ts";

/** Objects that a Pod review needs and the index does not have. */
interface UnknownObjects {
  readonly namespace: string;
  readonly sidecarSets: readonly { readonly name: string }[];
}

/** What was read for a Pod that the index does not know enough about. */
interface PodReads {
  /** Undefined if it does not exist. */
  readonly namespace?: NamespaceFacts | undefined;
  /** Only existing ones. */
  readonly sidecarSets: readonly PreparedSidecarSet[];
  /** Whether all reads succeeded. */
  readonly ok: boolean;
  readonly problem?: string;
}

/** Reads what the index does not have yet. */
export interface PodReader {
  /** A namespace of the index. */
  namespace(name: string): NamespaceFacts | undefined;
  /** Reads a namespace from the API server; undefined if it does not exist. May throw. */
  readNamespace(name: string, signal: AbortSignal): Promise<NamespaceFacts | undefined>;
  /** Reads a SidecarSet from the API server; undefined if it does not exist. May throw. */
  readSidecarSet(name: string, signal: AbortSignal): Promise<PreparedSidecarSet | undefined>;
  /** Time for all reads of one review. @default 1000 */
  readonly readDeadlineMs?: number;
}

/** Reads the objects from the API server, concurrently and within one deadline. Never rejects. */
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
