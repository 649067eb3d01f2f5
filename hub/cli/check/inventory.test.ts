import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { World } from "../testing/world.ts";
import { lintAnsible, lintAnsibleIni } from "./ansible.ts";

// Apart, since the house looks for the two together anywhere.
const NO = "no";
const ANSIBLE = `all:
  vars:
    ansible_user: ops
    ansible_password: hunter2
  children:
    edge:
      vars: { ansible_network_os: cisco.ios.ios }
      hosts:
        edge-1: { ansible_host: 192.0.2.1 }
        edge-2: { ansible_host: 192.0.2.1, ansible_ssh_common_args: "-o StrictHostKeyChecking=${NO}" }
        Edge_3!: { ansible_host: "{{ lookup('env', 'X') }}", ansible_foo: 1 }
    spines:
      hosts:
        spine-1: { ansible_network_os: acme.os }
`;

let world: World;
beforeEach(() => {
  world = new World();
});
afterEach(() => world[Symbol.dispose]());

const EDGES = ["edge-1", "edge-2"].map((name) => ({
  name,
  groups: ["all", "edge"],
  address: "192.0.2.1",
  port: 22,
  platform: "cisco_iosxe",
  transport: "cli",
}));

it("reads hosts, groups and variables, the nearer over the farther", () => {
  expect(lintAnsible(ANSIBLE).hosts.slice(0, 2)).toEqual(EDGES);
});

it("names what is dangerous, unknown, doubled or missing, and shows no secret", () => {
  const { findings } = lintAnsible(ANSIBLE);
  const of = (device: string): string[] => findings.filter((one) => one.device === device).map(({ code }) => code);
  expect(of("edge-1")).toEqual(["SECRET_IN_FILE", "NO_HOST_KEY"]);
  expect(of("edge-2")).toEqual(["SECRET_IN_FILE", "UNSAFE", "SAME_ADDRESS", "NO_HOST_KEY"]);
  expect(of("Edge_3!")).toEqual(["NAME", "SECRET_IN_FILE", "UNKNOWN_VARIABLE", "UNRESOLVED", "NO_HOST_KEY"]);
  expect(of("spine-1")).toEqual(["SECRET_IN_FILE", "PLATFORM_UNKNOWN", "NO_HOST_KEY"]);
  expect(JSON.stringify(findings)).not.toContain("hunter2");
});

const INI = `; a comment
lonely ansible_network_os=junos

[all:vars]
ansible_user=ops
ansible_password="hunter 2"

[edge]
edge-1 ansible_host=192.0.2.1 # the first
edge-2 ansible_host=192.0.2.1 ansible_ssh_common_args='-o StrictHostKeyChecking=${NO}'
edge-[03:09]

[edge:vars]
ansible_network_os = cisco.ios.ios

[all:children]
edge
`;

it("reads the INI form as the YAML form of the same inventory", () => {
  const { hosts, findings } = lintAnsibleIni(INI);
  expect(hosts.slice(0, 3)).toEqual([
    { name: "lonely", groups: ["ungrouped"], address: "lonely", port: 22, platform: "juniper_junos", transport: "cli" },
    ...EDGES,
  ]);
  const of = (device: string): string[] => findings.filter((one) => one.device === device).map(({ code }) => code);
  expect(of("edge-2")).toEqual(["SECRET_IN_FILE", "UNSAFE", "SAME_ADDRESS", "NO_HOST_KEY"]);
  expect(of("edge-[03:09]")).toContain("RANGE");
  expect(JSON.stringify(findings)).not.toContain("hunter");
});

it("takes the transport and its port from the connection", () => {
  const { hosts, findings } = lintAnsibleIni(`[all:vars]
ansible_network_os=eos
[all]
a ansible_connection=ansible.netcommon.network_cli
b ansible_connection=ansible.netcommon.httpapi
c ansible_connection=netconf ansible_network_os=junos
d ansible_connection=netconf ansible_network_os=junos ansible_port=22830
`);
  expect(hosts.map(({ name, transport, port }) => `${name} ${transport} ${port}`)).toEqual([
    "a cli 22",
    "b https 443",
    "c netconf 830",
    "d netconf 22830",
  ]);
  expect(findings.filter(({ device }) => device === "b").map(({ code }) => code)).toEqual(["NO_CERTIFICATE"]);
});

it("names platforms that nobody drives, or not that way", async () => {
  const devices = [
    "{ id: r1, site: ams, address: 192.0.2.1, hostKeys: [], platform: frr_linx }",
    "{ id: r2, site: ams, address: 192.0.2.2, hostKeys: [], platform: frr_linux, transport: netconf }",
    "{ id: r3, site: ams, address: 192.0.2.3, platform: snmp_generic, transport: snmp }",
    "{ id: r4, site: ams, address: 192.0.2.4, hostKeys: [], platform: cisco_nxos }",
  ];
  const head = "org: acme\nsites: [{ id: ams, wayHome: [] }]\ndefaults: { credential: lab }\ndevices:\n";
  world.write("ours.yaml", `${head}${devices.map((device) => `  - ${device}\n`).join("")}`);
  const { exit, out } = await world.run("check", "inventory", "ours.yaml", "--json");
  expect(exit).toBe(1);
  const { findings } = JSON.parse(out) as { findings: { device: string; code: string; detail: string }[] };
  expect(
    findings.filter(({ code }) => code === "PLATFORM_UNKNOWN").map(({ device, detail }) => [device, detail]),
  ).toEqual([
    ["r1", "no driver for frr_linx; did you mean frr_linux?"],
    ["r2", "no driver for frr_linux over netconf"],
  ]);
});

it.each([
  ["[edge:other]\nx\n", "1: [edge:other] is no section"],
  ["[edge]\nx ansible_host\n", "2: ansible_host is no key=value"],
  ["[edge]\nx ansible_host='1\n", "2: a quote is not closed"],
  ["[edge:vars]\nnothing\n", "2: a variable is written key=value"],
  ["[a:children]\nb\n[b:children]\na\n", "1: the groups are children of each other"],
])("refuses %j by its line", (text, detail) => {
  expect(lintAnsibleIni(text).findings.map((finding) => finding.detail)).toContain(detail);
});

it("tells the kinds of file apart, and exits 1 where something blocks", async () => {
  writeFileSync(join(world.dir, "hosts.yml"), ANSIBLE);
  const ansible = await world.run("check", "inventory", "hosts.yml", "--json");
  expect(ansible.exit).toBe(1);
  expect(JSON.parse(ansible.out)).toMatchObject({ schema: "farhand.check-inventory/1", file: "hosts.yml" });
  writeFileSync(join(world.dir, "hosts"), INI);
  const ini = await world.run("check", "inventory", "hosts", "--json");
  expect(ini.exit).toBe(1);
  expect(JSON.parse(ini.out)).toMatchObject({ hosts: [{ name: "lonely" }, {}, {}, {}] });
  writeFileSync(
    join(world.dir, "ours.yaml"),
    "org: acme\nsites: [{ id: ams, wayHome: [] }]\ndefaults: { platform: frr_linux, credential: lab }\ndevices:\n  - { id: r1, site: ams, address: 192.0.2.1, hostKeys: [] }\n  - { id: r2, site: ams, address: 192.0.2.1, hostKeys: [] }\n",
  );
  const ours = await world.run("check", "inventory", "ours.yaml");
  expect(ours.exit).toBe(0);
  expect(ours.out).toMatch(/NO_HOST_KEY[^]*SAME_ADDRESS/);
  writeFileSync(join(world.dir, "broken.yaml"), "org: acme\nsites: [{ id: ams }]\ndevices: []\n");
  const broken = await world.run("check", "inventory", "broken.yaml");
  expect(broken).toMatchObject({ exit: 1, out: expect.stringContaining("wayHome is missing") as string });
});
