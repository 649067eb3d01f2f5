import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { packFor } from "../../drivers/model/state/packs.ts";
import { PlatformId } from "../../shared/ids.ts";
import { documentsOf } from "../support/cli.ts";
import { FleetProcess, inventoryEntry } from "../support/fleet.ts";
import { World } from "../support/world.ts";

/** `farhand run --parse --compare` over a real hub and a real agent, where a table is asked in another way than by a command of a CLI. */
const SUBJECTS = [
  {
    name: "routeros",
    fleet: { platform: "mikrotik_routeros" },
    platform: "mikrotik_routeros",
    transport: undefined,
    breaking: ["/interface ethernet set [ find default-name=ether1 ] disabled=yes"],
    changed: /~ ether1: admin up → down, state up → down/,
    broken: /bgp established: broken: 1 row/,
  },
  {
    name: "generic",
    fleet: { platform: "netconf" },
    platform: "netconf",
    transport: "netconf",
    breaking: [
      `<interfaces xmlns="urn:ietf:params:xml:ns:yang:ietf-interfaces"><interface><name>eth1</name><enabled>false</enabled></interface></interfaces>`,
    ],
    changed: /~ eth1: admin up → down, state up → down/,
    broken: /interfaces up: broken: 1 row: eth1/,
  },
  {
    name: "iosxe",
    fleet: { platform: "netconf", netconf: { personality: "iosxe" } },
    platform: "cisco_iosxe",
    transport: "netconf",
    breaking: [
      `<native xmlns="http://cisco.com/ns/yang/Cisco-IOS-XE-native"><interface><GigabitEthernet><name>2</name><shutdown/></GigabitEthernet></interface></native>`,
    ],
    changed: /~ GigabitEthernet2: admin up → down, state up → down/,
    broken: /cdp neighbours: broken: 1 row: GigabitEthernet2/,
  },
  {
    name: "junos",
    fleet: { platform: "juniper_junos" },
    platform: "juniper_junos",
    transport: "netconf",
    breaking: ["set interfaces ge-0/0/0 disable"],
    changed: /~ ge-0\/0\/0: admin up → down, state up → down/,
    broken: /interfaces up: broken: 2 rows: ge-0\/0\/0, ge-0\/0\/0\.0/,
  },
] as const;

const fleets: FleetProcess[] = [];
let world: World;
beforeAll(async () => {
  for (const { fleet } of SUBJECTS) fleets.push(await FleetProcess.start({ count: 1, seed: 7, ...fleet }));
  const packs = SUBJECTS.map(({ platform, transport }) => packFor(PlatformId.parse(platform), transport));
  const commands = packs.flatMap((pack) => Object.values(pack?.tables ?? {}).map(({ command }) => command));
  const [device] = fleets.flatMap(({ devices }) => devices);
  world = await World.start({
    sites: [{ id: "ams", agent: "agent-ams" }],
    devices: SUBJECTS.flatMap(({ transport, name }, at) =>
      (fleets[at]?.devices ?? []).map((one) => ({
        ...inventoryEntry(one, "ams", transport),
        id: name,
        serial: one.serial,
        tags: {},
      })),
    ),
    username: device?.username ?? "",
    password: device?.password ?? "",
    grantCommands: [...new Set(commands)],
  });
}, 120_000);
afterAll(async () => {
  await world?.stop();
  for (const fleet of fleets) await fleet.stop();
});

describe("run --parse --compare", () => {
  it.each(SUBJECTS.map((subject, at) => [subject.name, subject, at] as const))(
    "%s: shows its tables, and afterwards what is worse",
    { timeout: 120_000 },
    async (name, subject, at) => {
      const parse = (...more: string[]) =>
        world.cliResult(["run", "--parse", "--select", `device=${name}`, "--grant", "reads", ...more, "--no-input"]);
      const first = await parse("--json");
      expect(first.status, first.stderr).toBe(0);
      const read = documentsOf(first).flatMap(({ table, rows, why }) => [
        `${String(table)}: ${Array.isArray(rows) ? rows.length : String(why)}`,
      ]);
      console.log(`${name}: ${read.join("; ")}`);
      const same = await parse("--compare", "--checks", "default");
      expect(same.status, same.stdout).toBe(0);
      const fleet = fleets[at];
      await fleet?.mutate(fleet.devices[0]?.name ?? "", subject.breaking);
      const worse = await parse("--compare", "--checks", "default");
      expect(worse.status, worse.stderr).toBe(1);
      expect(worse.stdout).toMatch(subject.changed);
      expect(worse.stdout).toMatch(subject.broken);
    },
  );
});
