import { listWatch } from "../../lib/kube/list_watch.ts";
import { ReflectorLoop } from "../../lib/kube/reflector_loop.ts";
import { resources } from "../../lib/kube/resources.ts";
import type { Pod } from "../../lib/api/pod.ts";
import { systemClock } from "../../lib/runtime/clock.ts";
import { quietLogger } from "../support/quiet_logger.ts";
import { plainClient } from "./reflecting.ts";

/** A separate process: lists the Pods at the URL in `SERVER`, and prints their number. */
const client = plainClient(Deno.env.get("SERVER") ?? "");
const stop = new AbortController();
let pods = 0;
await new ReflectorLoop<Pod>({
  name: "pods",
  source: listWatch(client, { resource: resources.pods }),
  clock: systemClock(),
  logger: quietLogger,
  random: Math.random,
  onChange(change) {
    if (change.type === "page") pods += change.items.length;
    if (change.type === "listed") stop.abort();
  },
}).run(stop.signal);
console.log(JSON.stringify(pods));
