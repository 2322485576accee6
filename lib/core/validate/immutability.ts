import type { Subject } from "./input.ts";

/**
 * A container cannot become a pair, nor a pair a container. Containers may be added; running Pods then cannot be
 * upgraded in place (B-32).
 *
 * @see
 * `openkruise/kruise/pkg/webhook/sidecarset/validating/sidecarset_create_update_handler.go:validateSidecarContainersUpdate`
 */
export function checkImmutability({ spec, input }: Subject): void {
  if (input.operation !== "UPDATE") return;
  const oldTypes = new Map(
    (input.old?.spec.containers ?? []).map((old) => [old.name, old.upgradeStrategy?.upgradeType]),
  );
  for (const container of spec.member("containers").items()) {
    const type = container.member("upgradeStrategy").member("upgradeType");
    const oldType = oldTypes.get(container.member("name").text());
    if (oldType !== undefined && type.text() !== oldType) {
      type.invalid(`must stay ${oldType}: remove the container and add it under another name`);
    }
  }
}
