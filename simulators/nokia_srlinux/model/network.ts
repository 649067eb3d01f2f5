/** Network-instances: what other vendors call VRFs, and bridge domains. */
import { boolean, container, leaf, list, oneOf, presence, reported, string, uint } from "../schema.ts";
import { adminState, operState, description, address, anyPrefix, dotted, name, subinterfaceName } from "./types.ts";
import { bgp, ospf } from "./routing.ts";

export const networkInstance = list(
  { name },
  {
    type: leaf(oneOf("default", "host", "ip-vrf", "mac-vrf")),
    "admin-state": adminState,
    "oper-state": operState,
    description,
    "router-id": leaf(dotted),
    interface: list({ name: subinterfaceName }, { "oper-state": operState }),
    protocols: container({
      bgp,
      linux: container(
        { "import-routes": leaf(boolean), "export-routes": leaf(boolean), "export-neighbors": leaf(boolean) },
        { module: "srl_nokia-linux" },
      ),
      ospf,
    }),
    "static-routes": container(
      {
        route: list(
          { prefix: anyPrefix },
          {
            "admin-state": adminState,
            metric: leaf(uint(0, 4_294_967_295)),
            preference: leaf(uint(0, 255)),
            "next-hop-group": leaf(name),
          },
        ),
      },
      { module: "srl_nokia-static-routes" },
    ),
    "next-hop-groups": container(
      {
        group: list(
          { name },
          {
            "admin-state": adminState,
            nexthop: list({ index: uint(0, 65_535) }, { "admin-state": adminState, "ip-address": leaf(address) }),
            blackhole: presence({}),
          },
        ),
      },
      { module: "srl_nokia-next-hop-groups" },
    ),
    "bridge-table": container(
      {
        "discard-unknown-dest-mac": leaf(boolean),
        "mac-learning": container({ "admin-state": adminState }),
        "mac-table": container(
          {
            mac: list(
              { address: string },
              { destination: reported(string), type: reported(string), "last-update": reported(string) },
            ),
          },
          { module: "srl_nokia-bridge-table-mac-table", state: true },
        ),
        "mac-limit": container({ "maximum-entries": leaf(uint(1, 8192)) }),
      },
      { module: "srl_nokia-bridge-table" },
    ),
  },
  { module: "srl_nokia-network-instance" },
);
