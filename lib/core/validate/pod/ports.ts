import type { Field } from "../field.ts";
import { checkOneOf, checkPortName, checkPortNumber } from "../syntax.ts";

const PROTOCOLS = ["SCTP", "TCP", "UDP"];

/** @see `k8s.io/kubernetes/pkg/apis/core/validation/validation.go:validateContainerPorts` */
export function checkPorts(ports: Field): void {
  const names = new Set<string>();
  for (const port of ports.items()) {
    const name = port.member("name");
    if (name.text() !== "") {
      checkPortName(name);
      if (names.has(name.text())) name.duplicate("must be unique in the container");
      names.add(name.text());
    }
    const containerPort = port.member("containerPort");
    if (containerPort.integer() === 0) containerPort.required();
    else checkPortNumber(containerPort);
    const hostPort = port.member("hostPort");
    if (hostPort.integer() !== 0) checkPortNumber(hostPort);
    checkOneOf(port.member("protocol"), PROTOCOLS);
  }
}

/**
 * Host ports must differ among containers that run together.
 *
 * @see `k8s.io/kubernetes/pkg/apis/core/validation/validation.go:AccumulateUniqueHostPorts`
 */
export function checkHostPorts(containers: readonly Field[]): void {
  const taken = new Set<string>();
  for (const container of containers) {
    for (const port of container.member("ports").items()) {
      const hostPort = port.member("hostPort");
      if (hostPort.integer() === 0) continue;
      const address = [port.member("protocol"), port.member("hostIP")].map((part) => part.text());
      const key = `${address.join("/")}/${hostPort.integer()}`;
      if (taken.has(key)) {
        hostPort.duplicate("must be used once for each protocol and host IP");
      }
      taken.add(key);
    }
  }
}
