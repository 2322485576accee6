import { isObject } from "../../api/json.ts";
import type { RestClient } from "../../kube/contract.ts";
import { ifAllowed } from "../../kube/errors.ts";
import type { ClusterOptions, Connection } from "../cluster/connection.ts";
import { readReplicas } from "../cluster/replicas.ts";
import { withSystemNamespace } from "../command_line/context.ts";
import { failureText } from "../terminal/failure_text.ts";

/** Seconds for each request, if the user sets no other timeout. */
const REQUEST_TIMEOUT_SECONDS = 5;

/** The versions that a cluster has. */
export interface ServerVersions {
  readonly isReached: boolean;
  readonly versions: {
    /** Of each replica; undefined if this user may not read them. */
    readonly controller?: readonly { readonly replica: string; readonly version: string }[];
    /** Of the API server. */
    readonly kubernetes?: string;
  };
  /** What is unknown and why, and differing versions; one sentence each. */
  readonly notes: readonly string[];
}

interface ServerVersionsOptions {
  /** Name of the call: `sidecarset` or `kubectl sidecarset`. */
  readonly program: string;
  /** Of this program. */
  readonly version: string;
  connect(options: ClusterOptions): Promise<Connection>;
}

/** Reads the versions of the controller and the API server. Never rejects. */
export async function readServerVersions(
  options: ClusterOptions & { readonly systemNamespace?: string },
  { program, version, connect }: ServerVersionsOptions,
): Promise<ServerVersions> {
  try {
    const requestTimeout = options.requestTimeout ?? REQUEST_TIMEOUT_SECONDS;
    const connection = await connect({ ...options, requestTimeout });
    const kubernetes = await apiServerVersion(connection.client);
    const { systemNamespace: namespace } = await withSystemNamespace(options, connection);
    const replicas = await ifAllowed(readReplicas(connection.client, namespace));
    const controller = replicas?.map((each) => ({
      replica: each.holder,
      version: each.version ?? "unknown",
    }));
    const notes = controller === undefined
      ? [
        "The controller's version is unknown: this user may not list " +
        `leases.coordination.k8s.io in namespace ${namespace}`,
      ]
      : notesOn(controller.map((each) => each.version), { namespace, version });
    const versions = { ...(controller ? { controller } : {}), kubernetes };
    return { isReached: true, versions, notes };
  } catch (error) {
    const reason = failureText(error, { program, verbose: false });
    const note = `The versions of the cluster are unknown: ${reason}. ` +
      "Without a cluster, use --client";
    return { isReached: false, versions: {}, notes: [note] };
  }
}

function notesOn(
  versions: readonly string[],
  { namespace, version }: { namespace: string; version: string },
): string[] {
  if (versions.length === 0) {
    return [
      `The controller's version is unknown: no replica in the cluster publishes it in namespace ${namespace}`,
    ];
  }
  const others = new Set(versions.filter((each) => each !== version));
  if (others.size === 0) return [];
  return [
    `Warning: the controller has version ${[...others].join(", ")}, this program ${version}: ` +
    "inject, explain and diff can decide differently",
  ];
}

async function apiServerVersion(client: RestClient): Promise<string> {
  const version = await client.performRequest({
    method: "GET",
    path: "/version",
    expectJson: true,
  });
  return String(isObject(version) ? version.gitVersion : "unknown");
}
