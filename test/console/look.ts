/** `bun test/console/look.ts FOLDER`: pictures of each page, light and dark, wide and narrow, to be looked at by a person. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { browserVerdict, openBrowser, openPage } from "./browser.ts";
import { makeCertificate } from "./certificate.ts";
import { startStubHub, TOKEN } from "./stub-hub.ts";
import { ANSI, IMG } from "./world-texts.ts";

const folder = process.argv[2] ?? "/tmp/farhand-console";
mkdirSync(folder, { recursive: true });
const verdict = browserVerdict();
if (!verdict.run) throw new Error(verdict.reason);
const certificate = await makeCertificate();
const hub = await startStubHub(certificate);
const browser = await openBrowser(verdict.path, certificate.spkiPin);
const { page, watch } = await openPage(browser.context);

const views: Record<string, string> = {
  sites: "sites",
  devices: "devices",
  device: "devices/ams-1-r01",
  jobs: "jobs",
  change: "jobs/change-uplink-0042",
  waiting: "jobs/change-mgmt-0043",
  partial: "jobs/change-ntp-0041?device=ams-1-r05&show=transcript",
  check: "jobs/check-0116?device=ams-1-r01",
  run: "jobs/run-bgp-0118?device=ams-1-r01",
};

const states = ["DONE", "DONE", "DONE", "CONFIRM_WAIT", "APPLYING", "PRECHECK", "ROLLED_BACK"] as const;
states.forEach((state, index) =>
  hub.moveTask("change-uplink-0042", `ams-1-r0${index + 1}`, state, state === "APPLYING" ? "apply" : undefined),
);
hub.say(
  "run-bgp-0118",
  "ams-1-r01",
  `Neighbor        V    AS MsgRcvd MsgSent   TblVer\n10.0.0.9        4 65020   11209   11208      412\n${ANSI}${IMG}\n`,
);

await page.goto(`${hub.url}/console/`);
await page.screenshot({ path: join(folder, "login.png") });
await page.goto(`${hub.url}/console/#token=${TOKEN}`);
for (const scheme of ["light", "dark"] as const) {
  for (const width of [1280, 800]) {
    await page.emulateMedia({ colorScheme: scheme });
    await page.setViewportSize({ width, height: 900 });
    for (const [name, path] of Object.entries(views)) {
      await page.goto(`${hub.url}/console/#/${path}`);
      await page.getByRole("heading", { level: 1 }).waitFor();
      await page.waitForLoadState("networkidle", { timeout: 700 }).catch(() => undefined);
      await page.screenshot({ path: join(folder, `${name}-${scheme}-${width}.png`), fullPage: true });
    }
  }
}
console.log(watch.faults.length === 0 ? "no faults" : watch.faults.join("\n"));
await browser.close();
await hub.stop();
