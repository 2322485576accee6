import { testCases, validContainer } from "../fixtures.ts";

const FIRST = "spec/containers/0";
const FIELD = "spec.containers[0]";

testCases([
  ["allows ports", {
    [`${FIRST}/ports`]: [
      { name: "http", containerPort: 80, protocol: "TCP" },
      { name: "dns-udp", containerPort: 53, hostPort: 53, protocol: "UDP" },
      { containerPort: 65535, hostPort: 53 },
    ],
  }, []],
  ["refuses ports out of range, of no protocol, or with the same name", {
    [`${FIRST}/ports`]: [
      { containerPort: 0, protocol: "TCP" },
      { containerPort: 65536, hostPort: -1 },
      { name: "a", containerPort: 1, protocol: "TCP" },
      { name: "a", containerPort: 2, protocol: "ICMP" },
    ],
  }, [
    `Required ${FIELD}.ports[0].containerPort`,
    `Invalid ${FIELD}.ports[1].containerPort`,
    `Invalid ${FIELD}.ports[1].hostPort`,
    `Duplicate ${FIELD}.ports[3].name`,
    `NotSupported ${FIELD}.ports[3].protocol`,
  ]],
  ["refuses port names that are none", {
    [`${FIRST}/ports`]: ["12", "a--b", "-a", "a".repeat(16), "A"].map((name) => ({
      name,
      containerPort: 1,
      protocol: "TCP",
    })),
  }, [0, 1, 2, 3, 4].map((i) => `Invalid ${FIELD}.ports[${i}].name`)],
  ["refuses one host port for two containers", {
    [`${FIRST}/ports`]: [{ containerPort: 1, hostPort: 9, protocol: "TCP" }],
    "spec/containers/1": validContainer({
      name: "b",
      ports: [{ containerPort: 2, hostPort: 9, protocol: "TCP" }],
    }),
  }, ["Duplicate spec.containers[1].ports[0].hostPort"]],
  ["allows one host port for an init container and a container", {
    [`${FIRST}/ports`]: [{ containerPort: 1, hostPort: 9, protocol: "TCP" }],
    "spec/initContainers": [
      validContainer({
        name: "init",
        ports: [{ containerPort: 2, hostPort: 9, protocol: "TCP" }],
      }),
    ],
  }, []],
]);
