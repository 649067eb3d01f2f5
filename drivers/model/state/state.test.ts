import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Checks, CheckResult, type Expectation } from "../../../shared/documents/checks.ts";
import { PlatformId } from "../../../shared/ids.ts";
import { compareTables } from "./compare.ts";
import { blamed, expectedOf, judge, tablesFor } from "./expect.ts";
import { allPacks, packFor } from "./packs.ts";
import { parseTable } from "./parse.ts";
import { LINE_CHARS_MAX, OUTPUT_BYTES_MAX, ROWS_MAX, type Table } from "./rows.ts";

function pack(platform: string) {
  const found = packFor(PlatformId.parse(platform));
  if (!found) throw new Error(`no pack of ${platform}`);
  return found;
}

function read(platform: string, table: string, output: string): Table {
  const file = pack(platform).tables[table];
  if (!file) throw new Error(`no table ${table}`);
  return parseTable(file, output);
}

const cells = (table: Table) => (table.kind === "read" ? table.rows.map((row) => row.cells) : table.why);

describe("tables out of text", () => {
  test("a state is a state and a number is a number, whichever the column shows (IOS)", () => {
    const shown = `BGP router identifier 192.0.2.1, local AS number 65001

Neighbor        V           AS MsgRcvd MsgSent   TblVer  InQ OutQ Up/Down  State/PfxRcd
10.0.0.2        4        65002     100     100        1    0    0 01:23:45       12
10.0.0.6        4        65003     100     100        1    0    0 01:23:45 Idle (Admin)
2001:DB8:0:100:A193:9153:7CAF:9802
                4        65004     100     100        1    0    0 never    Active
`;
    expect(cells(read("cisco_iosxe", "bgp", shown))).toEqual([
      { peer: "10.0.0.2", as: "65002", state: "established", received: 12, since: "01:23:45" },
      { peer: "10.0.0.6", as: "65003", state: "Idle (Admin)", received: null, since: "01:23:45" },
      { peer: "2001:DB8:0:100:A193:9153:7CAF:9802", as: "65004", state: "Active", received: null, since: "never" },
    ]);
    expect(read("cisco_iosxe", "bgp", "% BGP not active\n")).toMatchObject({ kind: "read", rows: [] });
  });

  test("routes with several next hops, over two lines, and connected ones (IOS)", () => {
    const shown = `Codes: L - local, C - connected, S - static, R - RIP, M - mobile, B - BGP
       D - EIGRP, EX - EIGRP external, O - OSPF, IA - OSPF inter area

Gateway of last resort is 10.0.0.1 to network 0.0.0.0

S*    0.0.0.0/0 [1/0] via 10.0.0.1
      10.0.0.0/8 is variably subnetted, 2 subnets, 2 masks
C        10.0.0.0/30 is directly connected, GigabitEthernet1
L        10.0.0.2/32 is directly connected, GigabitEthernet1
O E2     192.0.2.0/24 [110/20] via 10.0.0.1, 00:01:00, GigabitEthernet1
                      [110/20] via 10.0.0.5, 00:01:00, GigabitEthernet2
B        198.51.100.0/24
           [20/0] via 10.0.0.1, 1d02h
`;
    const table = read("cisco_iosxe", "routes", shown);
    expect(table).toMatchObject({ strange: 0 });
    expect(cells(table)).toEqual([
      { prefix: "0.0.0.0/0", protocol: "S", next_hop: "10.0.0.1" },
      { prefix: "10.0.0.0/30", protocol: "C", next_hop: null },
      { prefix: "10.0.0.2/32", protocol: "L", next_hop: null },
      { prefix: "192.0.2.0/24", protocol: "O E2", next_hop: "10.0.0.1, 10.0.0.5" },
      { prefix: "198.51.100.0/24", protocol: "B", next_hop: "10.0.0.1" },
    ]);
  });

  test("prefixes below the peer's line, and instead of its state (Junos)", () => {
    const head =
      "Groups: 1 Peers: 2 Down peers: 0\nPeer                     AS      InPkt     OutPkt    OutQ   Flaps Last Up/Dwn State|#Active/Received/Accepted/Damped...\n";
    expect(
      cells(
        read(
          "juniper_junos",
          "bgp",
          `${head}10.0.0.1              65001        412        410       0       0     1:02:03 Establ\n  inet.0: 1/2/2/0\n  inet6.0: 0/7/0/0\n10.0.0.5              65002          0          0       0       2  2w3d 1:02:03 Active\n`,
        ),
      ),
    ).toMatchObject([
      { peer: "10.0.0.1", state: "established", received: 2 },
      { peer: "10.0.0.5", state: "Active", received: null, since: "2w3d 1:02:03" },
    ]);
    expect(
      cells(read("juniper_junos", "bgp", `${head}10.0.0.1 65001 412 410 0 0 1d 1:02:03 3/5/5/0 0/0/0/0\n`)),
    ).toMatchObject([{ peer: "10.0.0.1", state: "established", received: 5 }]);
  });

  test("iproute2's JSON (Linux): the default route has the prefix that it has everywhere", () => {
    const route =
      '[{"dst":"default","gateway":"192.0.2.1","dev":"eth0","flags":[]},{"dst":"192.0.2.0/24","dev":"eth0","protocol":"kernel","scope":"link","prefsrc":"192.0.2.2","flags":[]}]\n\n';
    expect(cells(read("linux", "routes", route))).toEqual([
      { prefix: "0.0.0.0/0", protocol: null, next_hop: "192.0.2.1" },
      { prefix: "192.0.2.0/24", protocol: "kernel", next_hop: "eth0" },
    ]);
    const address =
      '[{"ifname":"lo","mtu":65536,"operstate":"UNKNOWN","addr_info":[{"local":"127.0.0.1"},{"local":"::1"}]},{"ifname":"eth0","mtu":1500,"operstate":"DOWN","addr_info":[]}]';
    expect(cells(read("linux", "interfaces", address))).toEqual([
      { interface: "lo", state: "up", address: "127.0.0.1, ::1", mtu: 65536 },
      { interface: "eth0", state: "down", address: null, mtu: 1500 },
    ]);
    expect(
      cells(
        read("linux", "arp", '[{"dst":"192.0.2.1","dev":"eth0","lladdr":"02:fc:00:00:00:05","state":["REACHABLE"]}]'),
      ),
    ).toEqual([{ address: "192.0.2.1", interface: "eth0", mac: "02:fc:00:00:00:05", state: "REACHABLE" }]);
  });

  test("pairs in a line each, as recorded and as documented (RouterOS): flags, blanks in names, grouped keys, comments that look like pairs", () => {
    const terse = ` 0 RS name=ether1 type=ether actual-mtu=1500 \r\n 1 X  comment=name it name x=y name=to the core x=y type=ether actual-mtu=1500 \r\n 2    name=spare type=ether \r\n`;
    expect(cells(read("mikrotik_routeros", "interfaces", terse))).toEqual([
      { interface: "ether1", type: "ether", mtu: 1500, admin: "up", state: "up" },
      { interface: "to the core x=y", type: "ether", mtu: 1500, admin: "down", state: "down" },
      { interface: "spare", type: "ether", mtu: null, admin: "up", state: "down" },
    ]);
    // Routes that are none of the configuration's have no number; what is not active is not in force.
    const routes = `   DAc dst-address=192.168.1.0/24 routing-table=main gateway=bridge-lan \n 0  As dst-address=0.0.0.0/0 routing-table=main gateway=10.0.0.254 \n 1  Is dst-address=10.9.0.0/16 routing-table=main gateway=10.8.0.1 \n`;
    expect(cells(read("mikrotik_routeros", "routes", routes))).toEqual([
      { table: "main", prefix: "192.168.1.0/24", protocol: "connected", next_hop: "bridge-lan" },
      { table: "main", prefix: "0.0.0.0/0", protocol: "static", next_hop: "10.0.0.254" },
    ]);
    // MikroTik's own example of a session, and one that does not stand.
    const legend =
      "Flags: D - DYNAMIC; X - DISABLED, I - INACTIVE, A - ACTIVE; \r\nc - CONNECT, s - STATIC, y - BGP-MPLS-VPN; \r\nH - HW-OFFLOADED; + - ECMP\r\nColumns: DST-ADDRESS, GATEWAY\r\n";
    expect(read("mikrotik_routeros", "routes", legend)).toMatchObject({ rows: [], strange: 0 });
    // Words that nobody knows are no empty table.
    expect(read("mikrotik_routeros", "routes", "interrupted\n")).toMatchObject({
      rows: [],
      strange: 1,
      example: "interrupted",
    });
    const sessions = `Flags: E - established \n 0 E ;;; name="x" .as=1\n     name="toR2" \n     remote.address=192.168.1.2 .as=65532 .id=192.168.1.1 .refused-cap-opt=no \n     .capabilities=mp,rr,as4 .afi=ip,ipv6 .messages=43346 .bytes=3635916 .eor="" \n     local.address=192.168.1.1 .as=65531 .id=192.168.44.2 \n     input.procid=97 .limit-process-routes=500000 ebgp limit-exceeded \n     hold-time=3m keepalive-time=1m uptime=4s70ms \n\n 1   name="to R3" \n     remote.address=192.168.1.6 .as=65533 \n`;
    expect(read("mikrotik_routeros", "bgp", sessions)).toMatchObject({ strange: 0 });
    expect(cells(read("mikrotik_routeros", "bgp", sessions))).toEqual([
      { peer: "192.168.1.2", name: "toR2", as: "65532", state: "established", received: null, since: "4s70ms" },
      { peer: "192.168.1.6", name: "to R3", as: "65533", state: "idle", received: null, since: null },
    ]);
    const neighbor =
      "0 D instance=default area=area1 address=10.1.1.2 priority=1 router-id=11.11.11.11 dr=10.1.1.2 bdr=10.1.1.1 state=Full state-changes=6\n";
    expect(cells(read("mikrotik_routeros", "ospf", neighbor))).toMatchObject([
      { neighbor: "11.11.11.11", address: "10.1.1.2", area: "area1", state: "full" },
    ]);
  });

  test("what no pattern knows is counted, and shown without its control characters", () => {
    const shown =
      "Interface              IP-Address      OK? Method Status                Protocol\nGi1 10.0.0.1 YES manual up up\nwhat \u001b[2J is this\n";
    expect(read("cisco_iosxe", "interfaces", shown)).toMatchObject({ strange: 1, example: "what  [2J is this" });
  });
});

test("hostile output is bounded and never a crash, in any table of any platform", () => {
  const files = allPacks().flatMap((one) => Object.values(one.tables));
  const words = fc.constantFrom(
    "Interface IP-Address ",
    "Neighbor V AS ",
    "Gateway of last resort",
    "{",
    "[",
    '"',
    "10.0.0.0/8 ",
    "up ",
    "\n",
    "\r\n",
    "\u0000",
    "\u001b[31m",
    "via ",
    "  ",
    "‮",
    "__proto__",
    '{"a":',
    "]}",
    " 0 DAc ",
    "name=",
    ' .as="',
    ";;; ",
    "<data>",
    '<interfaces xmlns="urn:ietf:params:xml:ns:yang:ietf-interfaces">',
    "<interface><name>",
    "<bgp-information><bgp-peer>",
    "</name>",
  );
  fc.assert(
    fc.property(
      fc.array(fc.oneof(words, fc.string({ unit: "binary", maxLength: 20 })), { maxLength: 200 }),
      (parts) => {
        const output = parts.join("");
        for (const file of files) {
          const table = parseTable(file, output);
          if (table.kind === "read") expect(table.rows.length).toBeLessThanOrEqual(ROWS_MAX);
        }
      },
    ),
    { numRuns: 200 },
  );
  const line = "x".repeat(LINE_CHARS_MAX * 50);
  const head = "Interface IP-Address OK? Method Status Protocol\n";
  expect(read("cisco_iosxe", "interfaces", `${head}${line}\n`)).toMatchObject({ kind: "read", rows: [], strange: 1 });
  expect(read("cisco_iosxe", "interfaces", "a".repeat(OUTPUT_BYTES_MAX + 1))).toMatchObject({ kind: "unread" });
  const many = Array.from({ length: ROWS_MAX + 5 }, (_, at) => `Gi${at} 10.0.0.1 YES manual up up`).join("\n");
  expect(read("cisco_iosxe", "interfaces", head + many)).toMatchObject({
    kind: "unread",
    why: `more than ${ROWS_MAX} rows`,
  });
  expect(read("arista_eos", "routes", "[".repeat(1_000_000))).toEqual({ kind: "unread", why: "not JSON" });
  expect(
    read("arista_eos", "bgp", '{"vrfs": {"__proto__": {"peers": {"constructor": {"peerState": {"a": 1}}}}}}'),
  ).toMatchObject({
    rows: [{ cells: { vrf: "__proto__", peer: "constructor", state: null } }],
  });
});

const head = "Neighbor        V           AS MsgRcvd MsgSent   TblVer  InQ OutQ Up/Down  State/PfxRcd\n";
const peers = (...rows: readonly (readonly [string, string])[]): Table =>
  read(
    "cisco_iosxe",
    "bgp",
    head + rows.map(([peer, state]) => `${peer} 4 65002 100 100 1 0 0 01:23:45 ${state}\n`).join(""),
  );
const NOTHING: Checks = { defaults: false, except: [], expect: [], settleMs: 0, withinMs: 0 };
const judged = (expectation: Expectation, before: Table, after: Table) => {
  const [result] = judge(
    expectedOf(pack("cisco_iosxe"), { ...NOTHING, expect: [expectation] }),
    new Map([["bgp", before]]),
    new Map([["bgp", after]]),
  );
  if (!result) throw new Error("no result");
  return CheckResult.parse(result);
};

test("a line that is all blanks but its last character is read in one pass", () => {
  // A million of them, by the square, would not end within a test's time.
  const output = `${" ".repeat(1_000_000)}x\n`;
  for (const { tables } of allPacks())
    for (const file of Object.values(tables)) if (file.text) expect(parseTable(file, output).kind).toMatch(/read$/v);
  // What stands before a pair is a head, or it is not, but never by trying.
  const blanks = `${" ".repeat(3_900)}? name=x\n`.repeat(1_000);
  expect(read("mikrotik_routeros", "interfaces", blanks)).toMatchObject({ kind: "read", rows: [], strange: 1_000 });
});

describe("expectations", () => {
  const established: Expectation = {
    expect: "kept",
    name: "established",
    table: "bgp",
    where: [{ column: "state", op: "eq", value: "established" }],
  };

  test("a session that stood and stands no more, or is gone, is broken; one that never stood is not", () => {
    const before = peers(["10.0.0.1", "5"], ["10.0.0.2", "5"], ["10.0.0.3", "Active"], ["10.0.0.4", "5"]);
    const after = peers(["10.0.0.1", "1"], ["10.0.0.2", "Idle"], ["10.0.0.3", "Idle"]);
    const result = judged(established, before, after);
    expect(result).toMatchObject({ verdict: "broken", already: false, count: 2, detail: "2 rows: 10.0.0.2, 10.0.0.4" });
    expect(result.rows).toMatchObject([
      { key: "10.0.0.2", after: { state: "Idle" } },
      { key: "10.0.0.4", after: null },
    ]);
    expect(blamed(result)).toBe(true);
    expect(judged(established, before, before).verdict).toBe("ok");
  });

  test("fewer prefixes by more than is tolerated", () => {
    const fall = (tolerancePercent: number): Expectation => ({
      expect: "not-fallen",
      name: "prefixes",
      table: "bgp",
      column: "received",
      tolerancePercent,
    });
    const [before, after] = [peers(["10.0.0.1", "100"]), peers(["10.0.0.1", "80"])];
    expect(judged(fall(20), before, after).verdict).toBe("ok");
    expect(judged(fall(19), before, after).verdict).toBe("broken");
    expect(judged(fall(50), before, peers(["10.0.0.1", "Active"])).verdict).toBe("broken");
  });

  test("what was broken before is told and not blamed; what is newly so is", () => {
    const holds: Expectation = {
      expect: "holds",
      name: "all up",
      table: "bgp",
      column: "state",
      op: "eq",
      value: "established",
    };
    const before = peers(["10.0.0.1", "5"], ["10.0.0.2", "Active"]);
    const same = judged(holds, before, before);
    expect(same).toMatchObject({ verdict: "broken", already: true, count: 1 });
    expect(blamed(same)).toBe(false);
    expect(judged(holds, before, peers(["10.0.0.1", "Active"], ["10.0.0.2", "Active"]))).toMatchObject({
      already: false,
      rows: [{ key: "10.0.0.1" }],
    });
    const count: Expectation = { expect: "rows", name: "two peers", table: "bgp", min: 3 };
    expect(judged(count, before, before)).toMatchObject({ verdict: "broken", already: true });
    expect(judged(count, before, peers(["10.0.0.1", "5"]))).toMatchObject({
      verdict: "broken",
      already: false,
      detail: "1 rows, 2 before",
    });
  });

  test("what could be read before and not after is unknown and blamed; what was never readable is neither", () => {
    const lost: Table = { kind: "unread", why: "COMMAND_REFUSED" };
    expect(blamed(judged(established, peers(), lost))).toBe(true);
    expect(blamed(judged(established, lost, lost))).toBe(false);
    expect(blamed(judged(established, lost, peers()))).toBe(false);
  });

  test("an exception takes out a default, or some of its rows", () => {
    const [before, after] = [peers(["10.0.0.1", "5"], ["10.0.0.2", "5"]), peers(["10.0.0.1", "5"])];
    const blamedBy = (except: Checks["except"]) =>
      judge(
        expectedOf(pack("cisco_iosxe"), { defaults: true, except, expect: [] }),
        new Map([["bgp", before]]),
        new Map([["bgp", after]]),
      )
        .filter(blamed)
        .map(({ name }) => name);
    expect(blamedBy([])).toEqual(["bgp established"]);
    expect(blamedBy([{ name: "bgp established", keys: ["10.0.0.2"] }])).toEqual([]);
    expect(blamedBy([{ name: "bgp established", keys: ["10.0.0.1"] }])).toEqual(["bgp established"]);
    expect(blamedBy([{ name: "bgp established" }])).toEqual([]);
    expect(
      tablesFor(pack("cisco_iosxe"), expectedOf(pack("cisco_iosxe"), { defaults: true, except: [], expect: [] })),
    ).toEqual(["interfaces", "cdp", "lldp", "bgp", "ospf", "routes"]);
  });
});

test("rows added, removed and changed; an age is no change", () => {
  const { tables } = pack("cisco_iosxe");
  const before = peers(["10.0.0.1", "5"], ["10.0.0.2", "5"], ["10.0.0.3", "5"]);
  const after = read(
    "cisco_iosxe",
    "bgp",
    `${head}10.0.0.1 4 65002 9 9 1 0 0 00:00:01 5\n10.0.0.2 4 65002 1 1 1 0 0 never Idle\n10.0.0.9 4 65009 1 1 1 0 0 never 1\n`,
  );
  const [changed] = compareTables(tables, new Map([["bgp", before]]), new Map([["bgp", after]]));
  expect(changed?.changes.map(({ key, how, columns }) => ({ key, how, columns }))).toEqual([
    { key: "10.0.0.2", how: "changed", columns: ["state", "received"] },
    { key: "10.0.0.3", how: "removed", columns: [] },
    { key: "10.0.0.9", how: "added", columns: [] },
  ]);
  expect(changed?.same).toBe(1);
});

test("RouterOS: rows that `where` leaves out are counted; quotes that never close are read in one pass", () => {
  const other = "0 D dst-address=10.0.0.0/8 gateway=10.1.1.1\n";
  const routes = `${other.repeat(20_001)}1 A dst-address=10.9.0.0/16 gateway=10.1.1.2\n`;
  expect(read("mikrotik_routeros", "routes", routes)).toEqual({ kind: "unread", why: "more than 20000 rows" });
  const quotes = `0 R name="${'\\"'.repeat(1_950)}\n`;
  expect(read("mikrotik_routeros", "interfaces", quotes.repeat(2_000))).toMatchObject({ kind: "read" });
});
