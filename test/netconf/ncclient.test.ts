// Two implementations that share nothing, ncclient and our simulator, agree on RFC 6241 and 6242: what the drivers are then tested against is no
// invention of ours.
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { ManualClock } from "../../shared/clock.ts";
import type { SimulatedDevice } from "../../simulators/device.ts";
import { startNetconf, type NetconfConfigInput } from "../../simulators/netconf/index.ts";
import { missing, Ncclient } from "./ncclient.ts";

const NC = 'xmlns="urn:ietf:params:xml:ns:netconf:base:1.0"';
const SYSTEM = "urn:ietf:params:xml:ns:yang:ietf-system";
const contact = (text: string): string =>
  `<config ${NC}><system xmlns="${SYSTEM}"><contact>${text}</contact></system></config>`;
const filter = `<system xmlns="${SYSTEM}"><contact/></system>`;

describe.skipIf(missing !== undefined)(
  `the NETCONF simulator and ncclient${missing === undefined ? "" : `: ${missing}`}`,
  () => {
    let peer: Ncclient;
    const devices: SimulatedDevice[] = [];
    beforeAll(() => {
      peer = new Ncclient();
    });
    afterAll(async () => peer[Symbol.asyncDispose]());
    afterEach(async () => {
      for (const device of devices.splice(0)) await device.stop();
    });

    async function start(
      config: Partial<NetconfConfigInput> = {},
    ): Promise<{ device: SimulatedDevice; clock: ManualClock }> {
      const clock = new ManualClock();
      const device = await startNetconf({ name: "nc1", ...config }, { clock });
      devices.push(device);
      return { device, clock };
    }

    const read = (session: string, source = "running"): Promise<string> =>
      peer.call(session, "get_config", { source, filter });

    for (const base of ["1.0", "1.0+1.1"] as const)
      test(`hello, read, lock, edit, validate, commit with framing ${base}`, async () => {
        const { device } = await start({ abilities: { base } });
        const hello = await peer.connect("a", device);
        expect(hello.framing).toBe(base === "1.0" ? "BASE_10" : "BASE_11");
        expect(hello.capabilities).toContain("urn:ietf:params:netconf:capability:candidate:1.0");
        expect(await read("a")).toContain("<contact>noc@example.net</contact>");
        await peer.call("a", "lock", { target: "candidate" });
        const { sessionId } = await peer.connect("b", device);
        expect(sessionId).not.toBe(hello.sessionId);
        const denied = await peer.refused("b", "lock", { target: "candidate" });
        expect(denied).toMatchObject({ tag: "lock-denied", type: "protocol", severity: "error" });
        expect(denied.info).toContain(`${hello.sessionId}</session-id>`);
        await peer.call("a", "edit_config", {
          target: "candidate",
          config: contact("ümlaut & <noc>".replaceAll("&", "&amp;").replaceAll("<", "&lt;")),
        });
        await peer.call("a", "validate", { source: "candidate" });
        await peer.call("a", "commit");
        await peer.call("a", "unlock", { target: "candidate" });
        expect(await read("b")).toContain("ümlaut &amp; &lt;noc");
        await peer.close("a");
        await peer.close("b");
        expect(device.applyCount()).toBe(1);
      });

    test("errors arrive as the RFC names them", async () => {
      const { device } = await start();
      await peer.connect("a", device);
      const edit = (inside: string, more: Record<string, unknown> = {}) =>
        peer.refused("a", "edit_config", {
          target: "candidate",
          config: `<config ${NC} xmlns:nc="urn:ietf:params:xml:ns:netconf:base:1.0">${inside}</config>`,
          ...more,
        });
      const system = (inside: string): string => `<system xmlns="${SYSTEM}">${inside}</system>`;
      expect(await edit(system("<colour>red</colour>"))).toMatchObject({
        tag: "unknown-element",
        path: "/system/colour",
      });
      expect(await edit(system('<contact nc:operation="create">x</contact>'))).toMatchObject({ tag: "data-exists" });
      expect(await edit(system('<location nc:operation="delete"/>'))).toMatchObject({ tag: "data-missing" });
      expect(await edit(system("<hostname>two words</hostname>"))).toMatchObject({ tag: "invalid-value" });
      expect(await edit(system("<ntp><server><prefer>true</prefer></server></ntp>"))).toMatchObject({
        tag: "missing-element",
      });
      expect(await edit('<x xmlns="urn:nobody"/>')).toMatchObject({ tag: "unknown-namespace" });
      await peer.close("a");
    });

    test("a confirmed commit with persist outlives its session, is confirmed from another, and goes back when nobody does", async () => {
      const { device, clock } = await start();
      await peer.connect("a", device);
      await peer.call("a", "edit_config", { target: "candidate", config: contact("first") });
      await peer.call("a", "commit", { confirmed: true, timeout: "120", persist: "job-1" });
      await peer.close("a");
      await peer.connect("b", device);
      expect(await peer.refused("b", "commit")).toMatchObject({ tag: "in-use" });
      expect(await peer.refused("b", "commit", { persist_id: "job-2" })).toMatchObject({ tag: "invalid-value" });
      await peer.call("b", "commit", { persist_id: "job-1" });
      clock.advance(3_600_000);
      expect(await read("b")).toContain("<contact>first</contact>");
      await peer.call("b", "edit_config", { target: "candidate", config: contact("second") });
      await peer.call("b", "commit", { confirmed: true, timeout: "120", persist: "job-3" });
      expect(await read("b")).toContain("<contact>second</contact>");
      clock.advance(120_000);
      expect(await read("b")).toContain("<contact>first</contact>");
      expect(device.events().at(-1)).toMatchObject({ kind: "rolled-back", why: "timer" });
      await peer.call("b", "edit_config", { target: "candidate", config: contact("third") });
      await peer.call("b", "commit", { confirmed: true, timeout: "120", persist: "job-4" });
      await peer.call("b", "cancel_commit", { persist_id: "job-4" });
      expect(await read("b")).toContain("<contact>first</contact>");
      expect(device.pendingRollback()).toBeUndefined();
      await peer.close("b");
    });

    test("a confirmed commit without persist goes back with its session", async () => {
      const { device } = await start();
      await peer.connect("a", device);
      await peer.call("a", "edit_config", { target: "candidate", config: contact("first") });
      await peer.call("a", "commit", { confirmed: true, timeout: "120" });
      expect(device.runningConfig()).toContain("<contact>first</contact>");
      await peer.cut("a");
      await expect.poll(() => device.events().at(-1)).toMatchObject({ kind: "rolled-back", why: "session-lost" });
      expect(device.runningConfig()).toContain("<contact>noc@example.net</contact>");
    });

    test.each([
      ["end marks", { base: "1.0" as const }],
      ["chunks", { base: "1.0+1.1" as const }],
    ])("a reply of 8 MB arrives whole over %s", async (_name, abilities) => {
      const { device } = await start({ abilities, bulkBytes: 8_000_000 });
      await peer.connect("a", device);
      const { bytes, entries } = await peer.measure("a", "get_config", { source: "running" });
      expect(bytes).toBeGreaterThan(7_900_000);
      expect(entries).toBeGreaterThan(50_000);
      await peer.close("a");
    });

    test.each([
      ["chunks of one octet", { oddities: { chunkBytes: 1 } }],
      ["chunks that end anywhere", { oddities: { chunkBytes: 37, chunkSeed: 7 } }],
      ["the end mark inside data", { oddities: { endMarkInComment: true } }],
      ["a line feed in a capability", { oddities: { newlineInCapability: true } }],
      ["prefixed replies", { oddities: { replies: "prefixed" as const } }],
    ])("ncclient gets through %s", async (_name, config) => {
      const { device } = await start(config);
      await peer.connect("a", device);
      expect(await read("a")).toMatch(/contact>noc@example.net</);
      await peer.close("a");
    });

    test("as the vendors' own handlers of ncclient speak: Huawei's zero octets, IOS-XE's save, SR OS", async () => {
      const { device: huawei } = await start({ oddities: { nulPadding: 4 }, abilities: { candidate: "private" } });
      await peer.connect("h", huawei, "huawei");
      expect(await read("h")).toContain("<contact>noc@example.net</contact>");
      await peer.close("h");
      const { device: iosxe } = await start({ personality: "iosxe" });
      await peer.connect("x", iosxe, "iosxe");
      const native =
        '<config><native xmlns="http://cisco.com/ns/yang/Cisco-IOS-XE-native"><hostname>c1</hostname></native></config>';
      await peer.call("x", "edit_config", { target: "running", config: native });
      expect(await peer.call("x", "save_config")).toContain("Save running-config successful");
      expect(iosxe.hostname()).toBe("c1");
      expect(iosxe.startupConfig()).toContain("<hostname>c1</hostname>");
      await peer.close("x");
      const { device: sros } = await start({ abilities: { candidate: "private-if-asked", unlockDiscards: false } });
      expect((await peer.connect("s", sros, "sros")).capabilities).toContain("urn:nokia.com:nc:pc");
      await peer.call("s", "edit_config", { target: "candidate", config: contact("new") });
      await peer.call("s", "commit");
      expect(await read("s")).toContain("<contact>new</contact>");
      await peer.close("s");
    });

    test("a session is killed by another, and ncclient sees its line end", async () => {
      const { device } = await start();
      const { sessionId } = await peer.connect("a", device);
      await peer.connect("b", device);
      await peer.call("b", "kill_session", { session_id: String(sessionId) });
      await expect.poll(() => peer.connected("a")).toBe(false);
      await peer.close("b");
    });

    test("warnings beside ok are no error, and an edit that is refused half-way changes nothing", async () => {
      const { device } = await start();
      await peer.connect("a", device);
      device.setFault({ kind: "rpc-warning", at: "^lock" });
      expect(await peer.call("a", "lock", { target: "running" })).toContain("<error-severity>warning</error-severity>");
      device.setFault({ kind: "refuse-line", line: 2, message: "no room", tag: "resource-denied" });
      const two = contact("new").replace("</system>", "<location>here</location></system>");
      expect(
        await peer.refused("a", "edit_config", { target: "running", config: two, error_option: "rollback-on-error" }),
      ).toMatchObject({ tag: "resource-denied", path: "/system/location" });
      expect(await read("a")).toContain("<contact>noc@example.net</contact>");
      await peer.close("a");
    });

    test("Junos: replies without a namespace, its own operations, and the configuration in its own", async () => {
      const { device, clock } = await start({ personality: "junos" });
      const hello = await peer.connect("j", device, "junos");
      expect(hello.framing).toBe("BASE_10");
      await peer.call("j", "lock", { target: "candidate" });
      const named = (text: string): string =>
        `<config ${NC}><configuration><system><host-name>${text}</host-name></system></configuration></config>`;
      await peer.call("j", "edit_config", { target: "candidate", config: named("changed") });
      await peer.dispatch(
        "j",
        "<commit-configuration><confirmed/><confirm-timeout>2</confirm-timeout></commit-configuration>",
      );
      expect(device.hostname()).toBe("changed");
      clock.advance(119_999);
      expect(device.hostname()).toBe("changed");
      clock.advance(1);
      expect(device.hostname()).toBe("nc0001-rtr");
      await peer.close("j");
    });
  },
);
