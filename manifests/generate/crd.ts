import type { EmbeddedDefinition } from "../../lib/api/docs.ts";
import { GROUP, KIND, PLURAL, STORAGE_VERSION, VERSIONS } from "../../lib/api/names.ts";
import { sidecarSetSpec } from "../../lib/api/sidecarset.ts";
import { sidecarSetStatus } from "../../lib/api/sidecarset_status.ts";
import { inlineDefinition, type OpenApiSchemas, shortened } from "./from_openapi.ts";
import { structuralSchema } from "./from_zod.ts";
import { addRules } from "./rules.ts";
import type { StructuralSchema } from "./structural.ts";

const columns = [
  {
    name: "Matched",
    jsonPath: ".status.matchedPods",
    type: "integer",
    description: "Selected Pods that have the sidecars.",
  },
  {
    name: "Updated",
    jsonPath: ".status.updatedPods",
    type: "integer",
    description: "Matched Pods at the current revision.",
  },
  {
    name: "Ready",
    jsonPath: ".status.readyPods",
    type: "integer",
    description: "Matched Pods that are ready.",
  },
  {
    name: "Missed",
    jsonPath: ".status.missedPods",
    type: "integer",
    description: "Selected Pods that should have the sidecars and do not.",
  },
  { name: "Age", jsonPath: ".metadata.creationTimestamp", type: "date" },
  {
    name: "Injection",
    jsonPath: '.status.conditions[?(@.type=="Ready")].reason',
    type: "string",
    priority: 1,
    description: "InForce where new Pods get the sidecars, or why not, such as InjectionPaused.",
  },
  {
    name: "Revision",
    jsonPath: ".status.latestRevision",
    type: "string",
    priority: 1,
    description: "The current revision.",
  },
  {
    name: "Reason",
    jsonPath: '.status.conditions[?(@.type=="Progressing")].reason',
    type: "string",
    priority: 1,
    description: "What the roll-out does, or what holds it back.",
  },
];

/**
 * The CustomResourceDefinition of SidecarSet. Both versions have the same fields and no conversion; the
 * descriptions of Kubernetes' own fields are shorter in the older one.
 *
 * @param schemas `components.schemas` of the API server's `/openapi/v3/api/v1`.
 */
export function customResourceDefinition(schemas: OpenApiSchemas): Record<string, unknown> {
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `${PLURAL}.${GROUP}` },
    spec: {
      group: GROUP,
      scope: "Cluster",
      names: {
        kind: KIND,
        listKind: `${KIND}List`,
        plural: PLURAL,
        singular: "sidecarset",
        shortNames: ["scs"],
      },
      // Spelled out with null, or a plain apply over OpenKruise's definition would keep its conversion webhook and be
      // refused.
      conversion: { strategy: "None", webhook: null },
      versions: VERSIONS.map((name) => ({
        name,
        served: true,
        storage: name === STORAGE_VERSION,
        additionalPrinterColumns: columns,
        subresources: { status: {} },
        schema: { openAPIV3Schema: objectSchema(schemas, { isShort: name !== STORAGE_VERSION }) },
      })),
    },
  };
}

/** Two versions with descriptions in full would pass the limit of `kubectl apply`'s annotation. */
const MAX_SHORT_LENGTH = 40;

function withShortDescriptions(schema: StructuralSchema): StructuralSchema {
  const { description, properties, items } = schema;
  return {
    ...schema,
    ...(description === undefined ? {} : { description: shortened(description, MAX_SHORT_LENGTH) }),
    ...(properties === undefined ? {} : {
      properties: Object.fromEntries(
        Object.entries(properties).map(([name, field]) => [name, withShortDescriptions(field)]),
      ),
    }),
    ...(items === undefined ? {} : { items: withShortDescriptions(items) }),
  };
}

/**
 * The schema of a SidecarSet, with its descriptions.
 *
 * @param options `isShort`: shortens the descriptions of Kubernetes' own fields
 */
export function objectSchema(
  schemas: OpenApiSchemas,
  { isShort = false }: { readonly isShort?: boolean } = {},
): StructuralSchema {
  const embed = (definition: EmbeddedDefinition) => {
    const inlined = inlineDefinition(schemas, `io.k8s.api.core.v1.${definition}`);
    return isShort ? withShortDescriptions(inlined) : inlined;
  };
  return addRules({
    type: "object",
    description:
      "SidecarSet injects sidecar containers into the Pods that it selects and upgrades them there.",
    required: ["spec"],
    properties: {
      apiVersion: { type: "string", description: "Version of the schema of this object." },
      kind: { type: "string", description: "Kind of this object." },
      metadata: { type: "object" },
      spec: structuralSchema(sidecarSetSpec, { embed }),
      status: {
        ...structuralSchema(sidecarSetStatus, { embed }),
        description: "Observed state.",
      },
    },
  });
}
