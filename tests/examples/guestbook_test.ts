import assert from "node:assert/strict";
import { eventually } from "../support/eventually.ts";
import { freePorts } from "../support/free_port.ts";

const program = new URL("../../manifests/examples/guestbook/frontend.ts", import.meta.url).pathname;

/** As much of Redis as one list needs: the answer to a command and to the QUIT behind it. */
async function answer(connection: Deno.TcpConn, entries: string[]): Promise<void> {
  let received = "";
  for await (
    const text of connection.readable.pipeThrough(new TextDecoderStream(), { preventCancel: true })
  ) {
    received += text;
    if (received.endsWith("QUIT\r\n")) break;
  }
  const lines = received.split("\r\n");
  const [command, , entry = ""] = lines.filter((_line, i) => lines[i - 1]?.startsWith("$"));
  const size = (text: string) => new TextEncoder().encode(text).length;
  const said = command === "RPUSH"
    ? `:${entries.push(entry)}\r\n`
    : `*${entries.length}\r\n${entries.map((each) => `$${size(each)}\r\n${each}\r\n`).join("")}`;
  await new Blob([`${said}+OK\r\n`]).stream().pipeTo(connection.writable);
}

Deno.test("the Guestbook's front end keeps entries in Redis and notes each request", async () => {
  const redis = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const entries: string[] = [];
  const serving = (async () => {
    for await (const connection of redis) await answer(connection, entries);
  })();
  const logFile = await Deno.makeTempFile({ suffix: ".log" });
  const [port = 0] = freePorts(1);
  const server = `127.0.0.1:${redis.addr.port}`;
  const frontend = new Deno.Command(Deno.execPath(), {
    // The permissions that the Deployment gives it, but for where the log is.
    args: ["run", "--allow-net", "--allow-env", `--allow-write=${logFile}`, program],
    env: {
      REDIS_LEADER: server,
      REDIS_FOLLOWER: server,
      LOG_FILE: logFile,
      HOST: "127.0.0.1",
      PORT: `${port}`,
    },
    stdout: "null",
  }).spawn();
  try {
    const page = `http://127.0.0.1:${port}/`;
    const read = async () => await (await fetch(page)).text();
    await eventually(read, { what: "the front end answers" });
    const signed = await fetch(page, {
      method: "POST",
      body: new URLSearchParams({ entry: "Grüße <3" }),
    });
    assert.match(await signed.text(), /<li>Grüße &lt;3<\/li>/, "it leads back to the page");
    assert.deepEqual(entries, ["Grüße <3"]);
    const log = await Deno.readTextFile(logFile);
    assert.deepEqual(log.trimEnd().split("\n").map((line) => line.split(" ").slice(1)), [
      ["GET", "/"],
      ["POST", "/"],
      ["GET", "/"],
    ]);
  } finally {
    frontend.kill("SIGKILL");
    await frontend.status;
    redis.close();
    await serving;
    await Deno.remove(logFile);
  }
});
