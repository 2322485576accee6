import type { CompatGroup } from "./contract.ts";
import { conversion } from "./groups/conversion.ts";
import { defaults } from "./groups/defaults.ts";
import { expression } from "./groups/expression.ts";
import { hash } from "./groups/hash.ts";
import { inject } from "./groups/inject.ts";
import { revision } from "./groups/revision.ts";
import { rollout } from "./groups/rollout.ts";
import { sequence } from "./groups/sequence.ts";
import { status } from "./groups/status.ts";
import { upgrade } from "./groups/upgrade.ts";
import { validation } from "./groups/validation.ts";

/** All groups of golden cases, in the order in which they are judged. */
export const groups: readonly CompatGroup[] = [
  hash,
  defaults,
  conversion,
  revision,
  expression,
  validation,
  inject,
  rollout,
  status,
  upgrade,
  sequence,
];
