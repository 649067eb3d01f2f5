import { readFile } from "node:fs/promises";
import { afterEach, describe, expect, test } from "vitest";
import { ManualClock } from "../../../shared/clock.ts";
import type { SimulatedDevice } from "../../device.ts";
import { connectNetconf, textsAt, type TestNetconf } from "../../netconf/test-client.ts";
import { XNM } from "../../netconf/names.ts";
import { element, parseXml, printXml } from "../../netconf/xml.ts";
import { SIMULATORS } from "../../registry.ts";
import { connectTestClient } from "../../ssh/test-client.ts";
import { parseConfig } from "../config/load.ts";
import { printBraces } from "../config/print.ts";
import { emptyConfig, prune } from "../config/tree.ts";
import { startJuniperJunos, type JuniperJunosConfigInput } from "../index.ts";
import { elementsOf } from "./elements.ts";
import { readInto } from "./read.ts";

const MINUTE_MS = 60_000;
const PROMPT = /netops@[\w.-]+[#>] $/;
const open: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

const made = SIMULATORS.juniper_junos.sample({ seed: 1, index: 0, interfaces: 4, username: "netops" });

async function boot(options: Partial<JuniperJunosConfigInput> = {}) {
  const clock = new ManualClock();
  const device = await startJuniperJunos(
    { name: "dut", config: made.config, hostKeySeed: "dut", ...options },
    { clock },
  );
  open.push(() => device.stop());
  return { device, clock };
}

async function connect(device: SimulatedDevice): Promise<TestNetconf> {
  const session = await connectNetconf(device);
  open.push(() => session.end());
  return session;
}

const loadText = (text: string, action = "merge"): string =>
  `<load-configuration action="${action}" format="text"><configuration-text>${text}</configuration-text></load-configuration>`;
const ROUTE = loadText("routing-options { static { route 198.51.100.0/24 discard; } }");
const LINE = "route 198.51.100.0/24 discard;";

function roundTrip(text: string): string {
  const xml = printXml(element(XNM, "configuration", elementsOf(parseConfig(emptyConfig(), text))));
  const tree = emptyConfig();
  readInto(tree, parseXml(xml), [], { meets: () => undefined });
  prune(tree);
  return printBraces(tree);
}

describe("the configuration as XML", () => {
  test("comes back as it went, in the tags of Junos", () => {
    expect(roundTrip(made.config)).toBe(made.config);
    const xml = printXml(element(XNM, "configuration", elementsOf(parseConfig(emptyConfig(), made.config))));
    expect(xml).toContain(
      "<interface><name>lo0</name><unit><name>0</name><family><inet><address><name>192.0.0.1/32</name></address></inet></family></unit></interface>",
    );
    expect(xml).toContain(
      "<prefix-list><name>PL-IN</name><prefix-list-item><name>10.0.0.0/24</name></prefix-list-item>",
    );
    expect(xml).toContain("<file><name>messages</name><contents><name>any</name><notice/></contents>");
  });

  const corpus = process.env.FARHAND_CORPUS;
  if (corpus === undefined)
    console.log("simulators/juniper_junos: no FARHAND_CORPUS, the recorded configuration is skipped");
  test.skipIf(corpus === undefined)(
    `of a recorded SRX300 too${corpus === undefined ? ": FARHAND_CORPUS does not name a folder" : ""}`,
    async () => {
      const lines = (await readFile(`${corpus}/oxidized/junos__srx300_22.4__output.txt`, "utf8")).split("\n");
      const text = lines
        .slice(lines.findIndex((line) => line.startsWith("version ")))
        .filter((line) => !/^#(?: |$)/.test(line))
        .join("\n");
      expect(roundTrip(`${text.trimEnd()}\n`)).toBe(`${text.trimEnd()}\n`);
    },
  );
});

describe("NETCONF", () => {
  test("greets as Junos does and reads what the CLI shows", async () => {
    const { device } = await boot();
    const session = await connect(device);
    expect(session.lastText()).toMatch(/^<!-- No zombies were killed/);
    expect(session.capabilities).toContain("http://xml.juniper.net/netconf/junos/1.0");
    expect(session.capabilities).not.toContain("urn:ietf:params:netconf:base:1.1");
    await session.ask("<get-config><source><running/></source></get-config>");
    const whole = parseXml(session.lastText());
    const tree = emptyConfig();
    readInto(tree, whole.children[0]?.children[0] ?? whole, [], { meets: () => undefined });
    prune(tree);
    expect(printBraces(tree)).toBe(device.runningConfig());
    const part = await session.ask(
      '<get-config><source><running/></source><filter type="subtree"><configuration><interfaces><interface><name>lo0</name></interface></interfaces></configuration></filter></get-config>',
    );
    expect(textsAt(part, "data", "configuration", "interfaces", "interface", "name")).toEqual(["lo0"]);
    const facts = await session.ask("<get-system-information/>");
    expect(textsAt(facts, "system-information", "serial-number")).toEqual([device.serial]);
    expect(textsAt(await session.ask('<command format="text">show version</command>'), "output")[0]).toContain(
      "Junos: ",
    );
  });

  test("loads text, set lines and XML into the candidate of the CLI", async () => {
    const { device } = await boot();
    const session = await connect(device);
    expect(await session.tags(ROUTE)).toBe("load-configuration-results");
    expect(
      await session.tags(
        '<load-configuration action="set" format="text"><configuration-set>set system location floor 3</configuration-set></load-configuration>',
      ),
    ).toBe("load-configuration-results");
    expect(
      await session.tags(
        '<edit-config><target><candidate/></target><config><configuration><system><ntp operation="delete"/><location><building>HQ</building></location></system></configuration></config></edit-config>',
      ),
    ).toBe("ok");
    const [diff] = textsAt(
      await session.ask('<get-configuration compare="rollback" rollback="0" format="text"/>'),
      "configuration-information",
      "configuration-output",
    );
    const cli = await connectTestClient(device);
    open.push(() => cli.end());
    await cli.waitFor(PROMPT);
    await cli.type("set cli screen-length 0\n", PROMPT);
    expect(await cli.type("configure\n", PROMPT)).toContain("The configuration has been changed but not committed");
    expect((await cli.type("show | compare\n", PROMPT)).replaceAll("\r", "")).toContain(diff?.trim());
    expect(diff).toContain("+       building HQ;\n+       floor 3;");
    expect(await session.tags("<commit/>")).toBe("ok");
    expect(device.runningConfig()).toContain("building HQ;");
    expect(await cli.type("run show system commit\n", PROMPT)).toMatch(/0 {3}.* by netops via netconf\r\n/);
  });

  test("names the element and the place that it does not know", async () => {
    const { device } = await boot();
    const session = await connect(device);
    await session.ask(
      "<load-configuration><configuration><interfaces><interface><name>ge-0/0/1</name><unt><name>0</name></unt></interface></interfaces></configuration></load-configuration>",
    );
    expect(session.lastText()).toContain("<error-path>[edit interfaces ge-0/0/1]</error-path>");
    expect(session.lastText()).toContain("<bad-element>unt</bad-element>");
    expect(await session.tags(loadText("system { nonsense 1; }"))).toBe("operation-failed");
    expect(await session.tags('<get-configuration compare="rollback" rollback="0" format="text"/>')).toBe(
      "configuration-information",
    );
    expect(await session.tags("<frob/>")).toBe("operation-failed");
  });

  test("counts minutes in one commit and seconds in the other", async () => {
    const { device, clock } = await boot();
    const session = await connect(device);
    const before = device.runningConfig();
    await session.ask(ROUTE);
    expect(
      await session.tags(
        "<commit-configuration><confirmed/><confirm-timeout>2</confirm-timeout><log>job 9</log></commit-configuration>",
      ),
    ).toBe("ok");
    expect(device.pendingRollback()?.deadlineMs).toBe(clock.nowMs() + 2 * MINUTE_MS);
    const history = await session.ask("<get-commit-information/>");
    expect(textsAt(history, "commit-information", "commit-history", "comment")).toEqual([
      "commit confirmed, rollback in 2mins",
    ]);
    expect(textsAt(history, "commit-information", "commit-history", "commit-confirmed")).toEqual(["rollback pending"]);
    clock.advance(2 * MINUTE_MS);
    expect(device.runningConfig()).toBe(before);
    await session.ask(ROUTE);
    await session.ask("<commit><confirmed/><confirm-timeout>120</confirm-timeout></commit>");
    expect(device.pendingRollback()?.deadlineMs).toBe(clock.nowMs() + 2 * MINUTE_MS);
    expect(await session.tags("<commit-configuration><check/></commit-configuration>")).toBe("ok");
    expect(device.pendingRollback()).toBeUndefined();
    expect(device.runningConfig()).toContain(LINE);
  });

  test("a lost session leaves its confirmed commit waiting, a killed one takes it back", async () => {
    const { device, clock } = await boot();
    const first = await connect(device);
    await first.ask(ROUTE);
    await first.ask("<commit><confirmed/></commit>");
    await first.end();
    expect(device.pendingRollback()?.deadlineMs).toBe(clock.nowMs() + 10 * MINUTE_MS);
    const second = await connect(device);
    expect(await second.tags("<commit/>")).toBe("ok");
    await second.ask(loadText("system { location { floor 1; } }"));
    await second.ask("<commit><confirmed/></commit>");
    const third = await connect(device);
    expect(await third.tags(`<kill-session><session-id>${second.sessionId}</session-id></kill-session>`)).toBe("ok");
    await second.closed;
    expect(device.pendingRollback()).toBeUndefined();
    expect(device.runningConfig()).not.toContain("floor 1;");
    expect(device.runningConfig()).toContain(LINE);
  });

  test("shares the lock with the CLI, and its changes go with it", async () => {
    const { device } = await boot();
    const session = await connect(device);
    expect(await session.tags("<lock><target><candidate/></target></lock>")).toBe("ok");
    await session.ask(ROUTE);
    const cli = await connectTestClient(device);
    open.push(() => cli.end());
    await cli.waitFor(PROMPT);
    expect(await cli.type("configure exclusive\n", PROMPT)).toMatch(
      /configuration database locked by:\r\n {2}netops terminal/,
    );
    const other = await connect(device);
    expect(await other.tags("<lock><target><candidate/></target></lock>")).toBe("lock-denied");
    await session.end();
    await expect.poll(() => other.tags("<lock-configuration/>")).toBe("ok");
    expect(await other.tags("<commit/>")).toBe("ok");
    expect(device.applyCount()).toBe(0);
    expect(await other.tags("<unlock-configuration/>")).toBe("ok");
  });

  test("a private copy commits what it changed and knows no confirmed commit", async () => {
    const { device } = await boot();
    const session = await connect(device);
    expect(await session.tags("<open-configuration><private/></open-configuration>")).toBe("ok");
    await session.ask(ROUTE);
    expect(await session.tags("<commit-configuration><confirmed/></commit-configuration>")).toBe("operation-failed");
    device.mutate(["set system location floor 2"]);
    expect(await session.tags("<commit-configuration/>")).toBe("ok");
    expect(device.runningConfig()).toContain(LINE);
    expect(device.runningConfig()).toContain("floor 2;");
  });

  test("says at the commit what is missing", async () => {
    const { device } = await boot();
    const session = await connect(device);
    await session.ask(loadText("interfaces { ge-0/0/0 { unit 0 { family inet { filter { input NOPE; } } } } }"));
    expect(await session.tags("<validate><source><candidate/></source></validate>")).toBe(
      "operation-failed operation-failed",
    );
    expect(session.lastText()).toContain(
      "<error-path>[edit interfaces ge-0/0/0 unit 0 family inet filter]</error-path>",
    );
    expect(session.lastText()).toContain("Referenced filter 'NOPE' is not defined");
    expect(await session.tags("<discard-changes/>")).toBe("ok");
    expect(await session.tags("<commit/>")).toBe("ok");
  });

  test("is closed where it is not configured", async () => {
    const { device } = await boot();
    device.mutate(["delete system services netconf"]);
    await expect(connectNetconf(device)).rejects.toThrow();
  });
});

describe("faults over NETCONF", () => {
  test("refuse-line, authorization-denied, wrong-privilege", async () => {
    const { device } = await boot();
    const session = await connect(device);
    device.setFault({ kind: "refuse-line", match: "198.51.100" });
    expect(await session.tags(ROUTE)).toBe("operation-failed");
    device.clearFault();
    device.setFault({ kind: "authorization-denied", match: "198.51.100" });
    await session.ask(
      "<load-configuration><configuration><routing-options><static><route><name>198.51.100.0/24</name><discard/></route></static></routing-options></configuration></load-configuration>",
    );
    expect(session.lastText()).toContain("permission denied");
    device.clearFault();
    device.setFault({ kind: "wrong-privilege" });
    await session.ask(ROUTE);
    expect(session.lastText()).toContain("<error-tag>access-denied</error-tag>");
  });

  test("hang, drop before and after, tiny chunks", async () => {
    const { device } = await boot();
    device.setFault({ kind: "tiny-chunks", chunkBytes: 3 });
    const session = await connect(device);
    await session.ask(ROUTE);
    device.setFault({ kind: "drop", at: "^commit", moment: "after" });
    const dropped = session.tags("<commit/>").catch(() => "gone");
    expect(["gone", "ok"]).toContain(await dropped);
    await session.closed;
    expect(device.runningConfig()).toContain(LINE);
    device.clearFault();
    device.setFault({ kind: "drop", at: "^get-config", afterBytes: undefined });
    const next = await connect(device);
    await expect(next.ask("<get-config><source><running/></source></get-config>")).rejects.toThrow();
    device.clearFault();
    device.setFault({ kind: "hang", at: "^commit" });
    const silent = await connect(device);
    const asked = silent.ask("<commit/>").then(
      () => "answered",
      () => "closed",
    );
    const other = await connect(device);
    expect(await other.tags("<get-system-information/>")).toBe("system-information");
    await silent.end();
    expect(await asked).toBe("closed");
  });

  test("stale-candidate, confirm-lost, unreachable-after-apply", async () => {
    const { device, clock } = await boot();
    const session = await connect(device);
    device.setFault({ kind: "stale-candidate", lines: ["set system location floor 9"] });
    await session.ask("<lock><target><candidate/></target></lock>");
    expect(session.lastText()).toContain("configuration database modified");
    device.clearFault();
    await session.ask("<discard-changes/>");
    device.setFault({ kind: "confirm-lost" });
    await session.ask(ROUTE);
    await session.ask("<commit><confirmed/></commit>");
    expect(await session.tags("<commit/>")).toBe("ok");
    clock.advance(10 * MINUTE_MS);
    expect(device.runningConfig()).not.toContain(LINE);
    device.setFault({ kind: "unreachable-after-apply" });
    await session.ask(ROUTE);
    session.send(
      '<rpc xmlns="urn:ietf:params:xml:ns:netconf:base:1.0" message-id="9"><commit><confirmed/></commit></rpc>',
    );
    await session.closed;
    await expect(connectNetconf(device)).rejects.toThrow();
    clock.advance(10 * MINUTE_MS);
    await connect(device);
    expect(device.runningConfig()).not.toContain(LINE);
  });
});
