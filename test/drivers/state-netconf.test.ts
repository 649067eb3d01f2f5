// State over NETCONF where drivers and servers meet: what a hello does not have is unknown and told, and an answer with nothing in it is none.
import { afterEach, describe, expect, test } from "vitest";
import { blamed } from "../../drivers/model/state/expect.ts";
import { Models } from "../../drivers/engines/netconf/models.ts";
import { packFor } from "../../drivers/model/state/packs.ts";
import { readOutput, commandMark, refusedMark } from "../../drivers/model/state/run-output.ts";
import type { Table } from "../../drivers/model/state/rows.ts";
import { driverFor } from "../../drivers/registry.ts";
import { readState } from "../../drivers/transaction/state.ts";
import { runChange } from "../../drivers/transaction/change.ts";
import type { Checks } from "../../shared/documents/checks.ts";
import { FarhandError } from "../../shared/errors.ts";
import { PlatformId } from "../../shared/ids.ts";
import type { SimulatedDevice } from "../../simulators/device.ts";
import { startJuniperJunos } from "../../simulators/juniper_junos/index.ts";
import { startNetconf } from "../../simulators/netconf/index.ts";
import { sshTarget } from "./matrix/target.ts";
import { admin, IF } from "./netconf-lab.ts";
import { GENERIC, shut, told } from "./state-subjects.ts";
import { fastClock, recorder, rig, type Rig } from "./support.ts";

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

const clock = fastClock(10);

function boxOn(sim: SimulatedDevice): Rig {
  stops.push(() => sim.stop());
  const { target, credential } = sshTarget(sim, "netconf");
  const driver = driverFor(target.platform, "netconf");
  if (!driver) throw new Error("no driver");
  return rig({ driver, target, credential, clock, connectMs: 300_000, commandMs: 60_000 });
}

function packOf(platform: string) {
  const pack = packFor(PlatformId.parse(platform), "netconf");
  if (!pack) throw new Error(`no pack of ${platform}`);
  return pack;
}

async function tables(box: Rig, platform: string) {
  const session = await box.open();
  const pack = packOf(platform);
  const read = await readState(box.context(), session, pack, Object.keys(pack.tables));
  await session.close();
  return read;
}

const DEFAULTS: Checks = { defaults: true, except: [], expect: [], settleMs: 0, withinMs: 4_000 };

/** What a server has that knows the IETF's models alone. */
const OF_THE_IETF = [
  ["interfaces", "read"],
  ["lldp", "unread"],
  ["bgp", "unread"],
  ["ospf", "unread"],
  ["routes", "read"],
  ["macs", "unread"],
  ["arp", "read"],
];
const kindsOf = (read: ReadonlyMap<string, Table>): string[][] => [...read].map(([table, { kind }]) => [table, kind]);

describe("a server without OpenConfig", () => {
  const start = () => startNetconf({ name: "edge-1", config: GENERIC }, { clock });

  test("has no BGP and no LLDP in its hello: both are unread, which is said, and the rest is read", async () => {
    const read = await tables(boxOn(await start()), "netconf");
    expect(read.get("bgp")).toEqual({
      kind: "unread",
      why: "NETCONF_CAPABILITY: table bgp: the hello does not have http://openconfig.net/yang/network-instance, or http://openconfig.net/yang/bgp",
    });
    expect(read.get("lldp")).toMatchObject({ kind: "unread" });
    expect(read.get("interfaces")).toMatchObject({
      rows: [{ key: "eth1", cells: { state: "up" } }, { key: "eth2" }],
    });
    expect(read.get("arp")).toMatchObject({ rows: [{ key: "10.0.1.2 eth1" }, { key: "10.0.2.2 eth2" }] });
    expect(read.get("routes")).toMatchObject({
      rows: [
        { cells: { prefix: "10.0.1.0/30", protocol: "connected", next_hop: "eth1" } },
        { cells: { prefix: "10.0.2.0/30" } },
        { cells: { prefix: "0.0.0.0/0", protocol: "static", next_hop: "10.0.1.2" } },
      ],
    });
  });

  test("what is unknown undoes nothing and is never ok; what is known undoes", async () => {
    const box = boxOn(await start());
    const spec = await box.plan(`${shut("eth2")}\n`, { checks: DEFAULTS, confirmMs: 600_000 });
    const result = await runChange(box.context(), spec, recorder().hooks);
    expect({ state: result.state, code: result.code }).toEqual({ state: "ROLLED_BACK", code: "VERIFICATION_FAILED" });
    const results = result.checks?.results ?? [];
    expect(results.filter(blamed).map(({ name }) => name)).toEqual(["interfaces up", "routes"]);
    expect(results.filter(({ verdict }) => verdict === "unknown").map(({ name, already }) => [name, already])).toEqual([
      ["lldp neighbours", true],
      ["bgp established", true],
      ["bgp prefixes", true],
      ["ospf full", true],
    ]);
  });

  test.each([
    ["hangs", { kind: "hang", at: "^get(?!-)" }, "COMMAND_TIMEOUT"],
    ["drops the line", { kind: "drop", at: "^get(?!-)" }, "CONNECTION_LOST"],
    ["denies it", { kind: "authorization-denied", match: "^get(?!-)" }, "VERIFICATION_FAILED"],
  ] as const)(
    "a server that %s when its state is read afterwards: undone, nothing was proved",
    async (_what, fault, code) => {
      const sim = await start();
      const box = boxOn(sim);
      const before = sim.runningConfig();
      const spec = await box.plan(`${told("eth2")}\n`, { checks: DEFAULTS, confirmMs: 600_000 });
      const at = (boundary: string): void => {
        if (boundary === "apply") sim.setFault(fault);
      };
      const result = await runChange(box.context(), spec, recorder({ at }).hooks);
      expect({ state: result.state, code: result.code }).toEqual({ state: "ROLLED_BACK", code });
      expect(sim.runningConfig()).toBe(before);
    },
  );

  test("`farhand run --parse` of the same: the agent's refusal is read as one", async () => {
    const box = boxOn(await start());
    const pack = packOf("netconf");
    const session = await box.open();
    let output = "";
    const commands = Object.values(pack.tables).map(({ command }) => command);
    for (const command of commands) {
      output += `${commandMark(command)}\n`;
      try {
        output += await session.run(command, { outputBytesMax: 1_000_000 });
      } catch (error) {
        if (!(error instanceof FarhandError)) throw error;
        output += `${refusedMark(error.code, error.detail ?? "")}\n`;
      }
    }
    await session.close();
    const read = new Map(readOutput(pack, commands, output).map((one) => [one.table, one.read]));
    expect(kindsOf(read)).toEqual(OF_THE_IETF);
    const known = (from: ReadonlyMap<string, Table>) => [...from].filter(([, { kind }]) => kind === "read");
    expect(known(read)).toEqual(known(await tables(boxOn(await start()), "netconf")));
  });

  test("a table that no pack has, and an operation that nobody named, are no reads", async () => {
    const driver = driverFor(PlatformId.parse("netconf"));
    for (const command of ["table tunnels", "table", "table interfaces <a/>", "<get-interface-information/>"])
      expect([command, driver?.isRead(command)]).toEqual([command, false]);
    const session = await boxOn(await start()).open();
    await expect(session.run("table tunnels", { outputBytesMax: 1000 })).rejects.toThrow("READ_NOT_ALLOWED");
    await session.close();
  });
});

test("models of YANG 1.1 stand in no hello: its library has them, and what is only imported is none", async () => {
  const sim = await startNetconf({ name: "edge-1", config: GENERIC, yangLibrary: true }, { clock });
  const box = boxOn(sim);
  const { operations, leave } = await admin(stops, sim);
  expect(operations.capabilities.offers(IF)).toBe(false);
  const read = await tables(box, "netconf");
  expect(kindsOf(read)).toEqual(OF_THE_IETF);
  const models = new Models(operations);
  expect(await models.has([IF, "urn:ietf:params:xml:ns:yang:ietf-system"])).toBe(true);
  expect(await models.has([IF, "urn:ietf:params:xml:ns:yang:ietf-routing-types"])).toBe(false);
  expect(await models.has([IF, "urn:nobody"])).toBe(false);
  leave();
});

test("Junos: what does not run is an answer, also where the reply has nothing in it, and the session goes on", async () => {
  const config = `version 21.4R3.15;
system {
    host-name edge-1;
    root-authentication {
        encrypted-password "$6$aaaaaaaa$bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"; ## SECRET-DATA
    }
    services {
        ssh;
        netconf {
            ssh;
        }
    }
}
interfaces {
    ge-0/0/0 {
        unit 0 {
            family inet {
                address 10.0.1.1/30;
            }
        }
    }
    ge-0/0/1 {
        unit 0 {
            family ethernet-switching {
                vlan {
                    members v10;
                }
            }
        }
    }
}
vlans {
    v10 {
        vlan-id 10;
    }
}
`;
  const read = await tables(boxOn(await startJuniperJunos({ name: "edge-1", config }, { clock })), "juniper_junos");
  expect([...read].map(([table, one]) => [table, one.kind === "read" ? one.rows.length : one.why])).toEqual([
    ["interfaces", 4],
    ["bgp", 0],
    ["ospf", 0],
    ["lldp", 0],
    ["routes", 2],
    ["macs", 1],
    ["arp", 1],
  ]);
  expect(read.get("macs")).toMatchObject({ rows: [{ cells: { vlan: "v10", interface: "ge-0/0/1.0" } }] });
});

test("a transport has a pack of its own, or that of its platform", () => {
  const junos = PlatformId.parse("juniper_junos");
  expect(packFor(junos)?.tables["routes"]?.command).toBe("show route");
  expect(packFor(junos, "cli")).toBe(packFor(junos));
  expect(packFor(junos, "netconf")?.tables["routes"]?.command).toBe("table routes");
  expect(packFor(PlatformId.parse("arista_eos"), "https")).toBe(packFor(PlatformId.parse("arista_eos")));
});
