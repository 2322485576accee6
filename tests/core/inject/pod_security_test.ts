import assert from "node:assert/strict";
import type { Container } from "../../../lib/api/container.ts";
import type { SidecarSetSpec } from "../../../lib/api/sidecarset.ts";
import { inject } from "../../../lib/core/inject/inject.ts";
import type { PodSpec } from "../../../lib/api/pod.ts";
import { podWith, prepared, requestFor } from "./fixtures.ts";

/** Names of the controls that keep a SidecarSet out of a Pod; empty where it is injected. */
function violated(
  spec: SidecarSetSpec,
  { labels, pod = {} }: { labels: Record<string, string>; pod?: Partial<PodSpec> },
): string {
  const { skipped: [skip] } = inject(requestFor(podWith(pod), [prepared("web", spec)], {
    namespace: { name: "shop", labels },
  }));
  if (skip === undefined) return "";
  assert.equal(skip.reason, "PodSecurityViolation");
  return /\(([^()]*(?:\(restricted\)[^()]*)*)\): fix/.exec(skip.message)?.[1] ?? skip.message;
}

const BASELINE = { "pod-security.kubernetes.io/enforce": "baseline" };
const RESTRICTED = { "pod-security.kubernetes.io/enforce": "restricted" };

function withContext(securityContext: Record<string, unknown>): SidecarSetSpec {
  return { containers: [{ name: "agent", image: "a", securityContext }] };
}

function withFields(fields: Partial<Container>): SidecarSetSpec {
  return { containers: [{ name: "agent", image: "a", ...fields }] };
}

const baseline: [string, SidecarSetSpec][] = [
  ["Privileged Containers", withContext({ privileged: true })],
  ["HostProcess", withContext({ windowsOptions: { hostProcess: true } })],
  ["Capabilities", withContext({ capabilities: { add: ["NET_ADMIN"] } })],
  ["", withContext({ capabilities: { add: ["CHOWN"], drop: ["ALL"] } })],
  ["AppArmor", withContext({ appArmorProfile: { type: "Unconfined" } })],
  ["SELinux", withContext({ seLinuxOptions: { type: "spc_t" } })],
  ["SELinux", withContext({ seLinuxOptions: { user: "root" } })],
  ["", withContext({ seLinuxOptions: { type: "container_t" } })],
  ["/proc Mount Type", withContext({ procMount: "Unmasked" })],
  ["Seccomp", withContext({ seccompProfile: { type: "Unconfined" } })],
  ["", withContext({ seccompProfile: { type: "Localhost" } })],
  ["Host Ports", withFields({ ports: [{ containerPort: 1, hostPort: 1 }] })],
  ["", withFields({ ports: [{ containerPort: 1 }] })],
  [
    "Host Probes / Lifecycle Hooks",
    withFields({ livenessProbe: { tcpSocket: { host: "db", port: 1 } } }),
  ],
  [
    "HostPath Volumes",
    {
      ...withFields({ volumeMounts: [{ name: "h", mountPath: "/h" }] }),
      volumes: [{ name: "h", hostPath: { path: "/" } }],
    },
  ],
  ["", withContext({})],
];
for (const [control, spec] of baseline) {
  const { volumes, containers: [agent] = [] } = spec;
  Deno.test(`a baseline namespace ${control === "" ? "takes" : "refuses"} ${JSON.stringify(volumes ?? agent)}`, () => {
    assert.equal(violated(spec, { labels: BASELINE }), control);
  });
}

const SAFE = {
  allowPrivilegeEscalation: false,
  runAsNonRoot: true,
  seccompProfile: { type: "RuntimeDefault" },
  capabilities: { drop: ["ALL"], add: ["NET_BIND_SERVICE"] },
};

const restricted: [string, Record<string, unknown>][] = [
  ["", {}],
  ["Privilege Escalation", { allowPrivilegeEscalation: undefined }],
  ["Running as Non-root", { runAsNonRoot: undefined }],
  ["Running as Non-root user", { runAsUser: 0 }],
  ["Seccomp (restricted)", { seccompProfile: undefined }],
  ["Capabilities (restricted)", { capabilities: { drop: ["NET_RAW"] } }],
  ["Capabilities (restricted)", { capabilities: { drop: ["ALL"], add: ["CHOWN"] } }],
];
for (const [control, change] of restricted) {
  const verdict = control === "" ? "takes" : "refuses";
  const given = JSON.stringify(change, (_key, value) => value ?? null);
  Deno.test(`a restricted namespace ${verdict} a safe context with ${given}`, () => {
    // The Pod's own container is as safe as the standard wants.
    const pod = { containers: [{ name: "main", image: "m", securityContext: SAFE }] };
    assert.equal(
      violated(withContext({ ...SAFE, ...change }), { labels: RESTRICTED, pod }),
      control,
    );
  });
}

Deno.test("a restricted namespace takes what the Pod's own security context sets", () => {
  const { runAsNonRoot, seccompProfile, ...container } = SAFE;
  const pod = {
    securityContext: { runAsNonRoot, seccompProfile },
    containers: [{ name: "main", image: "m", securityContext: container }],
  };
  assert.equal(violated(withContext(container), { labels: RESTRICTED, pod }), "");
});

Deno.test("a restricted namespace refuses volumes outside its list", () => {
  const spec = {
    ...withContext(SAFE),
    containers: [{
      name: "agent",
      image: "a",
      securityContext: SAFE,
      volumeMounts: [{ name: "n", mountPath: "/n" }],
    }],
    volumes: [{ name: "n", nfs: { server: "s", path: "/" } }],
  };
  assert.equal(violated(spec, { labels: RESTRICTED }), "Volume Types");
});

Deno.test("Linux controls do not hold for a Pod that says it is for Windows", () => {
  const pod = { os: { name: "windows" }, containers: [{ name: "main", image: "m" }] };
  const spec = withContext({ runAsNonRoot: true });
  assert.equal(violated(spec, { labels: RESTRICTED, pod }), "");
});

Deno.test("a Pod that violates the control by itself is refused anyway, so its sidecars are injected", () => {
  const pod = {
    containers: [{ name: "main", image: "m", securityContext: { privileged: true } }],
  };
  assert.equal(violated(withContext({ privileged: true }), { labels: BASELINE, pod }), "");
});

Deno.test("an enforced version from before a control leaves that control out", () => {
  const spec = withFields({ livenessProbe: { httpGet: { host: "db", port: 1 } } });
  const at = (version: string) =>
    violated(spec, {
      labels: { ...BASELINE, "pod-security.kubernetes.io/enforce-version": version },
    });
  assert.equal(at("v1.33"), "");
  assert.equal(at("v1.34"), "Host Probes / Lifecycle Hooks");
  assert.equal(at("latest"), "Host Probes / Lifecycle Hooks");
});

Deno.test("a namespace without an enforced level takes everything", () => {
  const spec = withContext({ privileged: true });
  assert.equal(violated(spec, { labels: {} }), "");
  assert.equal(
    violated(spec, { labels: { "pod-security.kubernetes.io/enforce": "privileged" } }),
    "",
  );
});
