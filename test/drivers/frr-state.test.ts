// State checks on real routers: what a change does to BGP's sessions and routes is seen in FRR's own tables, and undoes it.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { blamed } from "../../drivers/model/state/expect.ts";
import { driverFor } from "../../drivers/registry.ts";
import { runChange } from "../../drivers/transaction/change.ts";
import { systemClock } from "../../shared/clock.ts";
import type { Checks } from "../../shared/documents/checks.ts";
import { Device } from "../../shared/documents/inventory.ts";
import { PlatformId } from "../../shared/ids.ts";
import { Secret } from "../../shared/secret.ts";
import { startLab, type Lab } from "../lab/lab.ts";
import { poll } from "../lab/poll.ts";
import { labVerdict } from "../lab/requirements.ts";
import { forwarded, type Forward } from "./forward.ts";
import { recorder, rig, type Rig } from "./support.ts";

const verdict = labVerdict();
/** FRR takes a changed route-map to its routes five seconds later (`bgp route-map delay-timer`): a look before that finds all well. */
const DEFAULTS: Checks = { defaults: true, except: [], expect: [], settleMs: 0, withinMs: 3_000 };

describe.skipIf(!verdict.run)(`FRR's state${verdict.run ? "" : `: ${verdict.reason}`}`, () => {
  let lab: Lab;
  let forward: Forward | undefined;
  let box: Rig;
  beforeAll(async () => {
    lab = await startLab();
    const router = lab.router("r1");
    forward = await forwarded(lab, router.address, router.sshPort);
    const driver = driverFor(PlatformId.parse("frr_linux"));
    if (!driver) throw new Error("no driver");
    const target = Device.parse({
      id: "r1",
      site: "lab",
      platform: "frr_linux",
      address: "127.0.0.1",
      port: forward.port,
      hostKeys: [{ algorithm: "ssh-ed25519", publicKey: router.hostKeyPublic }],
      algorithms: "modern",
      credential: "farhand",
      serial: null,
      tags: {},
    });
    box = rig({
      driver,
      target,
      credential: { username: router.user, password: new Secret(router.password) },
      clock: systemClock,
      connectMs: 20_000,
      commandMs: 20_000,
      managementAddress: router.address,
    });
  }, 60_000);
  afterAll(async () => {
    forward?.close();
    await lab?.stop();
  });

  const received = async (): Promise<boolean> =>
    (await lab.vtysh("r1", "show ip route 10.103.0.0/24 json")).includes('"protocol":"bgp"');

  test.each([
    [
      "takes a session down",
      "router bgp 65001\n neighbor 10.0.12.2 shutdown\n",
      0,
      ["bgp established", "bgp prefixes", "routes"],
    ],
    [
      "lets no route of a neighbour in, whose session stands",
      "route-map NOTHING deny 10\nrouter bgp 65001\n address-family ipv4 unicast\n  neighbor 10.0.12.2 route-map NOTHING in\n",
      8_000,
      ["bgp prefixes", "routes"],
    ],
  ])(
    "a change that %s is undone",
    async (_what, text, settleMs, expected) => {
      await poll("r3's network at r1", async () => ((await received()) ? true : undefined), { within: 40_000 });
      const before = await lab.vtysh("r1", "show running-config no-header");
      const spec = await box.plan(text, { confirmMs: 60_000, checks: { ...DEFAULTS, settleMs } });
      const record = recorder();
      const result = await runChange(box.context(), spec, record.hooks);
      const broken = (result.checks?.results ?? []).filter(blamed).map(({ name }) => name);
      expect({ state: result.state, code: result.code, broken }).toEqual({
        state: "ROLLED_BACK",
        code: "VERIFICATION_FAILED",
        broken: expected,
      });
      expect(await lab.vtysh("r1", "show running-config no-header")).toBe(before);
      expect(record.steps).not.toContain("confirm?");
      console.log(`FRR: ${result.detail ?? ""}`);
      await poll(
        "the session again",
        async () => ((await lab.bgp("r1"))["10.0.12.2"] === "Established" ? true : undefined),
        { within: 40_000 },
      );
    },
    180_000,
  );

  test("one that breaks nothing is kept", async () => {
    await poll("r3's network at r1", async () => ((await received()) ? true : undefined), { within: 40_000 });
    const spec = await box.plan("ip prefix-list PROBE seq 5 permit 192.0.2.0/24\n", {
      confirmMs: 60_000,
      checks: DEFAULTS,
    });
    const result = await runChange(box.context(), spec, recorder().hooks);
    expect({ state: result.state, code: result.code }).toEqual({ state: "DONE", code: null });
    expect(result.checks?.results.map(({ name, verdict: said }) => `${name}: ${said}`)).toEqual([
      "interfaces up: ok",
      "bgp established: ok",
      "bgp prefixes: ok",
      "ospf full: ok",
      "default route: ok",
      "routes: ok",
    ]);
  }, 120_000);
});
