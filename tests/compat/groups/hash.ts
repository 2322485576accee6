import * as z from "zod/mini";
import { withoutNulls } from "../../../lib/api/read.ts";
import { hashSidecarSet } from "../../../lib/core/revision/hash.ts";
import type { CompatGroup } from "../contract.ts";
import { verdictOn } from "../sidecarset/difference.ts";

const hashedContainers = z.optional(z.array(z.looseObject({})));

const hashCase = z.object({
  sidecarSet: z.pipe(
    z.transform(withoutNulls),
    z.looseObject({
      spec: z._default(
        z.looseObject({ containers: hashedContainers, initContainers: hashedContainers }),
        {},
      ),
    }),
  ),
  hash: z.string(),
  hashWithoutImage: z.string(),
});

/** `pkg/control/sidecarcontrol/hash.go` */
export const hash: CompatGroup = {
  name: "hash",
  files: "hash.json",
  departures: [],
  judge(testCase) {
    const { sidecarSet, ...expected } = z.parse(hashCase, testCase);
    return verdictOn({ actual: hashSidecarSet(sidecarSet.spec), expected });
  },
};
