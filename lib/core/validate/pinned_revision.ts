import type { ControllerRevision } from "../../api/controller_revision.ts";
import { isObject } from "../../api/json.ts";
import { CUSTOM_VERSION_LABEL, REVISION_OWNER_LABEL } from "../../api/names.ts";
import { revisionPolicies } from "../../api/strategies.ts";
import type { Field } from "./field.ts";
import type { Subject } from "./input.ts";

/**
 * `injectionStrategy.revision` names a stored revision of this SidecarSet (B-28).
 *
 * @see
 * `openkruise/kruise/pkg/webhook/sidecarset/validating/sidecarset_create_update_handler.go:validateSidecarSetInjectionStrategy`
 */
export function checkPinnedRevision({ metadata, spec, input }: Subject): void {
  const revision = spec.member("injectionStrategy").member("revision");
  if (!revision.isSet) return;
  const policy = revision.member("policy");
  if (policy.text() !== "" && !revisionPolicies.some((known) => known === policy.text())) {
    policy.notSupported(revisionPolicies);
  }
  const owner = metadata.member("name").text();
  const name = revision.member("revisionName");
  const version = revision.member("customVersion");
  if (!name.isSet && !version.isSet) {
    return revision.required("must have revisionName or customVersion");
  }
  // The name takes precedence, as at injection.
  if (name.isSet) {
    const found = input.revisions.find((stored) => stored.metadata.name === name.text());
    checkFound(name, { found, owner });
  } else {
    const found = input.revisions.find((stored) =>
      stored.metadata.labels?.[CUSTOM_VERSION_LABEL] === version.text() && ownerOf(stored) === owner
    );
    checkFound(version, { found, owner });
  }
}

function checkFound(
  field: Field,
  { found, owner }: { found: ControllerRevision | undefined; owner: string },
): void {
  if (found === undefined) {
    field.notFound(
      `must name a stored revision of SidecarSet ${owner}, list them with: sidecarset rollout history ${owner}`,
    );
  } else if (ownerOf(found) !== owner) {
    field.invalid(
      `must name a revision of SidecarSet ${owner}, not of ${ownerOf(found) ?? "another owner"}`,
    );
  } else if (!isObject(found.data?.spec)) {
    field.invalid("must name a revision that holds a SidecarSet's spec");
  }
}

function ownerOf({ metadata }: ControllerRevision): string | undefined {
  return metadata.labels?.[REVISION_OWNER_LABEL];
}
