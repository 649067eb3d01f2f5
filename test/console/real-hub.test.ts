import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { FleetProcess, inventoryEntry } from "../support/fleet.ts";
import { World } from "../support/world.ts";
import { browserVerdict, openBrowser, openPage, type Browser } from "./browser.ts";
import { pinOf } from "./certificate.ts";

const verdict = browserVerdict();

let fleet: FleetProcess;
let world: World;
let browser: Browser;

beforeAll(async () => {
  if (!verdict.run) return;
  fleet = await FleetProcess.start({ count: 4, seed: 21 });
  world = await World.start({
    sites: [{ id: "ams", agent: "agent-ams" }],
    devices: fleet.devices.map((device) => inventoryEntry(device, "ams")),
    username: fleet.devices[0]?.username ?? "",
    password: fleet.devices[0]?.password ?? "",
  });
  browser = await openBrowser(verdict.path, pinOf(readFileSync(world.path("hub/ca.pem"), "utf8")));
}, 120_000);

afterAll(async () => {
  await browser?.close();
  await world?.stop();
  await fleet?.stop();
});

describe.skipIf(!verdict.run)(`the console of a real hub${verdict.run ? "" : ` (skipped: ${verdict.reason})`}`, () => {
  it("shows a signed change moving on real agents, and its diff, without a fault", { timeout: 120_000 }, async () => {
    const id = await world.plan({
      select: "site=ams",
      template: "ntp server 10.255.0.77\n",
      title: "NTP at ams",
      extra: ["--accept-simulated", "cisco_iosxe"],
    });
    await world.sign(id, "ann");
    const { page, watch } = await openPage(browser.context);
    await page.goto(`${world.url}/console/#token=${world.token()}`);
    await page.getByRole("heading", { name: /sites/i }).first().waitFor();
    expect(page.url()).not.toContain("token");
    await page.goto(`${world.url}/console/#/jobs/${id}`);
    await page.getByText("PENDING_APPROVAL").first().waitFor();
    await page.getByText("ntp server 10.255.0.77").first().waitFor();
    // One router answers slowly, so that there is something to see between the start and the end.
    await fleet.setFault(fleet.devices[3]?.name ?? "", { kind: "slow-output", chunkBytes: 256, delayMs: 40 });
    const seen = new Set<string>();
    await page.exposeFunction("sawState", (text: string) => void seen.add(text));
    await page.evaluate(() => {
      const tell: unknown = Reflect.get(window, "sawState");
      new MutationObserver(() => {
        for (const word of document.body.innerText.match(/\b[A-Z][A-Z_]{3,}\b/g) ?? [])
          if (typeof tell === "function") Reflect.apply(tell, window, [word]);
      }).observe(document.body, { subtree: true, childList: true, characterData: true });
    });
    await world.sign(id, "bob");
    await page.getByText("SUCCEEDED").first().waitFor({ timeout: 60_000 });
    for (const state of ["ROLLING", "PRECHECK", "SUCCEEDED"]) expect([...seen]).toContain(state);
    await page.getByText("ntp server 10.255.0.77").first().waitFor();
    const folder = process.env["FARHAND_PICTURES"];
    if (folder !== undefined) {
      mkdirSync(folder, { recursive: true });
      await page.screenshot({ path: join(folder, "job.png"), fullPage: true });
      await page.goto(`${world.url}/console/#/sites`);
      await page.getByRole("heading", { name: /sites/i }).first().waitFor();
      await page.screenshot({ path: join(folder, "sites.png"), fullPage: true });
    }
    expect(watch.faults).toEqual([]);
  });
});
