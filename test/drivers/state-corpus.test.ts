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
const CASES: readonly (readonly [string, string, string, string, Readonly<Record<string, string>>])[] = [
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
};

describe.skipIf(!there)(`recorded state${there ? "" : ": FARHAND_CORPUS is not set"}`, () => {
  test.each(CASES)("%s %s is read as %s %s", (theirPlatform, command, platform, table, columns) => {
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
      const theirs = sample.map((row) =>
        Object.values(columns)
          .map((column) => of(row[column]))
          .join(" | "),
      );
      const ours = read.rows.map(({ cells }) =>
        Object.keys(columns)
          .map((column) => of(cells[column]))
          .join(" | "),
      );
      expect({ name, rows: ours, example: read.example }).toEqual({ name, rows: theirs, example: read.example });
      rows += ours.length;
      strange += read.strange;
    }
    console.log(
      `${platform} ${table}: ${outputs.length} recorded outputs, ${rows} rows agree in ${Object.keys(columns).length} columns, ${strange} lines not understood`,
    );
    expect(rows).toBeGreaterThan(0);
  });
});
