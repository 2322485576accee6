import { CANARY_ANNOTATION, CANARY_BASE_ANNOTATION } from "../../api/names.ts";
import { canaryBaseOf } from "../canary.ts";
import type { Subject } from "./input.ts";

/**
 * Rules for canaries: created as a canary, of type NotUpdate, with an existing base that is no canary. Chains are
 * refused in both directions, and a SidecarSet cannot become a canary later (B-10).
 *
 * @see
 * `openkruise/kruise/pkg/webhook/sidecarset/validating/sidecarset_create_update_handler.go:validateSidecarSetCanary`
 */
export function checkCanary({ metadata, spec, input }: Subject): void {
  const annotations = new Map(metadata.member("annotations").entries());
  const flag = annotations.get(CANARY_ANNOTATION);
  const base = annotations.get(CANARY_BASE_ANNOTATION);
  if (flag?.text() !== "true" || !base?.text()) return;

  const name = metadata.member("name").text();
  const baseName = base.text();
  if (input.operation === "UPDATE" && input.old && canaryBaseOf(input.old) !== baseName) {
    base.invalid("must not be added or changed in an existing SidecarSet: create a new canary");
  }
  if (baseName === name) return base.invalid("must name another SidecarSet");
  const found = input.others.find((other) => other.metadata.name === baseName);
  if (found === undefined) base.invalid("must name an existing SidecarSet");
  else if (canaryBaseOf(found) !== undefined) {
    base.invalid("must not name a canary: use the SidecarSet that it is a canary of");
  }
  const ownCanary = input.others.find((other) =>
    other.metadata.name !== name && canaryBaseOf(other) === name
  );
  if (ownCanary !== undefined) {
    flag.invalid(
      `must not be set because SidecarSet ${ownCanary.metadata.name} is a canary of this one: delete it first`,
    );
  }
  if (spec.member("updateStrategy").member("type").text() !== "NotUpdate") {
    flag.invalid("must not be set unless spec.updateStrategy.type is NotUpdate");
  }
}
