import { HOT_UPGRADE_SUFFIXES } from "../../api/names.ts";
import type { Field } from "./field.ts";

const MAX_NAME_LENGTH = 63;
const LONGEST_SUFFIX = Math.max(...HOT_UPGRADE_SUFFIXES.map((suffix) => suffix.length));

/** Both containers of a hot-upgrade pair need an image and a valid, unique name (B-27). */
export function checkHotUpgradeNames(containers: readonly Field[]): void {
  const names = new Set(containers.map((container) => container.member("name").text()));
  for (const container of containers) {
    const strategy = container.member("upgradeStrategy");
    if (strategy.member("upgradeType").text() !== "HotUpgrade") continue;
    const emptyImage = strategy.member("hotUpgradeEmptyImage");
    if (emptyImage.text() === "") {
      emptyImage.required("is required for HotUpgrade: the idle container of the pair runs it");
    }
    const name = container.member("name");
    const mostLength = MAX_NAME_LENGTH - LONGEST_SUFFIX;
    if (name.text().length > mostLength && name.text().length <= MAX_NAME_LENGTH) {
      name.invalid(
        `must have at most ${mostLength} characters for HotUpgrade, which appends a suffix`,
      );
    }
    const taken = HOT_UPGRADE_SUFFIXES.map((suffix) => `${name.text()}${suffix}`)
      .find((pairName) => names.has(pairName));
    if (taken !== undefined) {
      name.duplicate(`must be changed: HotUpgrade makes a container ${taken} of it, which exists`);
    }
  }
}
