import { afterEach, describe, expect, test } from "vitest";
import { Bench, errorOf } from "./test-bench.ts";
import { textsAt, type TestNetconf } from "./test-client.ts";
import { editCandidate, editRunning, getConfig, lockOf, validateOf } from "./test-requests.ts";
import { IOSXE_HARDWARE, IOSXE_NATIVE, XNM } from "./names.ts";

let bench = new Bench();
afterEach(async () => {
  await bench.end();
  bench = new Bench();
});

describe("IOS-XE", () => {
  const native = (inside: string): string => `<native xmlns="${IOSXE_NATIVE}">${inside}</native>`;

  test("writes running at once, as after `netconf-yang` alone, and every edit is all or nothing", async () => {
    const device = await bench.start({ personality: "iosxe", serial: "9XE" });
    const session = await bench.connect(device);
    expect(session.capabilities.filter((one) => /:candidate:|:confirmed-commit:/.test(one))).toEqual([]);
    expect(await session.tags(editRunning(native("<hostname>core1</hostname>")))).toBe("ok");
    expect(device.hostname()).toBe("core1");
    const half = native(
      "<hostname>core2</hostname><interface><GigabitEthernet><name>x</name></GigabitEthernet></interface>",
    );
    expect(await errorOf(session, editRunning(half))).toMatchObject({
      tag: "invalid-value",
      path: "/native/interface/GigabitEthernet[name='x']/name",
    });
    expect(device.hostname()).toBe("core1");
    expect(await session.tags(editRunning(native("<spaceship/>")))).toBe("unknown-element");
    const hardware = await session.ask(`<get><filter><device-hardware-data xmlns="${IOSXE_HARDWARE}"/></filter></get>`);
    const path = ["data", "device-hardware-data", "device-hardware", "device-inventory", "serial-number"];
    expect(textsAt(hardware, ...path)).toEqual(["9XE"]);
  });

  test("boots what was saved, and nothing else", async () => {
    const device = await bench.start({ personality: "iosxe" });
    const session = await bench.connect(device);
    await session.tags(editRunning(native("<hostname>saved</hostname>")));
    expect(await session.tags('<save-config xmlns="http://cisco.com/yang/cisco-ia"/>')).toBe("result");
    await session.tags(editRunning(native("<hostname>unsaved</hostname>")));
    device.reboot(1000);
    bench.clock.advance(1000);
    expect(device.hostname()).toBe("saved");
  });

  test("with its candidate: one for all, and a commit takes everybody's changes along", async () => {
    const device = await bench.start({
      personality: "iosxe",
      abilities: { candidate: "shared", writableRunning: false, confirmedCommit: "1.1" },
    });
    const [a, b] = [await bench.connect(device), await bench.connect(device)];
    expect(await a.tags(editRunning(native("<hostname>x1</hostname>")))).toBe("invalid-value");
    await a.tags(editCandidate(native("<hostname>x1</hostname>")));
    await a.end();
    expect(await b.tags(lockOf("candidate"))).toBe("lock-denied");
    await b.tags(editCandidate(native("<contact>noc</contact>")));
    expect(await b.tags("<commit/>")).toBe("ok");
    expect(device.hostname()).toBe("x1");
  });

  test("a list with two keys, and an entry below an entry", async () => {
    const device = await bench.start({ personality: "iosxe" });
    const session = await bench.connect(device);
    const route = (inside: string, op = ""): string =>
      native(
        `<ip><route><ip-route-interface-forwarding-list${op}><prefix>10.9.0.0</prefix><mask>255.255.0.0</mask>${inside}</ip-route-interface-forwarding-list></route></ip>`,
      );
    expect(await session.tags(editRunning(route("<fwd-list><fwd>192.0.2.1</fwd><metric>5</metric></fwd-list>")))).toBe(
      "ok",
    );
    expect(await session.tags(editRunning(route("<fwd-list><fwd>192.0.2.1</fwd><metric>7</metric></fwd-list>")))).toBe(
      "ok",
    );
    expect(device.runningConfig().match(/<metric>\d<\/metric>/g)).toEqual(["<metric>7</metric>"]);
    const remove = ' xmlns:nc="urn:ietf:params:xml:ns:netconf:base:1.0" nc:operation="delete"';
    expect(await session.tags(editRunning(route("", remove)))).toBe("ok");
    expect(device.runningConfig()).not.toContain("10.9.0.0");
  });
});

describe("Junos", () => {
  const start = () => bench.start({ personality: "junos", serial: "JN1" });
  const configuration = (inside: string, attributes = ""): string =>
    `<configuration${attributes}>${inside}</configuration>`;
  const named = (name: string): string => configuration(`<system><host-name>${name}</host-name></system>`);
  const load = (inside: string, action = "merge"): string =>
    `<load-configuration action="${action}">${inside}</load-configuration>`;
  const bare = (session: TestNetconf): string => session.lastText();

  test("speaks 1.0, with comments before its hello and without the base namespace in its replies", async () => {
    const session = await bench.connect(await start());
    expect(session.capabilities).not.toContain("urn:ietf:params:netconf:base:1.1");
    expect(session.bytes().toString()).toMatch(
      /^<!-- No zombies[^\n]*-->\n<!-- user netops, class j-super-user -->\n<hello xmlns=/,
    );
    await session.ask(getConfig());
    expect(bare(session)).toMatch(
      /^<rpc-reply message-id="1">\s*<data>\s*<configuration xmlns="http:\/\/xml.juniper.net\/xnm\/1.1\/xnm">/,
    );
    const filter = getConfig("running", configuration("<system><host-name/></system>"));
    expect(textsAt(await session.ask(filter), "data", "configuration", "system", "host-name")).toEqual(["nc0001-rtr"]);
  });

  test("the timeout of <commit> is seconds, or minutes on a box of an older guide; that of <commit-configuration> minutes", async () => {
    for (const confirmTimeoutUnit of ["seconds", "minutes"] as const) {
      const device = await bench.start({ personality: "junos", abilities: { confirmTimeoutUnit } });
      const session = await bench.connect(device);
      await session.tags(editCandidate(named("one")));
      await session.tags("<commit><confirmed/><confirm-timeout>90</confirm-timeout></commit>");
      const unitMs = confirmTimeoutUnit === "seconds" ? 1000 : 60_000;
      expect(device.pendingRollback()?.deadlineMs).toBe(bench.clock.nowMs() + 90 * unitMs);
      await session.tags(
        "<commit-configuration><confirmed/><confirm-timeout>2</confirm-timeout></commit-configuration>",
      );
      expect(device.pendingRollback()?.deadlineMs).toBe(bench.clock.nowMs() + 120_000);
      const told = await session.ask("<get-commit-information/>");
      expect(textsAt(told, "commit-information", "commit-history", "comment")).toEqual([
        "commit confirmed, rollback in 2mins",
      ]);
      bench.clock.advance(120_000);
      expect(device.hostname()).toBe("nc0001-rtr");
    }
  });

  test.each([
    ["a commit of another session", "<commit/>"],
    ["a commit check", "<commit-configuration><check/></commit-configuration>"],
    ["a validation", validateOf("<candidate/>")],
  ])("%s confirms", async (_name, operation) => {
    const device = await start();
    const [a, b] = [await bench.connect(device), await bench.connect(device)];
    await a.tags(editCandidate(named("one")));
    await a.tags("<commit><confirmed/></commit>");
    expect(await b.tags(operation)).toBe("ok");
    bench.clock.advance(3_600_000);
    expect(device.hostname()).toBe("one");
  });

  test("a commit outlives its session, but not its session's killing", async () => {
    const device = await start();
    const [a, b] = [await bench.connect(device), await bench.connect(device)];
    await a.tags(editCandidate(named("one")));
    await a.tags("<commit><confirmed/></commit>");
    await a.end();
    expect(device.pendingRollback()).toBeDefined();
    await b.tags("<commit/>");
    await b.tags(editCandidate(named("two")));
    await b.tags("<commit><confirmed/></commit>");
    const c = await bench.connect(device);
    expect(await c.tags(`<kill-session><session-id>${b.sessionId}</session-id></kill-session>`)).toBe("ok");
    expect(device.hostname()).toBe("one");
  });

  test("load, look, roll back; what is not there to delete is a warning, what it does not know a syntax error", async () => {
    const device = await start();
    const session = await bench.connect(device);
    expect(await session.tags("<lock-configuration/>")).toBe("ok");
    expect(await session.tags(load(named("one")))).toBe("load-configuration-results");
    const look = (database: string): string =>
      `<get-configuration database="${database}">${configuration("<system><host-name/></system>")}</get-configuration>`;
    const name = ["configuration", "system", "host-name"];
    expect(textsAt(await session.ask(look("candidate")), ...name)).toEqual(["one"]);
    expect(textsAt(await session.ask(look("committed")), ...name)).toEqual(["nc0001-rtr"]);
    expect(await session.tags("<commit-configuration/>")).toBe("ok");
    expect(await session.tags('<load-configuration rollback="1"/>')).toBe("load-configuration-results");
    expect(textsAt(await session.ask(look("candidate")), ...name)).toEqual(["nc0001-rtr"]);
    expect(await session.tags('<load-configuration rollback="40"/>')).toBe("operation-failed");
    await session.ask(load(configuration('<snmp delete="delete"/>')));
    expect(bare(session)).toMatch(/<error-severity>warning<.*statement not found.*<ok\/>/s);
    expect(await errorOf(session, load(configuration("<spaceship/>")))).toMatchObject({
      message: "syntax error",
      "bad-element": "spaceship",
    });
    expect(await errorOf(session, "<make-coffee/>")).toMatchObject({ message: "syntax error" });
    expect(await session.tags(editCandidate(configuration('<snmp operation="delete"/>')))).toBe(
      "warning:operation-failed ok",
    );
    expect(device.hostname()).toBe("one");
  });

  test("override leaves what was sent; entries are told by their name; leaves that repeat add up", async () => {
    const device = await start();
    const session = await bench.connect(device);
    await session.ask(
      load(configuration("<apply-groups>a</apply-groups><system><host-name>x</host-name></system>"), "override"),
    );
    await session.ask(
      load(
        configuration(
          "<apply-groups>b</apply-groups><interfaces><interface><name>ge-0/0/1</name><mtu>1500</mtu></interface></interfaces>",
        ),
      ),
    );
    await session.ask(
      load(configuration("<interfaces><interface><name>ge-0/0/1</name><mtu>9000</mtu></interface></interfaces>")),
    );
    await session.ask("<commit-configuration/>");
    const text = device.runningConfig().replaceAll(/\n\s*/g, "");
    expect(text).toBe(
      `<configuration xmlns="${XNM}"><apply-groups>a</apply-groups><apply-groups>b</apply-groups><system><host-name>x</host-name></system>` +
        "<interfaces><interface><name>ge-0/0/1</name><mtu>9000</mtu></interface></interfaces></configuration>",
    );
  });

  test("a private candidate takes no confirmed commit, and goes with close-configuration", async () => {
    const device = await start();
    const [a, b] = [await bench.connect(device), await bench.connect(device)];
    expect(await a.tags("<open-configuration><private/></open-configuration>")).toBe("ok");
    await a.ask(load(named("mine")));
    expect(await b.tags(lockOf("candidate"))).toBe("ok");
    expect(await a.tags("<commit-configuration><confirmed/></commit-configuration>")).toBe("operation-failed");
    expect(await a.tags("<close-configuration/>")).toBe("ok");
    expect(device.hostname()).toBe("nc0001-rtr");
    expect(await a.tags("<get-system-information/>")).toBe("system-information");
    expect(bare(a)).toContain("<serial-number>JN1</serial-number>");
  });
});
