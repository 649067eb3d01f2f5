// State checks on a real NETCONF server that is not ours (yuma123's netconfd) with a kernel's interfaces: what goes down is seen.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { blamed } from "../../drivers/model/state/expect.ts";
import { packFor } from "../../drivers/model/state/packs.ts";
import { makeNetconfDriver } from "../../drivers/netconf-platform.ts";
import { runChange } from "../../drivers/transaction/change.ts";
import { readState } from "../../drivers/transaction/state.ts";
import { systemClock } from "../../shared/clock.ts";
import type { Checks } from "../../shared/documents/checks.ts";
import { Device } from "../../shared/documents/inventory.ts";
import { PlatformId } from "../../shared/ids.ts";
import { Secret } from "../../shared/secret.ts";
import { IF, platformFile } from "../drivers/netconf-lab.ts";
import { recorder, rig, type Rig } from "../drivers/support.ts";
import { missingForInterfaces, startNetconfd, type Netconfd } from "./netconfd.ts";

const missing = missingForInterfaces();
const IANA = "urn:ietf:params:xml:ns:yang:iana-if-type";
const entry = (name: string, description: string): string =>
  `<interface><name>${name}</name><description>${description}</description><type xmlns:ianaift="${IANA}">ianaift:ethernetCsmacd</type></interface>`;
/** This server shows what it has read of its kernel for a few seconds more: a look at once after the change is one from before it. */
const DEFAULTS: Checks = { defaults: true, except: [], expect: [], settleMs: 4_000, withinMs: 2_000 };

describe.skipIf(missing.length > 0)(`netconfd${missing.length > 0 ? `: skipped, ${missing.join(", ")}` : ""}`, () => {
  let peer: Netconfd;
  beforeAll(async () => {
    peer = await startNetconfd({ interfaces: true });
  });
  afterAll(async () => {
    await peer?.stop();
  });

  function box(): Rig {
    const file = platformFile();
    const credential = { username: peer.username, privateKey: new Secret(peer.privateKey) };
    const target = Device.parse({
      id: "peer",
      site: "plant",
      platform: "netconf",
      credential: "root",
      serial: null,
      tags: {},
      address: "127.0.0.1",
      port: peer.port,
      hostKeys: [{ algorithm: "ssh-ed25519", publicKey: peer.hostKey }],
      algorithms: "modern",
    });
    // After `validate` this server commits nothing and says ok: the platform file has a word for that.
    const driver = makeNetconfDriver({ ...file, netconf: { ...file.netconf, validates: false, confirmSecondsMin: 1 } });
    return rig({ driver, target, credential, clock: systemClock, connectMs: 20_000, commandMs: 20_000 });
  }

  async function interfaces(): Promise<Readonly<Record<string, unknown>>> {
    const pack = packFor(PlatformId.parse("netconf"));
    if (!pack) throw new Error("no pack");
    const session = await box().open();
    const read = (await readState(box().context(), session, pack, ["interfaces"])).get("interfaces");
    await session.close();
    if (read?.kind !== "read") throw new Error(read?.why ?? "nothing");
    return Object.fromEntries(read.rows.map(({ key, cells }) => [key, cells["state"]]));
  }

  /** `meanwhile` happens right behind the commit, with its timer running. */
  async function changed(description: string, meanwhile: () => void = () => undefined) {
    const one = box();
    const spec = await one.plan(`<interfaces xmlns="${IF}">${entry("eth2", description)}</interfaces>\n`, {
      checks: DEFAULTS,
      confirmMs: 60_000,
    });
    const at = (boundary: string): void => {
      if (boundary === "apply") meanwhile();
    };
    return await runChange(one.context(), spec, recorder({ at }).hooks);
  }

  test("its interfaces are the kernel's, told as RFC 7223 has it", async () => {
    expect(await interfaces()).toMatchObject({ eth1: "up", eth2: "up", far1: "up", far2: "up" });
  });

  test("a change with which a link goes down is undone because of it; one with which nothing does is kept", async () => {
    const kept = await changed("first");
    expect(kept.state).toBe("DONE");
    const named = (from: typeof kept, verdict: string) =>
      from.checks?.results.filter((one) => one.verdict === verdict).map(({ name }) => name);
    expect(named(kept, "ok")).toEqual(["interfaces up"]);
    const broken = await changed("second", () => peer.ip("link", "set", "far2", "down"));
    expect({ state: broken.state, code: broken.code }).toEqual({ state: "ROLLED_BACK", code: "VERIFICATION_FAILED" });
    const [worse, ...more] = broken.checks?.results.filter(blamed) ?? [];
    expect(more).toEqual([]);
    // Both ends: the one lost its carrier with the other.
    expect(worse).toMatchObject({ name: "interfaces up", verdict: "broken", count: 2 });
    expect(worse?.rows.map(({ key }) => key).toSorted()).toEqual(["eth2", "far2"]);
    console.log(
      `netconfd: undone for ${worse?.name}: ${worse?.detail}; unknown: ${named(broken, "unknown")?.join(", ")}`,
    );
  });
});
