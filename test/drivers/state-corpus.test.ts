// What real devices said (ntc-templates' recorded outputs), read by the packs, against the rows that project has of them.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse as parseYaml } from "yaml";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { packFor } from "../../drivers/model/state/packs.ts";
import { parseTable } from "../../drivers/model/state/parse.ts";
import { PlatformId } from "../../shared/ids.ts";

const corpus = process.env["FARHAND_CORPUS"] ?? "";
const root = join(corpus, "ntc_templates");
const there = corpus !== "" && existsSync(root);

const Theirs = z.object({
  parsed_sample: z.array(z.record(z.string(), z.union([z.string(), z.number(), z.array(z.string()), z.null()]))),
});

/** Their platform and command, our table, and which of our columns is which of theirs. */
type Theirs = z.output<typeof Theirs>["parsed_sample"][number];
/** Which of their rows are in our table; all without it. */
type Keep = (row: Theirs) => boolean;
const CASES: readonly (readonly [string, string, string, string, Readonly<Record<string, string>>, Keep?])[] = [
  [
    "cisco_ios",
    "show_ip_interface_brief",
    "cisco_iosxe",
    "interfaces",
    { interface: "interface", admin: "status", state: "proto" },
  ],
  [
    "cisco_ios",
    "show_cdp_neighbors",
    "cisco_iosxe",
    "cdp",
    {
      neighbor: "neighbor_name",
      interface: "local_interface",
      neighbor_interface: "neighbor_interface",
      platform: "platform",
      capabilities: "capabilities",
    },
  ],
  [
    "cisco_ios",
    "show_lldp_neighbors",
    "cisco_iosxe",
    "lldp",
    {
      neighbor: "neighbor_name",
      interface: "local_interface",
      neighbor_interface: "neighbor_interface",
      capabilities: "capabilities",
    },
  ],
  [
    "cisco_ios",
    "show_mac-address-table",
    "cisco_iosxe",
    "macs",
    { vlan: "vlan_id", mac: "destination_address", interface: "destination_port", type: "type" },
  ],
  [
    "juniper_junos",
    "show_arp_no-resolve",
    "juniper_junos",
    "arp",
    { mac: "mac_address", address: "ip_address", interface: "interface" },
  ],
  [
    "juniper_junos",
    "show_lldp_neighbors",
    "juniper_junos",
    "lldp",
    {
      interface: "local_interface",
      chassis: "chassis_id",
      neighbor: "neighbor_name",
      neighbor_interface: "neighbor_interface",
    },
  ],
  [
    "juniper_junos",
    "show_ospf_neighbor",
    "juniper_junos",
    "ospf",
    { interface: "interface", address: "ip_address", neighbor: "neighbor_id", state: "state" },
  ],
  [
    "arista_eos",
    "show_lldp_neighbors",
    "arista_eos",
    "lldp",
    { interface: "local_interface", neighbor: "neighbor_name", neighbor_interface: "neighbor_interface" },
  ],
  [
    "arista_eos",
    "show_ip_arp",
    "arista_eos",
    "arp",
    { vrf: "vrf", address: "ip_address", mac: "mac_address", interface: "interface" },
  ],
  [
    "mikrotik_routeros",
    "interface_print_detail",
    "mikrotik_routeros",
    "interfaces",
    { interface: "name", type: "type", mtu: "actual_mtu", state: "status" },
  ],
  [
    "mikrotik_routeros",
    "ip_route_print_terse",
    "mikrotik_routeros",
    "routes",
    { table: "routing_table", prefix: "dst_address", next_hop: "gateway" },
    ({ flags }) => String(flags).includes("A"),
  ],
  [
    "mikrotik_routeros",
    "routing_bgp_peer_print_status_without-paging",
    "mikrotik_routeros",
    "bgp",
    { name: "name", peer: "remote_address", as: "remote_as", state: "flag", received: "prefix_count", since: "uptime" },
  ],
];

/** What a column says in one way on all platforms, theirs as the vendor says it. */
const SAME: Readonly<Record<string, string>> = {
  "administratively down": "down",
  Full: "full",
  DYNAMIC: "dynamic",
  Dynamic: "dynamic",
  STATIC: "static",
  Static: "static",
  All: "all",
  R: "up",
  X: "down",
  E: "established",
};
/** What their rows leave empty: by column of theirs. */
const EMPTY: Readonly<Record<string, string>> = { flag: "idle", status: "down" };
/** Rows of recordings that their own template passes over. */
const LACKED: ReadonlySet<string> = new Set(["pppoe-out1 | pppoe-out | 1400 | up"]);

describe.skipIf(!there)(`recorded state${there ? "" : ": FARHAND_CORPUS is not set"}`, () => {
  test.each(CASES.map(([a, b, c, d, columns, keep = () => true]) => [a, b, c, d, columns, keep] as const))(
    "%s %s is read as %s %s",
    (theirPlatform, command, platform, table, columns, keep) => {
      const file = packFor(PlatformId.parse(platform))?.tables[table];
      if (!file) throw new Error(`no ${table}`);
      const folder = join(root, theirPlatform, command);
      const outputs = readdirSync(folder).filter((name) => name.endsWith(".raw"));
      let rows = 0;
      let strange = 0;
      for (const name of outputs) {
        const read = parseTable(file, readFileSync(join(folder, name), "utf8"));
        if (read.kind === "unread") throw new Error(`${name}: ${read.why}`);
        const sample = Theirs.parse(
          parseYaml(readFileSync(join(folder, name.replace(/raw$/, "yml")), "utf8")),
        ).parsed_sample;
        const of = (value: string | number | string[] | null | undefined): string => {
          const text = Array.isArray(value) ? value.join(",") : String(value ?? "");
          return SAME[text] ?? text;
        };
        const theirs = sample.filter(keep).map((row) =>
          Object.values(columns)
            .map((column) => of(row[column]) || (theirPlatform === "mikrotik_routeros" ? (EMPTY[column] ?? "") : ""))
            .join(" | "),
        );
        let ours = read.rows.map(({ cells }) =>
          Object.keys(columns)
            .map((column) => of(cells[column]))
            .join(" | "),
        );
        const more = ours.filter((row) => LACKED.has(row) && !theirs.includes(row));
        if (more.length > 0) console.log(`${name}: their template passes over ${more.join("; ")}`);
        ours = ours.filter((row) => !more.includes(row));
        expect({ name, rows: ours, example: read.example }).toEqual({ name, rows: theirs, example: read.example });
        rows += ours.length;
        strange += read.strange;
      }
      console.log(
        `${platform} ${table}: ${outputs.length} recorded outputs, ${rows} rows agree in ${Object.keys(columns).length} columns, ${strange} lines not understood`,
      );
      expect(rows).toBeGreaterThan(0);
    },
  );
});
