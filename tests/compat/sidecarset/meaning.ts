import * as z from "zod/mini";
import { isObject } from "../../../lib/api/json.ts";
import { labelSelector, objectMeta } from "../../../lib/api/meta.ts";
import { CUSTOM_VERSION_LABEL } from "../../../lib/api/names.ts";
import { withoutNulls } from "../../../lib/api/read.ts";
import type { NamespaceFacts } from "../../../lib/core/prepared.ts";
import { customVersionOf } from "../../../lib/core/revision/controller_revision.ts";
import { selectsNamespace } from "../../../lib/core/select/pod_selection.ts";
import { goForm } from "./go_form.ts";

/** A SidecarSet as far as the two versions may say the same in different forms. */
export const versionedSidecarSet = z.pipe(
  z.transform(withoutNulls),
  z.looseObject({
    metadata: objectMeta,
    spec: z._default(
      z.looseObject({
        namespace: z.optional(z.string()),
        namespaceSelector: z.optional(labelSelector),
        customVersion: z.optional(z.string()),
      }),
      {},
    ),
  }),
);
export type VersionedSidecarSet = z.infer<typeof versionedSidecarSet>;

/** What a SidecarSet means, in whichever form and version it says it, as far as the given namespaces show. */
export function meaningOf(
  sidecarSet: VersionedSidecarSet,
  namespaces: readonly NamespaceFacts[],
): unknown {
  const { metadata, spec } = sidecarSet;
  const { [CUSTOM_VERSION_LABEL]: _, ...labels } = metadata.labels ?? {};
  const written = goForm({
    ...sidecarSet,
    spec: {
      ...spec,
      namespace: undefined,
      namespaceSelector: undefined,
      customVersion: undefined,
    },
  });
  return {
    ...(isObject(written) ? written : {}),
    apiVersion: "either",
    metadata: { ...metadata, labels },
    customVersion: customVersionOf(sidecarSet),
    namespaces: namespaces.filter((namespace) => selectsNamespace(spec, namespace)),
  };
}
