// What a signed job may carry in words: control bytes are refused by the schema, what a shell or a template would read is
// a literal or no read at all, and a text that holds control bytes ends at the device's door.
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { driverFor } from "../../drivers/registry.ts";
import { sha256 } from "../../shared/bytes.ts";
import type { DeviceId } from "../../shared/ids.ts";
import { id } from "../../shared/testing/org.ts";
import { Defended, refusedAs } from "./defended.ts";

const r1 = "ams-r1" as DeviceId;
const real = driverFor(id.iosxe);
if (!real) throw new Error("no driver");

let at: Defended;
beforeAll(async () => {
  // Whether a command is a read is for the real platform file to say.
  at = await Defended.start({
    driver: (fake) => ({
      ...fake,
      isRead: (command) => real.isRead(command),
      isDestructive: (line) => real.isDestructive(line),
    }),
  });
});
afterAll(() => at.stop());
afterEach(() => at.works());

describe("T35: a signed read", () => {
  it.each([
    ["CR and LF", "show version\r\nreload"],
    ["LF", "show version\nreload"],
    ["ESC", "show version\u001b[2J"],
    ["NUL", "show version\u0000"],
    ["DEL", "show version\u007f"],
    ["a bell", "show version\u0007"],
  ])("T35: with %s is no document", async (_, command) => {
    const work = () => at.site.work([{ kind: "run", device: r1, commands: [command] }]);
    expect(await at.refuses({ work, code: "SCHEMA" })).toEqual(refusedAs("SCHEMA"));
  });

  it.each([
    ["a second command", "show version; reload"],
    ["a substitution", "show version $(reload)"],
    ["back ticks", "show version `reload`"],
    ["a pipe to a file", "show running-config | redirect flash:x"],
    ["a redirection", "show running-config > flash:x"],
    ["a template", "show {{ 7 * 7 }}"],
    ["a secret", 'show {{ secret("enable") }}'],
    ["a bidi override", "show version \u202ereload"],
    ["a wide semicolon", "show version\uff1b reload"],
  ])("T35: with %s is no read", async (_, command) => {
    const work = () => at.site.work([{ kind: "run", device: r1, commands: [command] }]);
    expect(await at.refuses({ work, code: "RISK_UNDERSTATED" })).toEqual(refusedAs("RISK_UNDERSTATED"));
  });

  it("T35: with a dollar and a brace that the platform takes for letters is sent as it stands", async () => {
    const work = await at.site.work([{ kind: "run", device: r1, commands: ["show logging | include ${HOME}"] }]);
    at.site.hub.offer(work);
    const receipt = await at.receiptOf(sha256(work.manifest));
    expect(receipt.outcome).toBe("SUCCEEDED");
    const transcript = receipt.tasks[0]?.transcript?.sha256 ?? "";
    await expect.poll(() => at.site.hub.blob(transcript)).toBeDefined();
    expect(new TextDecoder().decode(at.site.hub.blob(transcript))).toContain("show logging | include ${HOME}");
  });
});

describe("T35: a signed change", () => {
  it.each([
    ["erases", "write erase"],
    ["zeroizes keys", "crypto key zeroize rsa"],
  ])("T35: whose text %s is destructive, whatever the warrant says", async (_, line) => {
    const work = () => at.site.work([at.change({}, line)]);
    expect(await at.refuses({ work, code: "RISK_UNDERSTATED" })).toEqual(refusedAs("RISK_UNDERSTATED"));
  });
});
