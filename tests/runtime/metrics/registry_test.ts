import assert from "node:assert/strict";
import { Registry } from "../../../lib/runtime/metrics/registry.ts";

Deno.test("Registry prints counters, gauges and histograms as Prometheus reads them", () => {
  const registry = new Registry({
    requests_total: { type: "counter", labels: ["code"], help: "Requests." },
    depth: { type: "gauge", labels: [], help: "Depth." },
    seconds: { type: "histogram", labels: ["path"], help: "Time.", buckets: [0.1, 1] },
  });
  const counter = registry.counter("requests_total");
  registry.gauge("depth", () => 1.5);
  const histogram = registry.histogram("seconds");
  counter.inc({ code: "200" });
  counter.inc({ code: "200" }, 2);
  counter.inc({ code: "500" });
  for (const value of [0.1, 0.5, 7]) histogram.observe(value, { path: "/a" });
  assert.equal(
    registry.text(),
    `# HELP requests_total Requests.
# TYPE requests_total counter
requests_total{code="200"} 3
requests_total{code="500"} 1
# HELP depth Depth.
# TYPE depth gauge
depth 1.5
# HELP seconds Time.
# TYPE seconds histogram
seconds_bucket{path="/a",le="0.1"} 1
seconds_bucket{path="/a",le="1"} 2
seconds_bucket{path="/a",le="+Inf"} 3
seconds_sum{path="/a"} 7.6
seconds_count{path="/a"} 3
`,
  );
});

Deno.test("Registry escapes what a label's value may hold", () => {
  const registry = new Registry({ g: { type: "gauge", labels: ["a"], help: "G." } });
  registry.gauge("g", () => [{ labels: { a: 'x"\\\ny' }, value: 1 }]);
  assert.ok(registry.text().includes('g{a="x\\"\\\\\\ny"} 1\n'));
});
