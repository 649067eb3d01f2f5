import { describe, expect, it } from "vitest";
import { sha256 } from "../../shared/bytes.ts";
import { changeTask, id, makeOrg } from "../../shared/testing/org.ts";
import { driverFor } from "../../drivers/registry.ts";
import { riskFrom } from "./risk.ts";

describe("the risk of a change", () => {
  it("is destructive where a text that replaces all leaves out what must not go away", async () => {
    const org = await makeOrg();
    const ref = (value: string) => ({ sha256: sha256(value), bytes: value.length });
    const text = "hostname r1\n";
    const commands = JSON.stringify(["hostname r1"]);
    const diff = JSON.stringify([
      { line: "username netops secret 9 ‹secret:aaaaaaaaaaaaaaaa›", op: "remove", path: [] },
    ]);
    const held = new Map([text, commands, diff].map((value) => [sha256(value), value]));
    const riskOf = riskFrom({ inventory: org.inventory, driverFor, text: (digest) => held.get(digest) });
    const task = changeTask("ams-r1", { mode: "replace", text: ref(text), commands: ref(commands), diff: ref(diff) });
    expect(org.inventory.device(task.device)?.platform).toBe(id.iosxe);
    expect(riskOf(task)).toBe("destructive");
    const harmless = JSON.stringify([{ line: "ntp server 192.0.2.9", op: "remove", path: [] }]);
    held.set(sha256(harmless), harmless);
    expect(riskOf({ ...task, diff: ref(harmless) })).toBe("change");
  });
});
