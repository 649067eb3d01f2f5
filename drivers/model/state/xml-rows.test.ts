import { describe, expect, test } from "vitest";
import { PlatformId } from "../../../shared/ids.ts";
import { packFor } from "./packs.ts";
import { parseTable } from "./parse.ts";
import type { Table } from "./rows.ts";

function read(platform: string, table: string, output: string): Table {
  const file = packFor(PlatformId.parse(platform), "netconf")?.tables[table];
  if (!file) throw new Error(`no table ${table} of ${platform}`);
  return parseTable(file, output);
}

const cells = (table: Table) => (table.kind === "read" ? table.rows.map((row) => row.cells) : table.why);

// Facts of published answers, in words of our own.
describe("Junos' operations", () => {
  test("ports and their units, each a row, with values on lines of their own", () => {
    const shown = `<interface-information xmlns="http://xml.juniper.net/junos/21.4R0/junos-interface" xmlns:junos="http://xml.juniper.net/junos/21.4R0/junos" junos:style="terse">
<physical-interface>
<name>
ge-0/0/0
</name>
<admin-status>
up
</admin-status>
<oper-status>
up
</oper-status>
<logical-interface>
<name>
ge-0/0/0.0
</name>
<admin-status>
up
</admin-status>
<oper-status>
down
</oper-status>
<filter-information>
</filter-information>
<address-family>
<address-family-name>
inet
</address-family-name>
<interface-address>
<ifa-local junos:emit="emit">
10.0.0.1/30
</ifa-local>
</interface-address>
<interface-address>
<ifa-local>
10.0.4.1/30
</ifa-local>
</interface-address>
</address-family>
</logical-interface>
</physical-interface>
</interface-information>
`;
    expect(cells(read("juniper_junos", "interfaces", shown))).toEqual([
      { interface: "ge-0/0/0", admin: "up", state: "up", address: null },
      { interface: "ge-0/0/0.0", admin: "up", state: "down", address: "10.0.0.1/30, 10.0.4.1/30" },
    ]);
  });

  test("a peer's prefixes are of all its tables together; BGP that does not run is an answer, other words are none", () => {
    const rib = (name: string, received: number): string =>
      `<bgp-rib style="terse"><name>${name}</name><active-prefix-count>1</active-prefix-count><received-prefix-count>${received}</received-prefix-count></bgp-rib>`;
    const shown = `<bgp-information><group-count>1</group-count><bgp-peer><peer-address>10.242.80.54</peer-address><peer-as>64575</peer-as><elapsed-time>8w0d 12:21:04</elapsed-time><peer-state>Established</peer-state>${rib("inet.0", 36)}${rib("inet6.0", 36)}</bgp-peer><bgp-peer><peer-address>10.0.0.236</peer-address><peer-as>64576</peer-as><peer-state>Active</peer-state></bgp-peer></bgp-information>`;
    expect(cells(read("juniper_junos", "bgp", shown))).toEqual([
      { peer: "10.242.80.54", as: "64575", state: "established", received: 72, since: "8w0d 12:21:04" },
      { peer: "10.0.0.236", as: "64576", state: "Active", received: null, since: null },
    ]);
    expect(read("juniper_junos", "bgp", "<output>\nBGP is not running\n</output>\n")).toMatchObject({ rows: [] });
    expect(read("juniper_junos", "bgp", "<output>\nsomething else\n</output>\n")).toEqual({
      kind: "unread",
      why: "an answer of another kind",
    });
    expect(read("juniper_junos", "lldp", "")).toMatchObject({ kind: "read", rows: [] });
  });

  test("of several ways to a prefix the one in force, in each table of routes", () => {
    const entry = (active: boolean, protocol: string, hop: string): string =>
      `<rt-entry><active-tag>${active ? "*" : " "}</active-tag>${active ? "<current-active/><last-active/>" : ""}<protocol-name>${protocol}</protocol-name><age>45w6d 02:41:34</age><nh><selected-next-hop/><to>${hop}</to><via>ge-0/0/2.0</via></nh></rt-entry>`;
    const shown = `<route-information><!-- keepalive --><route-table><table-name>inet.0</table-name><rt><rt-destination>0.0.0.0/0</rt-destination>${entry(false, "BGP", "10.9.9.9")}${entry(true, "Static", "10.0.0.1")}</rt></route-table><route-table><table-name>VR1.inet.0</table-name><rt><rt-destination>172.16.0.0/30</rt-destination><rt-entry><current-active/><protocol-name>Direct</protocol-name><nh><via>ge-0/0/0.0</via></nh></rt-entry></rt></route-table></route-information>`;
    expect(cells(read("juniper_junos", "routes", shown))).toEqual([
      { table: "inet.0", prefix: "0.0.0.0/0", protocol: "Static", next_hop: "10.0.0.1", age: "45w6d 02:41:34" },
      { table: "VR1.inet.0", prefix: "172.16.0.0/30", protocol: "Direct", next_hop: "ge-0/0/0.0", age: null },
    ]);
  });

  test("a cluster answers for each of its nodes", () => {
    const node = (name: string, address: string): string =>
      `<multi-routing-engine-item><re-name>${name}</re-name><arp-table-information><arp-table-entry><mac-address>00:00:5e:00:53:0d</mac-address><ip-address>${address}</ip-address><interface-name>reth0.0</interface-name></arp-table-entry></arp-table-information></multi-routing-engine-item>`;
    const shown = `<multi-routing-engine-results>${node("node0", "10.0.0.1")}${node("node1", "10.0.0.2")}</multi-routing-engine-results>`;
    expect(cells(read("juniper_junos", "arp", shown))).toMatchObject([
      { address: "10.0.0.1" },
      { address: "10.0.0.2" },
    ]);
  });

  test("the switching table of earlier and of later software", () => {
    const later =
      "<l2ng-l2ald-rtb-macdb><l2ng-l2ald-mac-entry-vlan><l2ng-l2-vlan-id>10</l2ng-l2-vlan-id><l2ng-mac-entry><l2ng-l2-mac-vlan-name>v10</l2ng-l2-mac-vlan-name><l2ng-l2-mac-address>00:00:5e:00:53:0d</l2ng-l2-mac-address><l2ng-l2-mac-age>-</l2ng-l2-mac-age><l2ng-l2-mac-logical-interface>ae0.0</l2ng-l2-mac-logical-interface></l2ng-mac-entry></l2ng-l2ald-mac-entry-vlan></l2ng-l2ald-rtb-macdb>";
    const earlier =
      "<ethernet-switching-table-information><ethernet-switching-table><mac-table-entry><mac-vlan>v10</mac-vlan><mac-address>00:00:5e:00:53:0d</mac-address><mac-age>-</mac-age><mac-interfaces-list><mac-interfaces>ae0.0</mac-interfaces></mac-interfaces-list></mac-table-entry></ethernet-switching-table></ethernet-switching-table-information>";
    for (const shown of [later, earlier])
      expect(cells(read("juniper_junos", "macs", shown))).toEqual([
        { vlan: "v10", mac: "00:00:5e:00:53:0d", interface: "ae0.0", age: "-" },
      ]);
  });
});

const IF = "urn:ietf:params:xml:ns:yang:ietf-interfaces";
const data = (inner: string): string => `<data xmlns="urn:ietf:params:xml:ns:netconf:base:1.0">${inner}</data>`;

describe("models", () => {
  test("RFC 8343's state beside the configuration, and RFC 7223's in a tree of its own, counted once", () => {
    const own = `<interfaces-state xmlns="${IF}"><interface><name>eth0</name><oper-status>down</oper-status></interface></interfaces-state>`;
    const beside = (state: string): string =>
      `<if:interfaces xmlns:if="${IF}"><if:interface><if:name>eth0</if:name>${state}</if:interface></if:interfaces>`;
    const up = "<if:admin-status>up</if:admin-status><if:oper-status>up</if:oper-status>";
    expect(cells(read("netconf", "interfaces", data(beside(up) + own)))).toEqual([
      { interface: "eth0", admin: "up", state: "up" },
    ]);
    // A server that shows no state there has it in the other.
    expect(cells(read("netconf", "interfaces", data(beside("") + own)))).toEqual([
      { interface: "eth0", admin: null, state: "down" },
    ]);
    expect(cells(read("netconf", "interfaces", "<data/>"))).toEqual([]);
  });

  test("the same name in another namespace is another thing", () => {
    const foreign = `<interfaces xmlns="urn:somebody"><interface><name>eth0</name><oper-status>up</oper-status></interface></interfaces>`;
    expect(cells(read("netconf", "interfaces", data(foreign)))).toEqual([]);
    const openconfig = `<interfaces xmlns="http://openconfig.net/yang/interfaces"><interface><name>et-0/0/1</name><state><oper-status>LOWER_LAYER_DOWN</oper-status><admin-status>UP</admin-status></state></interface></interfaces>`;
    expect(cells(read("netconf", "interfaces", data(openconfig)))).toEqual([
      { interface: "et-0/0/1", admin: "up", state: "down" },
    ]);
  });

  test("RFC 8349: a route that is not in use is not there; the names of ribs are keys above", () => {
    const rt = "urn:ietf:params:xml:ns:yang:ietf-routing";
    const v4 = "urn:ietf:params:xml:ns:yang:ietf-ipv4-unicast-routing";
    const route = (prefix: string, more: string): string =>
      `<route><next-hop><v4:next-hop-address>192.0.2.2</v4:next-hop-address></next-hop><source-protocol>rt:static</source-protocol>${more}<v4:destination-prefix>${prefix}</v4:destination-prefix></route>`;
    const rib = (name: string, routes: string): string => `<rib><name>${name}</name><routes>${routes}</routes></rib>`;
    const shown = data(
      `<routing xmlns="${rt}" xmlns:v4="${v4}"><ribs>${rib("a", route("0.0.0.0/0", "<active/>") + route("10.0.0.0/8", ""))}${rib("b", route("0.0.0.0/0", "<active/>"))}</ribs></routing>`,
    );
    expect(cells(read("netconf", "routes", shown))).toEqual([
      { table: "a", prefix: "0.0.0.0/0", protocol: "static", next_hop: "192.0.2.2" },
      { table: "b", prefix: "0.0.0.0/0", protocol: "static", next_hop: "192.0.2.2" },
    ]);
  });

  test("OpenConfig's hosts, and RFC 9129's neighbours", () => {
    const oc = "http://openconfig.net/yang/network-instance";
    const host = `<entry><mac-address>00:00:5e:00:53:01</mac-address><vlan>10</vlan><state><mac-address>00:00:5e:00:53:01</mac-address><vlan>10</vlan><entry-type>DYNAMIC</entry-type></state><interface><interface-ref><state><interface>et1</interface><subinterface>0</subinterface></state></interface-ref></interface></entry>`;
    const table = `<network-instances xmlns="${oc}"><network-instance><name>default</name><fdb><mac-table><entries>${host}</entries></mac-table></fdb></network-instance></network-instances>`;
    expect(cells(read("netconf", "macs", data(table)))).toEqual([
      { vrf: "default", vlan: "10", mac: "00:00:5e:00:53:01", type: "dynamic", interface: "et1" },
    ]);
    const neighbor = (id: string, state: string): string =>
      `<neighbor><neighbor-router-id>${id}</neighbor-router-id><address>10.0.0.2</address><state>${state}</state></neighbor>`;
    const port = `<interface><name>eth1</name><state>dr</state><neighbors>${neighbor("192.0.2.2", "full")}${neighbor("192.0.2.3", "two-way")}</neighbors></interface>`;
    const ospf = `<routing xmlns="urn:ietf:params:xml:ns:yang:ietf-routing"><control-plane-protocols><control-plane-protocol><type>ospf:ospfv2</type><name>1</name><ospf xmlns="urn:ietf:params:xml:ns:yang:ietf-ospf"><areas><area><area-id>0.0.0.0</area-id><interfaces>${port}</interfaces></area></areas></ospf></control-plane-protocol></control-plane-protocols></routing>`;
    expect(cells(read("netconf", "ospf", data(ospf)))).toEqual([
      { interface: "eth1", neighbor: "192.0.2.2", address: "10.0.0.2", state: "full" },
      { interface: "eth1", neighbor: "192.0.2.3", address: "10.0.0.2", state: "two-way" },
    ]);
  });

  test("what a list holds above a row ends with it", () => {
    const oc = "http://openconfig.net/yang/network-instance";
    const neighbor =
      "<neighbor><neighbor-address>10.0.0.2</neighbor-address><state><peer-as>65002</peer-as><session-state>ESTABLISHED</session-state></state><afi-safis><afi-safi><state><prefixes><received>7</received></prefixes></state></afi-safi><afi-safi><state><prefixes><received>5</received></prefixes></state></afi-safi></afi-safis></neighbor>";
    const instance = (name: string): string =>
      `<network-instance>${name}<protocols><protocol><bgp><neighbors>${neighbor}</neighbors></bgp></protocol></protocols></network-instance>`;
    const shown = data(
      `<network-instances xmlns="${oc}">${instance("<name>default</name>")}${instance("")}</network-instances>`,
    );
    expect(cells(read("netconf", "bgp", shown))).toEqual([
      { vrf: "default", peer: "10.0.0.2", as: "65002", state: "established", received: 12, since: null },
      { vrf: null, peer: "10.0.0.2", as: "65002", state: "established", received: 12, since: null },
    ]);
  });
});

test("Cisco's models: keys above rows, short enumerations, both forms of the ARP cache, a table of hosts in each VLAN", () => {
  const oper = (module: string): string => `http://cisco.com/ns/yang/Cisco-IOS-XE-${module}-oper`;
  const host = (mac: string, type: string): string =>
    `<matm-mac-entry><vlan-id-number>10</vlan-id-number><mac>${mac}</mac><mat-addr-type>${type}</mat-addr-type><port>Gi1/0/1</port></matm-mac-entry>`;
  const macs = `<matm-oper-data xmlns="${oper("matm")}"><matm-table><table-type>mat-vlan</table-type><vlan-id-number>10</vlan-id-number>${host("00:00:5e:00:53:01", "dynamic-addr")}${host("00:00:5e:00:53:02", "static-addr")}</matm-table></matm-oper-data>`;
  expect(cells(read("cisco_iosxe", "macs", data(macs)))).toEqual([
    { vlan: "10", mac: "00:00:5e:00:53:01", type: "dynamic", interface: "Gi1/0/1" },
    { vlan: "10", mac: "00:00:5e:00:53:02", type: "static", interface: "Gi1/0/1" },
  ]);
  const entry = (name: string): string =>
    `<${name}><address>10.0.0.2</address><interface>GigabitEthernet1</interface><hardware>00:00:5e:00:53:03</hardware></${name}>`;
  for (const inner of [entry("arp-oper"), entry("arp-entry"), entry("arp-oper") + entry("arp-entry")])
    expect(
      cells(
        read(
          "cisco_iosxe",
          "arp",
          data(`<arp-data xmlns="${oper("arp")}"><arp-vrf><vrf>Default</vrf>${inner}</arp-vrf></arp-data>`),
        ),
      ),
    ).toEqual([{ vrf: "Default", address: "10.0.0.2", mac: "00:00:5e:00:53:03", interface: "GigabitEthernet1" }]);
  const summary = (id: string, state: string, prefixes: number): string =>
    `<bgp-neighbor-summary><id>${id}</id><up-time>01:02:03</up-time><state>${state}</state><prefixes-received>${prefixes}</prefixes-received><as>65002</as></bgp-neighbor-summary>`;
  const bgp = `<bgp-state-data xmlns="${oper("bgp")}"><address-families><address-family><afi-safi>ipv4-unicast</afi-safi><vrf-name>default</vrf-name><bgp-neighbor-summaries>${summary("10.0.0.2", "fsm-established", 12)}${summary("10.0.0.6", "fsm-idle", 0)}</bgp-neighbor-summaries></address-family></address-families></bgp-state-data>`;
  expect(cells(read("cisco_iosxe", "bgp", data(bgp)))).toMatchObject([
    { vrf: "default", family: "ipv4-unicast", peer: "10.0.0.2", state: "established", received: 12 },
    { peer: "10.0.0.6", state: "fsm-idle", received: 0 },
  ]);
  const both = `<interfaces xmlns="${oper("interfaces")}"><interface><name>Vlan1</name><admin-status>if-state-down</admin-status><oper-status>if-oper-state-lower-layer-down</oper-status><ipv4>0.0.0.0</ipv4></interface></interfaces>`;
  expect(cells(read("cisco_iosxe", "interfaces", data(both)))).toEqual([
    { interface: "Vlan1", address: "", admin: "down", state: "down" },
  ]);
});

test("what is no XML, holds a document type, is cut off or nests without end is unread, never a crash", () => {
  const deep = `${"<a>".repeat(5_000)}${"</a>".repeat(5_000)}`;
  for (const output of ["{}", "<data>", "<data></data><data/>", `<!DOCTYPE a [<!ENTITY b "c">]><data>&b;</data>`, deep])
    expect(read("netconf", "interfaces", output), output.slice(0, 40)).toEqual({ kind: "unread", why: "not XML" });
  const row = "<interface><name>e</name><oper-status>up</oper-status></interface>";
  const many = data(`<interfaces xmlns="${IF}">${row.repeat(30_000)}</interfaces>`);
  expect(read("netconf", "interfaces", many)).toMatchObject({ kind: "unread", why: "more than 20000 rows" });
});

test("what `where` leaves out counts as looked at: no wanted row is lost behind it without a word", () => {
  const other =
    "<rt><rt-destination>10.0.0.0/8</rt-destination><rt-entry><protocol-name>BGP</protocol-name></rt-entry></rt>";
  const active = other.replace("<protocol-name>", "<current-active/><protocol-name>");
  const routes = `<route-information><route-table><table-name>inet.0</table-name>${other.repeat(20_001)}${active}</route-table></route-information>`;
  expect(read("juniper_junos", "routes", routes)).toEqual({ kind: "unread", why: "more than 20000 rows" });
});

test("elements deep below a row, by the hundred thousand, are not looked at", () => {
  const deep = `${"<a>".repeat(240)}${"<name/>".repeat(900_000)}${"</a>".repeat(240)}`;
  const shown = `<interface-information><physical-interface><name>ge-0/0/0</name>${deep}<oper-status>up</oper-status></physical-interface></interface-information>`;
  expect(cells(read("juniper_junos", "interfaces", shown))).toMatchObject([{ interface: "ge-0/0/0", state: "up" }]);
});
