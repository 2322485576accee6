import assert from "node:assert/strict";
import { PATHS } from "../../lib/api/webhook_configuration.ts";
import { handlerWith, post, recordedReview } from "./fixtures.ts";

const REVIEW = recordedReview("bare-pod");

Deno.test("createHandler() gives the review of Pods what follows its path, and counts it under the path", async () => {
  const details: (string | undefined)[] = [];
  const observed: string[] = [];
  const handler = handlerWith({
    reviews: {
      mutatePod(_request, detail) {
        details.push(detail);
        return { allowed: true };
      },
    },
    observe: ({ path }) => observed.push(path),
  });
  for (const path of [PATHS.mutatePod, `${PATHS.mutatePod}/1.uid/name`, `${PATHS.mutatePod}s`]) {
    const response = await handler(post(REVIEW, { path }));
    await response.body?.cancel();
  }
  assert.deepEqual(details, ["", "/1.uid/name"]);
  assert.deepEqual(observed, [PATHS.mutatePod, PATHS.mutatePod, "other"]);
});
