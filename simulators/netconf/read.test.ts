import { afterEach, describe, expect, test } from "vitest";
import { Bench } from "./test-bench.ts";
import { textsAt } from "./test-client.ts";
import { getConfig, editRunning, port } from "./test-requests.ts";
import { BULK, HARDWARE, INTERFACES, MONITORING, SYSTEM } from "./names.ts";

let bench = new Bench();
afterEach(async () => {
  await bench.end();
  bench = new Bench();
});

const interfaces = (inside: string, ns = INTERFACES): string => `<interfaces xmlns="${ns}">${inside}</interfaces>`;
const names = ["data", "interfaces", "interface", "name"];

describe("subtree filters", () => {
  test.each([
    ["a whole tree", interfaces(""), ["eth0", "eth1", "eth2", "eth3"], 4],
    ["one entry by its key", interfaces("<interface><name>eth2</name></interface>"), ["eth2"], 1],
    ["by any value", interfaces("<interface><description>uplink</description><name/></interface>"), ["eth0"], 0],
    [
      "two entries",
      interfaces("<interface><name>eth0</name></interface><interface><name>eth3</name></interface>"),
      ["eth0", "eth3"],
      2,
    ],
    [
      "parts of all, with their keys",
      interfaces("<interface><description/></interface>"),
      ["eth0", "eth1", "eth2", "eth3"],
      0,
    ],
    ["no such entry", interfaces("<interface><name>eth9</name></interface>"), [], 0],
    ["no such tree", '<nothing xmlns="urn:none"/>', [], 0],
    ["another namespace", interfaces("", SYSTEM), [], 0],
    ["any namespace", interfaces("", ""), ["eth0", "eth1", "eth2", "eth3"], 4],
  ])("%s", async (_name, filter, expected, types) => {
    const session = await bench.connect(await bench.start());
    const reply = await session.ask(getConfig("running", filter));
    expect(textsAt(reply, ...names)).toEqual(expected);
    expect(textsAt(reply, "data", "interfaces", "interface", "type")).toHaveLength(types);
  });

  test("one value of a list of values, and what stands beside it", async () => {
    const session = await bench.connect(await bench.start());
    const resolver = (inside: string): string =>
      `<system xmlns="${SYSTEM}"><dns-resolver>${inside}</dns-resolver></system>`;
    await session.tags(editRunning(resolver("<search>a.example</search><search>b.example</search>")));
    const reply = await session.ask(getConfig("running", resolver("<search>b.example</search><server/>")));
    expect(textsAt(reply, "data", "system", "dns-resolver", "search")).toEqual(["b.example"]);
  });

  test("an empty filter selects nothing", async () => {
    const session = await bench.connect(await bench.start());
    const reply = await session.ask("<get-config><source><running/></source><filter/></get-config>");
    expect(reply.children.map(({ name, children }) => [name, children.length])).toEqual([["data", 0]]);
  });
});

describe("with-defaults", () => {
  const ask = (mode: string): string =>
    `<get-config><source><running/></source><filter>${interfaces("<interface><name>eth0</name></interface>")}</filter>${mode === "" ? "" : `<with-defaults xmlns="urn:ietf:params:xml:ns:yang:ietf-netconf-with-defaults">${mode}</with-defaults>`}</get-config>`;

  test.each([
    ["", ["true"], "explicit"],
    ["explicit", ["true"], "explicit"],
    ["trim", [], "trim"],
    ["report-all", ["true"], "report-all"],
    ["report-all-tagged", ["true"], "report-all-tagged"],
  ])("%s", async (mode, enabled, kind) => {
    const session = await bench.connect(await bench.start());
    await session.tags(editRunning(port("<name>eth0</name><enabled>true</enabled>")));
    const reply = await session.ask(ask(mode));
    expect(textsAt(reply, "data", "interfaces", "interface", "enabled")).toEqual(enabled);
    const all = kind.startsWith("report-all");
    expect(textsAt(reply, "data", "interfaces", "interface", "ipv4", "forwarding")).toEqual(all ? ["false"] : []);
    expect(session.lastText().includes('wd:default="true"')).toBe(kind === "report-all-tagged");
  });

  test("trim leaves what somebody changed", async () => {
    const session = await bench.connect(await bench.start());
    await session.tags(editRunning(port("<name>eth0</name><enabled>false</enabled>")));
    expect(textsAt(await session.ask(ask("trim")), "data", "interfaces", "interface", "enabled")).toEqual(["false"]);
  });

  test("a mode that is not offered, and none at all", async () => {
    const some = await bench.connect(
      await bench.start({ abilities: { withDefaults: { basic: "report-all", also: [] } } }),
    );
    expect(some.capabilities.join(" ")).toContain("with-defaults:1.0?basic-mode=report-all");
    expect(textsAt(await some.ask(ask("")), "data", "interfaces", "interface", "enabled")).toEqual(["true"]);
    expect(await some.tags(ask("trim"))).toBe("invalid-value");
    const none = await bench.connect(await bench.start({ abilities: { withDefaults: undefined } }));
    expect(await none.tags(ask(""))).toBe("data");
  });

  test("a value that is marked as the default one is taken away", async () => {
    const device = await bench.start();
    const session = await bench.connect(device);
    const marked = (value: string): string =>
      editRunning(
        port(
          `<name>eth0</name><enabled xmlns:wd="urn:ietf:params:xml:ns:netconf:default:1.0" wd:default="true">${value}</enabled>`,
        ),
      );
    await session.tags(editRunning(port("<name>eth0</name><enabled>false</enabled>")));
    expect(await session.tags(marked("false"))).toBe("invalid-value");
    expect(await session.tags(marked("true"))).toBe("ok");
    expect(device.runningConfig()).not.toContain("<enabled>");
  });
});

test("get tells who the device is, its ports and who is in session", async () => {
  const device = await bench.start({ serial: "NC77" });
  const session = await bench.connect(device);
  const get = async (filter: string): Promise<string> => {
    await session.ask(`<get><filter type="subtree">${filter}</filter></get>`);
    return session.lastText();
  };
  expect(await get(`<hardware xmlns="${HARDWARE}"/>`)).toContain("<serial-num>NC77</serial-num>");
  expect(await get(`<interfaces-state xmlns="${INTERFACES}"/>`)).toContain("<oper-status>up</oper-status>");
  const monitoring = await get(`<netconf-state xmlns="${MONITORING}"/>`);
  expect(monitoring).toContain(`<session-id>${session.sessionId}</session-id>`);
  expect(monitoring).toContain("<username>netops</username>");
});

describe("bulk", () => {
  test("comes with everything or when it is asked for, well formed, in either framing", async () => {
    const device = await bench.start({ bulkBytes: 300_000 });
    for (const capabilities of [["urn:ietf:params:netconf:base:1.0"], undefined]) {
      const session = await bench.connect(device, capabilities ? { capabilities } : {});
      const reply = await session.ask(getConfig());
      expect(textsAt(reply, "data", "bulk", "entry", "id").at(-1)).toMatch(/^\d{4}$/);
      expect(session.lastText().length).toBeGreaterThan(300_000);
      const asked = await session.ask(getConfig("running", `<bulk xmlns="${BULK}"/>`));
      expect(asked.children[0]?.children.map(({ name }) => name)).toEqual(["bulk"]);
      expect(textsAt(await session.ask(getConfig("running", interfaces(""))), "data", "bulk")).toEqual([]);
    }
  });
});

describe("oddities", () => {
  test.each([
    [{ newlineInCapability: true }, /<capability>\n\s+urn:ietf:params:netconf:capability:candidate/],
    [{ nulPadding: 3 }, /\0{3}]]>]]>/],
    [{ chunkBytes: 2 }, /\n#2\n<d\n#2\nat\n/],
    [{ chunkBytes: 9, chunkSeed: 5 }, /\n#1\n.*\n#9\n/s],
    [{ endMarkInComment: true }, /<!-- ]]>]]>/],
    [
      { replies: "prefixed" as const },
      /<nc:rpc-reply xmlns:nc="urn:ietf:params:xml:ns:netconf:base:1.0" message-id="1">\s*<nc:data>\s*<interfaces xmlns=/,
    ],
    [{ replies: "bare" as const }, /<rpc-reply message-id="1">\s*<data>\s*<interfaces xmlns=/],
    [{ declaration: false, helloComments: ["hi {user}"] }, /^<!-- hi netops -->\n<hello/],
  ])("%j", async (oddities, pattern) => {
    const chunked = "chunkBytes" in oddities || "endMarkInComment" in oddities;
    const device = await bench.start({ oddities, ...(chunked ? {} : { abilities: { base: "1.0" } }) });
    const session = await bench.connect(device);
    const reply = await session.ask(getConfig("running", interfaces("<interface><name>eth1</name></interface>")));
    expect(textsAt(reply, ...names)).toEqual(["eth1"]);
    expect(textsAt(reply, "data", "interfaces", "interface", "description")).toEqual(["access <1>"]);
    expect(session.bytes().toString("latin1")).toMatch(pattern);
  });
});
