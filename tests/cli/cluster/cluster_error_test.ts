import assert from "node:assert/strict";
import { ApiError, ConnectionError, CredentialsError } from "../../../lib/kube/errors.ts";
import { RecordingClient } from "../../support/recording_client.ts";
import { runCli } from "../string_terminal.ts";

const request = { method: "GET", path: "/x" };

for (
  const [what, error, expected] of [
    [
      "that nobody answers",
      new ConnectionError({ ...request, problem: "no answer" }),
      /^Cannot GET \/x: no answer\. Check that the cluster runs and that --context names/,
    ],
    [
      "for which there are no credentials",
      new CredentialsError("Cannot read /token: there is no such file"),
      /^Cannot read \/token: there is no such file$/,
    ],
    [
      "that is forbidden",
      new ApiError({ ...request, httpCode: 403 }),
      /answered 403: .*\. Ask for that right, or use a --context that has it$/,
    ],
    [
      "whose text has terminal escapes and lines",
      new ConnectionError({ ...request, problem: "no\x1b[31m\nok  answer\x9b2J" }),
      /^Cannot GET \/x: no\uFFFD\[31m ok {2}answer\uFFFD2J\. Check/,
    ],
    [
      "of a kind that is not installed",
      new ApiError({ ...request, httpCode: 404 }),
      /answered 404: .*\. See what is installed with: kubectl sidecarset doctor$/,
    ],
  ] as const
) {
  Deno.test(`a request ${what} ends a command with what to do, and is no bug`, async () => {
    const client = new RecordingClient(() => Promise.reject(error));
    const { status, errors } = await runCli(["status"], { client, program: "kubectl sidecarset" });
    assert.equal(status, 2);
    assert.match(errors.trimEnd(), expected);
  });
}

Deno.test("the error for a SidecarSet that is not there names only some of those that are", async () => {
  const items = Array.from({ length: 20 }, (_, i) => ({ metadata: { name: `set-${i}` } }));
  const client = new RecordingClient(() => ({ metadata: {}, items }));
  const { errors } = await runCli(["status", "none"], { client });
  assert.match(errors, /^Cannot find SidecarSet none: the cluster has set-0, .* and 12 more\n$/);
});
