// ncclient's own Junos flavour drives our Junos simulator: what Juniper's users call works, with the framing and the errors that it expects.
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { ManualClock } from "../../shared/clock.ts";
import type { SimulatedDevice } from "../../simulators/device.ts";
import { SIMULATORS } from "../../simulators/registry.ts";
import { missing, Ncclient } from "./ncclient.ts";

const MINUTE_MS = 60_000;

describe.skipIf(missing !== undefined)(
  `the Junos simulator and ncclient${missing === undefined ? "" : `: ${missing}`}`,
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

    test("lock, load in three forms, compare, confirmed commit that fires, errors", async () => {
      const clock = new ManualClock();
      const { juniper_junos: junos } = SIMULATORS;
      const { config, serial } = junos.sample({ seed: 1, index: 0, interfaces: 4, username: "netops" });
      const device = await junos.start({ name: "j1", config, serial, hostKeySeed: "j1" }, { clock });
      devices.push(device);
      const hello = await peer.connect("a", device, "junos");
      expect(hello.framing).toBe("BASE_10");
      expect(await peer.call("a", "get_config", { source: "running" })).toContain("<host-name>s0001-jnp01</host-name>");
      await peer.call("a", "lock", { target: "candidate" });
      await peer.call("a", "load_configuration", { format: "text", config: "system { location { floor 2; } }" });
      await peer.call("a", "load_configuration", { action: "set", config: ["set system location rack 7"] });
      await peer.dispatch(
        "a",
        "<load-configuration><configuration><system><location><building>HQ</building></location></system></configuration></load-configuration>",
      );
      expect(await peer.call("a", "compare_configuration", { rollback: 0 })).toContain(
        "[edit system]\n+   location {\n+       building HQ;\n+       floor 2;\n+       rack 7;\n+   }\n",
      );
      await peer.call("a", "validate", { source: "candidate" });
      // Seconds: ncclient hands the number on as it is.
      await peer.call("a", "commit", { confirmed: true, timeout: "120" });
      expect(device.pendingRollback()?.deadlineMs).toBe(clock.nowMs() + 2 * MINUTE_MS);
      clock.advance(2 * MINUTE_MS);
      expect(device.runningConfig()).toBe(config);
      await peer.connect("b", device, "junos");
      expect(await peer.refused("b", "lock", { target: "candidate" })).toMatchObject({ tag: "lock-denied" });
      const refused = await peer.refused("a", "load_configuration", {
        format: "text",
        config: "system { nonsense 2; }",
      });
      expect(refused.message).toContain("syntax error: nonsense");
      expect(await peer.call("b", "command", { command: "show system commit" })).toMatch(
        /0 {3}.* by root via other\n1 {3}.* by netops via netconf commit confirmed, rollback in 2mins\n/,
      );
      // What `show …` stands for, by the names that Juniper gives it.
      const shown = await Promise.all([
        peer.dispatch("b", "<get-interface-information><terse/></get-interface-information>"),
        peer.dispatch("b", "<get-bgp-summary-information/>"),
        peer.dispatch("b", "<get-route-information/>"),
      ]);
      expect(shown.map((text) => /<(?:interface|bgp|route)-information/.exec(String(text))?.[0])).toEqual([
        "<interface-information",
        "<bgp-information",
        "<route-information",
      ]);
      await peer.close("a");
      await peer.close("b");
    });
  },
);
