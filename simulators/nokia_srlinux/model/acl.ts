/** Filters, their entries in the order of their numbers, and where they are bound. */
import { boolean, container, counter, leaf, list, oneOf, presence, reported, uint } from "../schema.ts";
import { description, v4Prefix, name, port, subinterfaceName } from "./types.ts";

const portMatch = container({ operator: leaf(oneOf("eq", "ge", "le")), value: leaf(port) });
const boundFilters = container({ "acl-filter": list({ name, type: oneOf("ipv4", "ipv6", "mac") }, {}) });

export const acl = container(
  {
    "acl-filter": list(
      { name, type: oneOf("ipv4", "ipv6", "mac") },
      {
        description,
        "statistics-per-entry": leaf(boolean),
        entry: list(
          { "sequence-id": uint(1, 65_535) },
          {
            description,
            match: container({
              ipv4: container({
                protocol: leaf(oneOf("icmp", "igmp", "tcp", "udp", "ospf", "vrrp", "pim")),
                "destination-ip": container({ prefix: leaf(v4Prefix) }),
                "source-ip": container({ prefix: leaf(v4Prefix) }),
              }),
              transport: container({ "destination-port": portMatch, "source-port": portMatch }),
            }),
            action: container({ log: leaf(boolean), accept: presence({}), drop: presence({}) }),
            "matched-packets": reported(counter),
          },
        ),
      },
    ),
    interface: list({ "interface-id": subinterfaceName }, { input: boundFilters, output: boundFilters }),
  },
  { module: "srl_nokia-acl" },
);
