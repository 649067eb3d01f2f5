// What vtysh says and shows without any host around it. Words and orders are those of test/lab/FACTS.md and of test/lab/simulator.test.ts.
import { describe, expect, test } from "vitest";
import { ManualClock } from "../../shared/clock.ts";
import { randomFrom } from "../fleet/generate.ts";
import { vtysh, frrReload } from "./programs.ts";
import { FRR_CONF, type Router } from "./router.ts";
import { sampleFrrLinux } from "./sample.ts";
import { Grammar } from "./syntax.ts";
import { routerInMemory } from "./testing.ts";
import { Vtysh } from "./vtysh.ts";

const PORTS = ["lo", "eth0", "eth1"];
const BASE = "interface eth0\n ip address 10.20.0.1/24\nexit\nrouter bgp 65001\n no bgp ebgp-requires-policy\n";

const router = (config = BASE): Router =>
  routerInMemory({ hostname: "r1", version: "8.4.4", ports: PORTS }, new ManualClock(), config);
const typist = () => ({ user: "root", via: "terminal", sitting: {} });

/** All that was said to these lines of configuration mode. */
function type(on: Router, ...lines: string[]): string {
  const shell = new Vtysh(on, typist()).configure();
  return lines.map((line) => shell.line(line)).reduce((all, { out, err }) => all + out + err, "");
}

const runs = (on: Router, argv: readonly string[], files: Record<string, string> = {}) =>
  vtysh(on, { argv, typist: typist(), read: (path) => files[path] ?? on.files.read(path) });
const reloads = (on: Router, kind: "--test" | "--reload", text: string) =>
  frrReload(on, {
    argv: [kind, "--stdout", "/snap"],
    typist: typist(),
    read: (path) => (path === "/snap" ? text : undefined),
  });

describe("the grammar", () => {
  const grammar = new Grammar<string>();
  grammar.add("ip route A.B.C.D/M$to <A.B.C.D$via|blackhole|INTERFACE$port> {tag (1-9)$tag|(1-255)$distance}", "route");
  grammar.add("ip prefix-list WORD [description LINE...$text]", "list");
  grammar.add("ipv6 route X:X::X:X/M", "six");
  test.each([
    ["ip ro 10.0.0.0/8 black", "route"],
    ["ip route 10.0.0.0/8 10.0.0.1 7 tag 3", "route"],
    ["ip p NAME description many  words", "list"],
    ["ipv6 route 2001:db8::/32", "six"],
    ["ipv6 route 2001:db8::1::2/32", "unknown"],
    ["ip route 10.0.0.0/33 10.0.0.1", "unknown"],
    ["ip route 10.0.0.0/8 10.0.0.1 256", "unknown"],
    ["ip route 10.0.0.0/8", "incomplete"],
    ["i route", "ambiguous"],
    ["IP route", "unknown"],
    ["", "unknown"],
  ])("%s: %s", (line, expected) => {
    const match = grammar.match(line);
    expect(match.kind === "matched" ? match.typed.command : match.kind).toBe(expected);
  });
  test("gives what was typed by name, keywords in full, and a rest with single blanks", () => {
    expect(grammar.match("ip route 10.0.0.0/8 eth0 tag 3")).toMatchObject({
      typed: { args: { to: "10.0.0.0/8", port: "eth0", tag: "3" } },
    });
    expect(grammar.match("ip p NAME desc many   words")).toMatchObject({
      typed: { words: ["ip", "prefix-list", "NAME", "description", "many words"], args: { text: "many words" } },
    });
  });
});

describe("what is typed and what is shown", () => {
  test.each([
    ["ip prefix-list P permit 10.0.0.1/8", "ip prefix-list P seq 5 permit 10.0.0.0/8\n"],
    ["hostname other", undefined],
    ["no ip forwarding", "no ip forwarding\n"],
    ["router-id 1.1.1.1", "ip router-id 1.1.1.1\n"],
    ["ip route 10.66.1.1 255.255.0.0 10.20.0.9 50", "ip route 10.66.0.0/16 10.20.0.9 50\n"],
    ["ipv6 route 2001:DB8:0:0::1/48 blackhole", "ipv6 route 2001:db8::/48 blackhole\n"],
    [
      "router bgp 65001\n neighbor 10.20.0.2 remote-as 65002\n neighbor 10.20.0.2 prefix-list P out",
      " !\n address-family ipv4 unicast\n  neighbor 10.20.0.2 prefix-list P out\n exit-address-family\n",
    ],
    ["router bgp 65001\n network 10.77.1.1/16", "  network 10.77.0.0/16\n"],
    ["router bgp 65001\n timers bgp 20 5", " timers bgp 1 5\n"],
    [
      "interface eth99\n description not there\ninterface nothing",
      "interface eth99\n description not there\nexit\n!\n",
    ],
    [
      "route-map R permit 10\n set metric 5\n continue 20",
      "route-map R permit 10\n on-match goto 20\n set metric 5\nexit\n",
    ],
  ])("%s", (typed, shown) => {
    const one = router();
    const before = one.running();
    expect(type(one, ...typed.split("\n"))).toBe("");
    if (shown === undefined) expect(one.running()).toBe(before);
    else expect(one.running()).toContain(shown);
  });

  test.each([
    ["foo bar", "% Unknown command: foo bar\n"],
    ["ip route", "% Command incomplete: ip route\n"],
    ["router bgp 65099", "BGP is already running; AS is 65001\n"],
    ["no router bgp 65099", "% Can't find BGP instance\n"],
    ["router ospf", "% Unknown command: router ospf\n"],
    [
      "ip prefix-list P permit 10.0.0.0/24 le 8",
      "% Configuration failed.\n\nError type: validation\nError description: Invalid prefix range for 10.0.0.0/24: Make sure that mask length <= ge <= le\n",
    ],
    ["no ip prefix-list NEVER", ""],
    ["no ip route 10.1.0.0/16 10.20.0.9", "% Refusing to remove a non-existent route\n"],
    [
      "no interface eth0",
      "% Configuration failed.\n\nError type: validation\nError description: only inactive interfaces can be deleted\n",
    ],
    ["interface eth0\nno ip address 10.9.9.9/24", "% Can't find address\n"],
    ["router bgp 65001\n neighbor 10.20.0.2 description x", "% Specify remote-as or peer-group commands first\n"],
    ["router bgp 65001\n neighbor 10.20.0.2 peer-group NOSUCH", "% Configure the peer-group first\n"],
    ["router bgp 65001\n no network 10.1.0.0/16", "% Can't find static route specified\n"],
    [
      "router bgp 65001\n neighbor 10.20.0.2 remote-as 65002\n neighbor 10.20.0.2 a",
      "% Ambiguous command:  neighbor 10.20.0.2 a\n",
    ],
    ["route-map R permit 10\n no description words", "% Unknown command:  no description words\n"],
    ["route-map R deny 10\n on-match next", "% Configuration failed.\n\nError type: validation\n"],
    [
      "router bgp 65001\n neighbor 10.20.0.2 remote-as 65002\n neighbor 10.20.0.2 route-map R in",
      "The route-map 'R' does not exist.\n",
    ],
  ])("%s: what is said", (typed, said) => {
    expect(type(router(), ...typed.split("\n"))).toBe(said);
  });

  test("with a neighbour go its lines, with a peer-group its members, with the group's AS those that had none", () => {
    const one = router();
    const lines = [
      "neighbor PG peer-group",
      "neighbor PG remote-as external",
      "neighbor 10.20.0.2 peer-group PG",
      "neighbor 10.20.0.3 remote-as 65003",
    ];
    type(one, "router bgp 65001", ...lines, "neighbor 10.20.0.3 weight 5");
    expect(one.running()).toContain(" neighbor 10.20.0.2 peer-group PG\n");
    type(one, "router bgp 65001", "no neighbor PG remote-as external", "no neighbor 10.20.0.3");
    expect(one.running()).not.toMatch(/10\.20\.0\.[23]/);
    expect(one.running()).toContain(" neighbor PG peer-group\n");
  });

  test("a line that the mode does not know is the mode's above, and leaves it there", () => {
    const shell = new Vtysh(router(), typist());
    const prompts = ["configure terminal", "router bgp", "address-family ipv4", "interface eth0", "exit", "end"].map(
      (line) => {
        shell.line(line);
        return shell.prompt;
      },
    );
    expect(prompts).toEqual([
      "r1(config)# ",
      "r1(config-router)# ",
      "r1(config-router-af)# ",
      "r1(config-if)# ",
      "r1(config)# ",
      "r1# ",
    ]);
  });

  test("what runs is what its own text makes, for any lines", () => {
    const one = routerInMemory(
      { hostname: "r1", version: "8.4.4", ports: PORTS },
      new ManualClock(),
      sampleFrrLinux({ seed: 3 }).config,
    );
    const random = randomFrom(7);
    const lines = one
      .running()
      .split("\n")
      .filter((line) => !/^(?:frr|hostname|service|!|end)/.test(line));
    for (let at = 0; at < 60; at += 1) {
      const line = lines[Math.floor(random() * lines.length)] ?? "";
      type(one, "router bgp 64512", random() < 0.5 ? line : `no ${line.trim()}`);
    }
    expect(one.running(one.load(one.running()))).toBe(one.running());
  });
});

describe("vtysh's own options", () => {
  test("-c stops at the first refused line; some words are no failure", () => {
    const one = router();
    const conf = ["-c", "configure terminal"];
    expect(
      runs(one, [...conf, "-c", "ip prefix-list A permit any", "-c", "foo", "-c", "ip prefix-list B permit any"]),
    ).toEqual({
      out: "% Unknown command: foo\n",
      err: "",
      code: 1,
    });
    expect(one.running()).toContain("list A ");
    expect(one.running()).not.toContain("list B ");
    expect(
      runs(one, [...conf, "-c", "no ip route 10.1.0.0/16 blackhole", "-c", "ip prefix-list C permit any"]),
    ).toMatchObject({ code: 0 });
    expect(one.running()).toContain("list C ");
  });

  test("-f goes on after one, -C touches nothing and names every bad line", () => {
    const one = router();
    const text = "router bgp 65001\n neighbor 10.20.0.2 peer-group NO\n neighbor 10.20.0.3 remote-as 65003\nexit\n";
    expect(runs(one, ["-f", "/x"], { "/x": text })).toEqual({
      out: "% Configure the peer-group first\n",
      err: "line 2: Failure to communicate[13] to bgpd, line:  neighbor 10.20.0.2 peer-group NO\n\n",
      code: 13,
    });
    expect(one.running()).toContain("neighbor 10.20.0.3 remote-as 65003");
    const before = one.running();
    expect(runs(one, ["-C", "-f", "/x"], { "/x": text.replace("65001", "7") })).toEqual({ out: "", err: "", code: 0 });
    const bad = "ip prefix-lisd X\nrouter bgp 5\n neighbor 10.0.0.1\nshow version\nexit\ninterface eth0\n foo\n";
    expect(runs(one, ["-C", "-f", "/x"], { "/x": bad })).toEqual({
      out: "",
      err: "line 1: % Unknown command[4]: ip prefix-lisd X\nline 3: % Command incomplete[25]:  neighbor 10.0.0.1\n\nline 4: % Unknown command[25]: show version\nline 7: % Unknown command[17]:  foo\n",
      code: 2,
    });
    expect(runs(one, ["-C", "-f", "/nope"])).toMatchObject({ code: 11 });
    expect(one.running()).toBe(before);
  });

  test("write keeps what runs without its end, and the former file beside it", () => {
    const one = router();
    type(one, "ip prefix-list A permit any");
    const former = one.files.read(FRR_CONF);
    expect(runs(one, ["-c", "write memory"]).out).toMatch(
      /^Note: .*\nBuilding Configuration\.\.\.\n.* \/etc\/frr\/frr\.conf\n\[OK\]\n$/,
    );
    expect(`${one.files.read(FRR_CONF)}end\n`).toBe(one.running());
    expect(one.files.read(`${FRR_CONF}.sav`)).toBe(former);
  });

  test("a daemon that does not run is named, and its part of the configuration is missing without a word", () => {
    const one = router();
    one.alive.delete("bgpd");
    expect(one.running()).not.toContain("router bgp");
    expect(runs(one, ["-c", "configure terminal", "-c", "router bgp 65001"])).toEqual({
      out: "",
      err: "bgpd is not running\n",
      code: 1,
    });
    expect(runs(one, ["-c", "show watchfrr"]).out).toContain("  bgpd                 Down\n");
    expect(runs(one, ["-c", "show bgp summary json"])).toMatchObject({ err: "bgpd is not running\n", code: 1 });
    expect(reloads(one, "--reload", "!\n")).toMatchObject({ code: 1 });
  });
});

test("watchfrr starts a dead daemon again, from what was saved: what others hold too is still there", () => {
  const clock = new ManualClock();
  const one = routerInMemory({ hostname: "r1", version: "8.4.4", ports: PORTS }, clock, BASE);
  type(
    one,
    "router bgp",
    "neighbor 10.20.0.2 remote-as 65002",
    "ip prefix-list P permit any",
    "ip route 10.1.0.0/16 blackhole",
  );
  type(one, "route-map R permit 10", "match tag 7", "match as-path A");
  one.kill("bgpd", 5_000);
  expect(one.running()).not.toContain("bgp");
  clock.advance(5_000);
  expect(one.running()).toContain("router bgp 65001\n no bgp ebgp-requires-policy\nexit\n");
  expect(one.running()).toContain("ip prefix-list P seq 5 permit any\n");
  expect(one.running()).toContain("ip route 10.1.0.0/16 blackhole\n");
  expect(one.running()).toContain("route-map R permit 10\n match tag 7\nexit\n");
});

describe("frr-reload.py", () => {
  test("leads back to a snapshot, saves it, and says what it would do", () => {
    const one = router();
    const snapshot = one.running();
    expect(reloads(one, "--test", snapshot)).toEqual({ out: "", err: "", code: 0 });
    type(
      one,
      "no router bgp",
      "interface eth0",
      "no ip address 10.20.0.1/24",
      "description x",
      "route-map R permit 10",
      "ip prefix-list L permit any",
    );
    expect(reloads(one, "--test", snapshot).out).toMatch(
      /Lines To Delete\n=+\n[^]*description x[^]*Lines To Add\n=+\n/,
    );
    expect(reloads(one, "--reload", snapshot)).toMatchObject({ code: 0 });
    expect(one.running()).toBe(snapshot);
    expect(one.files.read(FRR_CONF)).toBe(snapshot.replace("end\n", ""));
  });

  test("what comes back stands behind the others; a header is no configuration; what it cannot remove it shortens", () => {
    const one = router();
    type(one, "ip prefix-list A permit any", "ip prefix-list B permit any");
    const snapshot = one.running();
    type(one, "no ip prefix-list A");
    reloads(one, "--reload", snapshot);
    expect(one.running()).toMatch(/list B .*\nip prefix-list A /);
    expect(reloads(one, "--reload", `Building configuration...\n${snapshot}`)).toMatchObject({ code: 1 });
    type(one, "router bgp 65001", "neighbor 10.20.0.9 remote-as 65009", "neighbor 10.20.0.9 timers connect 5");
    const { err, code } = reloads(one, "--reload", snapshot);
    expect([code, err.includes("Failed to execute no neighbor 10.20.0.9 timers connect 5")]).toEqual([0, true]);
    expect(one.running()).not.toContain("10.20.0.9");
  });
});
