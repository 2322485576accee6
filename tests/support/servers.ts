import { join } from "node:path";

/** Where the servers of one control plane listen. */
export interface Ports {
  etcd: number;
  etcdPeer: number;
  api: number;
  controllerManager: number;
}

/** What the servers' command lines are made of. */
export interface Layout {
  /** Folder of this control plane alone. */
  folder: string;
  ports: Ports;
}

/** Files that the command lines refer to. */
export function filesOf(folder: string) {
  return {
    /** The API server signs its own certificate; this file has its authority. */
    ca: join(folder, "pki", "apiserver.crt"),
    serviceAccountKey: join(folder, "pki", "service-account.key"),
    tokens: join(folder, "pki", "tokens.csv"),
    auditPolicy: join(folder, "audit-policy.yaml"),
    auditLog: join(folder, "log", "audit.log"),
    adminKubeconfig: join(folder, "admin.kubeconfig"),
    controllerKubeconfig: join(folder, "controller.kubeconfig"),
    stages: join(import.meta.dirname ?? ".", "stages.yaml"),
  };
}

/** Where etcd keeps its data. */
export function etcdData(folder: string): string {
  return join(folder, "etcd");
}

export function etcdArgs({ folder, ports }: Layout): string[] {
  const clients = `http://127.0.0.1:${ports.etcd}`;
  const peers = `http://127.0.0.1:${ports.etcdPeer}`;
  return [
    ...["--data-dir", etcdData(folder), "--log-level", "warn"],
    // Nothing here has to outlive a power failure, and waiting for the disk would be most of the time.
    "--unsafe-no-fsync",
    ...["--listen-client-urls", clients, "--advertise-client-urls", clients],
    ...["--listen-peer-urls", peers, "--initial-advertise-peer-urls", peers],
    ...["--initial-cluster", `default=${peers}`],
  ];
}

export interface ApiServerOptions extends Layout {
  controllerManager: boolean;
  audit: boolean;
}

export function apiServerArgs(options: ApiServerOptions): string[] {
  const { folder, ports } = options;
  const { serviceAccountKey, tokens, auditPolicy, auditLog } = filesOf(folder);
  const args = [
    ...["--etcd-servers", `http://127.0.0.1:${ports.etcd}`],
    ...["--bind-address", "127.0.0.1", "--secure-port", String(ports.api)],
    ...["--cert-dir", join(folder, "pki")],
    ...["--service-cluster-ip-range", "10.0.0.0/24", "--endpoint-reconciler-type", "none"],
    // Nothing here leads from a cluster IP to the endpoints of its Service.
    "--enable-aggregator-routing=true",
    ...["--service-account-issuer", "https://kubernetes.default.svc"],
    ...["--service-account-key-file", serviceAccountKey],
    ...["--service-account-signing-key-file", serviceAccountKey],
    ...["--token-auth-file", tokens, "--authorization-mode", "RBAC"],
    // Otherwise it waits at its end for watches, which never end by themselves.
    "--shutdown-watch-termination-grace-period=1s",
  ];
  if (options.audit) {
    args.push("--audit-policy-file", auditPolicy, "--audit-log-path", auditLog);
    // A line is there before its request is answered, so a test that reads the log misses none.
    args.push("--audit-log-mode", "blocking");
  }
  // Without kube-controller-manager no ServiceAccount `default` exists, and no Pod can be created.
  if (!options.controllerManager) args.push("--disable-admission-plugins", "ServiceAccount");
  return args;
}

export function controllerManagerArgs({ folder, ports }: Layout): string[] {
  const { adminKubeconfig, serviceAccountKey, ca } = filesOf(folder);
  return [
    ...["--kubeconfig", adminKubeconfig, "--leader-elect=false"],
    ...["--bind-address", "127.0.0.1", "--secure-port", String(ports.controllerManager)],
    ...["--cert-dir", join(folder, "pki", "controller-manager")],
    ...["--service-account-private-key-file", serviceAccountKey, "--root-ca-file", ca],
    "--use-service-account-credentials=false",
    ...["--kube-api-qps", "500", "--kube-api-burst", "500"],
  ];
}

export function kwokArgs({ folder }: Layout): string[] {
  const { adminKubeconfig, stages } = filesOf(folder);
  return [
    ...["--kubeconfig", adminKubeconfig, "--config", stages],
    ...["--manage-all-nodes=true", "--server-address", "127.0.0.1:0"],
  ];
}
