/**
 * The Guestbook's page: reads the entries from a follower, adds one at the leader, and notes each request in a file.
 */

const [leader, follower, logFile] = ["REDIS_LEADER", "REDIS_FOLLOWER", "LOG_FILE"].map((name) =>
  Deno.env.get(name) ?? ""
);
const ENTRIES = "entries";

/** Sends one command to Redis, and resolves to the texts of its answer. */
async function redis(address = "", ...command: string[]): Promise<string[]> {
  const [hostname = "", port] = address.split(":");
  const connection = await Deno.connect({ hostname, port: Number(port) });
  const answer = new Response(connection.readable).text();
  // After QUIT the server ends the connection, so that the answer is all that comes.
  const writer = connection.writable.getWriter();
  await writer.write(new TextEncoder().encode(encoded(command) + encoded(["QUIT"])));
  return textsOf((await answer).split("\r\n"));
}

function textsOf(lines: readonly string[]): string[] {
  const texts: string[] = [];
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i] ?? "";
    if (line.startsWith("-")) throw new Error(`Cannot go on: Redis says ${line.slice(1)}`);
    // Before each text stands its length.
    if (line.startsWith("$")) texts.push(lines[++i] ?? "");
  }
  return texts;
}

function encoded(words: readonly string[]): string {
  const parts = words.map((word) => `$${new TextEncoder().encode(word).length}\r\n${word}\r\n`);
  return `*${words.length}\r\n${parts.join("")}`;
}

function page(entries: readonly string[]): string {
  const escaped = (text: string) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
  return `<!doctype html><title>Guestbook</title><h1>Guestbook</h1>
<form method="post"><input name="entry" required> <button>Sign</button></form>
<ul>${entries.map((entry) => `<li>${escaped(entry)}</li>`).join("")}</ul>`;
}

const address = {
  hostname: Deno.env.get("HOST") ?? "0.0.0.0",
  port: Number(Deno.env.get("PORT") ?? 8000),
};

Deno.serve(address, async (request) => {
  const { pathname } = new URL(request.url);
  const line = `${new Date().toISOString()} ${request.method} ${pathname}\n`;
  await Deno.writeTextFile(logFile ?? "", line, { append: true });
  if (request.method === "POST") {
    const entry = String((await request.formData()).get("entry") ?? "").replaceAll(/\s+/g, " ");
    await redis(leader, "RPUSH", ENTRIES, entry);
    return new Response(null, { status: 303, headers: { location: "/" } });
  }
  const entries = await redis(follower, "LRANGE", ENTRIES, "0", "-1");
  return new Response(page(entries), { headers: { "content-type": "text/html; charset=utf-8" } });
});
