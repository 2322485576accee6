/** What protects the dashboard's server from other programs and pages. */
export interface Guard {
  /** Path with the token that a browser exchanges for the cookie. */
  readonly entrance: string;
  /** The response that refuses a request or opens a session; undefined for a request that may be answered. */
  check(request: Request): Response | undefined;
}

/**
 * Creates the guard of a server on a loopback port. A request needs the cookie, and the server's own name as `Host`
 * and `Origin`: a page of another site, also one whose name resolves to this address, has neither.
 *
 * @param random Creates a token that cannot be guessed.
 */
export function createGuard(
  port: () => number,
  random: () => string = () => crypto.randomUUID(),
): Guard {
  const [token, session] = [random(), random()];
  // Cookies are not separated by port.
  const cookie = () => `sidecarset-dashboard-${port()}`;
  const hosts = () => [`127.0.0.1:${port()}`, `localhost:${port()}`];
  return {
    entrance: `/?token=${token}`,
    check(request) {
      const { pathname, searchParams } = new URL(request.url);
      const host = request.headers.get("host") ?? "";
      if (!hosts().includes(host)) {
        return refusal(403, `the name ${JSON.stringify(host)} is not this server's`);
      }
      const origin = request.headers.get("origin");
      if (origin !== null && origin !== `http://${host}`) {
        return refusal(403, "another site sent the request");
      }
      if (pathname === "/" && searchParams.has("token")) {
        if (!isSame(searchParams.get("token") ?? "", token)) return refusal(403, STALE);
        return opened(`${cookie()}=${session}; Path=/; HttpOnly; SameSite=Strict`);
      }
      // Another port of the loopback address is the same site, and its pages send the cookie.
      if (FOREIGN.has(request.headers.get("sec-fetch-site") ?? "")) {
        return refusal(403, "a page of another server sent the request");
      }
      if (!isSame(cookieOf(request, cookie()), session)) return refusal(403, STALE);
      const isJson = request.headers.get("content-type") === "application/json";
      // A form of another site cannot send JSON.
      if (request.method === "POST" && !(isJson && origin !== null)) {
        return refusal(403, "a change needs an Origin and JSON");
      }
      return undefined;
    },
  };
}

const FOREIGN: ReadonlySet<string> = new Set(["same-site", "cross-site"]);
const STALE = "open the address that `sidecarset dashboard` printed; each start has another one";

function refusal(status: number, why: string): Response {
  return new Response(`Cannot answer: ${why}\n`, {
    status,
    headers: { "content-type": "text/plain" },
  });
}

/** The address without the token, so that the token is not in what the browser shows and stores. */
function opened(cookie: string): Response {
  return new Response(null, { status: 303, headers: { "location": "/", "set-cookie": cookie } });
}

function cookieOf(request: Request, name: string): string {
  const cookies = (request.headers.get("cookie") ?? "").split("; ");
  return cookies.find((each) => each.startsWith(`${name}=`))?.slice(name.length + 1) ?? "";
}

/** Compares in a time that does not depend on where the texts differ. */
function isSame(a: string, b: string): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let at = 0; at < a.length; at++) difference |= a.charCodeAt(at) ^ b.charCodeAt(at);
  return difference === 0;
}
