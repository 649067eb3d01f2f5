/** Routing protocols and policies. */
import {
  boolean,
  container,
  counter,
  leaf,
  leafList,
  list,
  oneOf,
  presence,
  reported,
  string,
  text,
  uint,
} from "../schema.ts";
import { adminState, description, address, anyPrefix, dotted, name, asn, subinterfaceName } from "./types.ts";

const afiSafi = list(
  { "afi-safi-name": oneOf("ipv4-unicast", "ipv6-unicast", "evpn", "route-target") },
  { "admin-state": adminState },
);
const seconds = (min: number, max: number) => leaf(uint(min, max));
const timers = container({
  "connect-retry": seconds(1, 65_535),
  "hold-time": seconds(0, 65_535),
  "keepalive-interval": seconds(0, 21_845),
  "minimum-advertisement-interval": seconds(0, 255),
});
const bgpCommon = {
  "admin-state": adminState,
  description,
  "peer-as": leaf(asn),
  "export-policy": leafList(name),
  "import-policy": leafList(name),
  authentication: container({ keychain: leaf(name), password: leaf({ kind: "secret", form: "aes" }) }),
  timers,
  "afi-safi": afiSafi,
};

export const bgp = presence(
  {
    "admin-state": adminState,
    "autonomous-system": leaf(asn),
    "router-id": leaf(dotted),
    "export-policy": leafList(name),
    "import-policy": leafList(name),
    "afi-safi": afiSafi,
    group: list({ "group-name": name }, bgpCommon),
    neighbor: list(
      { "peer-address": address },
      {
        "peer-group": leaf(name),
        ...bgpCommon,
        "session-state": reported(oneOf("idle", "connect", "active", "opensent", "openconfirm", "established")),
        "last-established": reported(string),
        "received-routes": reported(counter),
        "active-routes": reported(counter),
        "sent-routes": reported(counter),
      },
    ),
  },
  { module: "srl_nokia-bgp" },
);

export const ospf = container(
  {
    instance: list(
      { name },
      {
        "admin-state": adminState,
        version: leaf(oneOf("ospf-v2", "ospf-v3")),
        "router-id": leaf(dotted),
        area: list(
          { "area-id": dotted },
          {
            interface: list(
              { "interface-name": subinterfaceName },
              {
                "admin-state": adminState,
                "interface-type": leaf(oneOf("broadcast", "point-to-point")),
                metric: leaf(uint(1, 65_535)),
                passive: leaf(boolean),
                "hello-interval": leaf(uint(1, 65_535)),
              },
            ),
          },
        ),
      },
    ),
  },
  { module: "srl_nokia-ospf" },
);

const routePolicyResult = leaf(oneOf("accept", "reject", "next-policy", "next-statement"));

export const routingPolicy = container(
  {
    "prefix-set": list(
      { name },
      { prefix: list({ "ip-prefix": anyPrefix, "mask-length-range": text(/^(?:exact|\d{1,3}\.\.\d{1,3})$/) }, {}) },
    ),
    policy: list(
      { name },
      {
        "default-action": container({ "policy-result": routePolicyResult }),
        statement: list(
          { name },
          {
            match: container({
              protocol: leaf(oneOf("bgp", "local", "static", "ospfv2")),
              prefix: container({ "prefix-set": leaf(name) }),
            }),
            action: container({ "policy-result": routePolicyResult }),
          },
        ),
      },
    ),
  },
  { module: "srl_nokia-routing-policy" },
);
