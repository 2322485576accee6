import { parse, parseAllDocuments, stringify } from "yaml";
import certificates from "../../../manifests/components/cert-manager/certificates.yaml" with {
  type: "text",
};
import deploymentPatch from "../../../manifests/components/cert-manager/deployment.patch.yaml" with {
  type: "text",
};
import rolePatch from "../../../manifests/components/cert-manager/role.patch.yaml" with {
  type: "text",
};
import openKruise from "../../../manifests/components/openkruise/rbac.yaml" with { type: "text" };
import restrictAuthors from "../../../manifests/components/restrict-authors/policy.yaml" with {
  type: "text",
};
import restrictController from "../../../manifests/components/restrict-controller/policy.yaml" with {
  type: "text",
};
import crd from "../../../manifests/crd.yaml" with { type: "text" };
import deployment from "../../../manifests/deployment.yaml" with { type: "text" };
import dashboard from "../../../manifests/monitoring/dashboard.json" with { type: "text" };
import podMonitor from "../../../manifests/monitoring/podmonitor.yaml" with { type: "text" };
import rules from "../../../manifests/monitoring/rules.yaml" with { type: "text" };
import namespace from "../../../manifests/namespace.yaml" with { type: "text" };
import networkPolicy from "../../../manifests/networkpolicy.yaml" with { type: "text" };
import disruptionBudget from "../../../manifests/poddisruptionbudget.yaml" with { type: "text" };
import rbac from "../../../manifests/rbac.yaml" with { type: "text" };
import service from "../../../manifests/service.yaml" with { type: "text" };
import userRoles from "../../../manifests/user-roles.yaml" with { type: "text" };
import { isObject } from "../../api/json.ts";
import type { JsonPatchOperation } from "../../api/json.ts";
import { OPENKRUISE_NAMESPACE } from "../../api/names.ts";
import { applyPatch } from "../../core/json/patch.ts";

/** What an installation can have in addition. */
interface InstallationComponents {
  /** Use a webhook certificate from cert-manager. */
  readonly certManager?: boolean;
  /** The controller may read what OpenKruise has in its namespace. */
  readonly openkruise?: boolean;
  /** A policy that limits what the controller's ServiceAccount may change in Pods. */
  readonly restrictController?: boolean;
  /** A policy on who may write SidecarSets with privileged containers. */
  readonly restrictAuthors?: boolean;
  /** Alert rules and a PodMonitor for the Prometheus operator, and a dashboard for Grafana. */
  readonly prometheusOperator?: boolean;
}

/** For a reader of all objects that an installation can have. */
export const ALL_COMPONENTS: Required<InstallationComponents> = {
  certManager: true,
  openkruise: true,
  restrictController: true,
  restrictAuthors: true,
  prometheusOperator: true,
};

/** What an installation differs in; without options it is that of `sidecarset manifests`. */
export interface InstallationOptions extends InstallationComponents {
  /** @default that of the files */
  readonly namespace?: string;
  /** @default that of the files */
  readonly image?: string;
  /** Name of the Secret, in the installation's namespace, to pull the image with. */
  readonly imagePullSecret?: string;
  /** @default that of the files */
  readonly replicas?: number;
  /** @default that of the files */
  readonly openkruiseNamespace?: string;
  /** Additional labels of the PodMonitor and the alert rules, which a Prometheus selects by. */
  readonly monitorLabels?: Readonly<Record<string, string>>;
  /**
   * Labels of the ConfigMap with the dashboard, which Grafana's sidecar selects by.
   * @default DASHBOARD_LABELS
   */
  readonly dashboardLabels?: Readonly<Record<string, string>>;
}

/** Grafana's Helm chart looks for this label. */
const DASHBOARD_LABELS = { grafana_dashboard: "1" };

type Plain = Record<string, unknown>;

const NAMESPACE = "sidecarset-system";

/** The objects of an installation: those of `manifests/`, embedded in the program, changed by the options. */
export function installationObjects(options: InstallationOptions = {}): Plain[] {
  const [home, ...others] = objectsBesideDefinition(options);
  return [...(home ? [home] : []), ...documentsOf(crd), ...others];
}

/** The objects of an installation as YAML. */
export function installationYaml(options: InstallationOptions = {}): string {
  const [home, ...others] = objectsBesideDefinition(options).map((object) =>
    stringify(object, { lineWidth: 0, compat: "yaml-1.1" })
  );
  // No option changes the definition, and to read and write it takes longer than everything else.
  return [home, crd.replace(/^#.*\n/, ""), ...others].join("---\n");
}

/** All but the CustomResourceDefinition; the namespace is the first. */
export function objectsBesideDefinition(options: InstallationOptions): Plain[] {
  const texts = [
    ...[namespace, rbac, userRoles, deployment, service, networkPolicy, disruptionBudget],
    ...(options.certManager ? [certificates] : []),
    ...(options.openkruise ? [inOpenKruise(options.openkruiseNamespace)] : []),
    ...(options.restrictController ? [restrictController] : []),
    ...(options.restrictAuthors ? [restrictAuthors] : []),
  ];
  return [...texts.flatMap(documentsOf), ...(options.prometheusOperator ? monitoring(options) : [])]
    .map((object) => options.certManager ? withCertManager(object) : object)
    .map((object) => object.kind === "Deployment" ? withDeployment(object, options) : object)
    .map((object) => options.namespace ? inNamespace(object, options.namespace) : object);
}

function monitoring({ monitorLabels, dashboardLabels }: InstallationOptions): Plain[] {
  const dashboardMap = {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: {
      name: "sidecarset-dashboard",
      namespace: NAMESPACE,
      labels: dashboardLabels ?? DASHBOARD_LABELS,
    },
    data: { "sidecarset.json": dashboard },
  };
  const selected = [podMonitor, rules].flatMap(documentsOf);
  const labelled = monitorLabels === undefined ? selected : selected.map((object) => ({
    ...object,
    metadata: { ...(isObject(object.metadata) ? object.metadata : {}), labels: monitorLabels },
  }));
  return [...labelled, dashboardMap];
}

/** The roles for OpenKruise's namespace. */
function inOpenKruise(namespace = OPENKRUISE_NAMESPACE): string {
  return openKruise.replaceAll(`namespace: ${OPENKRUISE_NAMESPACE}\n`, `namespace: ${namespace}\n`);
}

function documentsOf(text: string): Plain[] {
  return parseAllDocuments(text).map((document) => document.toJS()).filter(isObject);
}

function withCertManager(object: Plain): Plain {
  if (object.kind === "Deployment") return patched(object, deploymentPatch);
  return object.kind === "Role" && nameOf(object) === "sidecarset"
    ? patched(object, rolePatch)
    : object;
}

function nameOf({ metadata }: Plain): unknown {
  return isObject(metadata) ? metadata.name : undefined;
}

function patched(object: Plain, text: string): Plain {
  const operations: JsonPatchOperation[] = parse(text);
  const result = applyPatch(object, operations);
  if (!isObject(result)) throw new TypeError(`Cannot patch the ${object.kind}: nothing is left`);
  return result;
}

function withDeployment(
  object: Plain,
  { image, imagePullSecret, replicas, openkruiseNamespace }: InstallationOptions,
): Plain {
  return patched(
    object,
    JSON.stringify([
      ...(image === undefined
        ? []
        : [{ op: "replace", path: "/spec/template/spec/containers/0/image", value: image }]),
      ...(imagePullSecret === undefined ? [] : [{
        op: "add",
        path: "/spec/template/spec/imagePullSecrets",
        value: [{ name: imagePullSecret }],
      }]),
      ...(replicas === undefined
        ? []
        : [{ op: "replace", path: "/spec/replicas", value: replicas }]),
      ...(openkruiseNamespace === undefined ? [] : [{
        op: "add",
        path: "/spec/template/spec/containers/0/args/-",
        value: `--openkruise-namespace=${openkruiseNamespace}`,
      }]),
    ]),
  );
}

/** Renames the namespace: in metadata, subjects, the certificate's Service name, and the ServiceAccount's user name. */
function inNamespace(object: Plain, name: string): Plain {
  const moved: unknown = JSON.parse(JSON.stringify(object), (_key, value) => {
    if (typeof value !== "string") return value;
    if (value === NAMESPACE) return name;
    return value.replace(`.${NAMESPACE}.svc`, `.${name}.svc`)
      .replace(`:serviceaccount:${NAMESPACE}:`, `:serviceaccount:${name}:`);
  });
  return isObject(moved) ? moved : object;
}
