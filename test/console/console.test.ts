/** The console in a real browser, by role and label only, against a hub of nothing but answers. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { Page } from "playwright-core";
import { browserVerdict, openBrowser, openPage, type Browser, type Watch } from "./browser.ts";
import { makeCertificate } from "./certificate.ts";
import { startStubHub, TOKEN, type StubHub } from "./stub-hub.ts";
import { IMG } from "./world-texts.ts";

const verdict = browserVerdict();
const CHANGE = "change-uplink-0042";

let hub: StubHub;
let browser: Browser;
let page: Page;
let watch: Watch;

/** Chromium reports a refused request as a console error of its own; where a test asks for one, it says so. */
let expectedFaults: RegExp[] = [];

async function start(): Promise<void> {
  if (!verdict.run) return;
  const certificate = await makeCertificate();
  hub = await startStubHub(certificate);
  browser = await openBrowser(verdict.path, certificate.spkiPin);
}

const url = (path: string): string => `${hub.url}/console/${path}`;

async function logIn(path: string): Promise<void> {
  await page.goto(url(`#token=${TOKEN}`));
  await page.getByRole("heading", { level: 1, name: "Sites and agents" }).waitFor();
  if (path !== "#/sites") await page.goto(url(path));
}

const row = (device: string) =>
  page.getByRole("row").filter({ has: page.getByRole("rowheader", { name: device, exact: true }) });
const live = () => page.getByRole("status", { name: "Event stream" });

function shows(name: string, fn: () => Promise<void>): void {
  it(name, async (context) => {
    if (!verdict.run) return context.skip(verdict.reason);
    ({ page, watch } = await openPage(browser.context));
    page.setDefaultTimeout(20_000);
    await fn();
  });
}

describe("T38: the console", () => {
  beforeAll(start);
  afterEach(async () => {
    if (!verdict.run) return;
    const faults = watch.faults.filter((fault) => !expectedFaults.some((expected) => expected.test(fault)));
    expectedFaults = [];
    const pwned = await page.evaluate(
      () =>
        Reflect.get(window, "pwned") !== undefined ||
        document.querySelector("img, iframe, object, style, [style*='url']") !== null,
    );
    await page.close();
    expect(faults, "console errors and policy violations").toEqual([]);
    expect(pwned, "markup from a device came alive").toBe(false);
  });
  afterAll(async () => {
    if (!verdict.run) return;
    await browser.close();
    await hub.stop();
  });

  shows("takes the token out of the URL and keeps it in the tab", async () => {
    await page.goto(url(`#token=${TOKEN}`));
    await page.getByRole("table", { name: "Sites" }).waitFor();
    expect(page.url()).not.toContain(TOKEN);
    await page.reload();
    await page.getByRole("table", { name: "Sites" }).waitFor();
    expect(await page.evaluate(() => [history.length > 0, localStorage.length])).toEqual([true, 0]);
    await page.goBack();
    expect(page.url()).not.toContain(TOKEN);
  });

  shows("asks to log in, and says why a token was refused", async () => {
    expectedFaults = [/401/];
    await page.goto(url("#/jobs"));
    await page.getByLabel("API token").fill("wrong");
    await page.getByRole("button", { name: "Log in" }).click();
    await expect.poll(() => page.getByRole("alert").textContent()).toContain("No valid token");
    await page.getByLabel("API token").fill(TOKEN);
    await page.getByRole("button", { name: "Log in" }).click();
    await page.getByRole("table", { name: "Jobs" }).waitFor();
    expect(await page.getByRole("alert").count()).toBe(0);
  });

  shows("shows contact in words, and how to approve an agent by its fingerprint", async () => {
    await logIn("#/sites");
    expect(await row("fra-2").first().textContent()).toContain("LAPSED");
    const waiting = page.getByRole("region", { name: "One agent waits for approval" });
    expect(await waiting.textContent()).toContain("C".repeat(43));
    expect(await waiting.textContent()).toContain("farhand agent approve fra-2-b --fingerprint");
  });

  shows("filters devices by text that stands in the URL", async () => {
    await logIn("#/devices?q=site%3Afra");
    await expect.poll(() => page.getByRole("rowheader").count()).toBe(6);
    await page.keyboard.press("/");
    await page.keyboard.type(" state:FAILED");
    await expect.poll(() => page.getByRole("rowheader").allTextContents()).toEqual(["fra-2-r02"]);
    expect(decodeURIComponent(page.url())).toContain("state:FAILED");
  });

  shows("shows what changed between two snapshots, and the gaps", async () => {
    await logIn("#/devices/ams-1-r01");
    const diff = page.getByRole("figure");
    await expect.poll(() => diff.textContent()).toContain("+ description uplink <img src=x");
    expect(await diff.textContent()).toContain("- description port 1");
    expect(await diff.textContent()).toMatch(/\d+ unchanged lines not shown/);
    await page
      .getByRole("radio", { name: /^Before/ })
      .last()
      .check();
    await expect.poll(() => diff.textContent()).toContain("-ntp server 10.9.9.9");
    expect(page.url()).toContain("a=");
  });

  shows("moves while a job runs, without a reload, and goes on after a cut", async () => {
    await logIn(`#/jobs/${CHANGE}`);
    await expect.poll(() => live().textContent()).toContain("Live");
    await page.evaluate(() => Reflect.set(window, "notReloaded", true));
    for (const state of ["PRECHECK", "APPLYING", "CONFIRM_WAIT"] as const) {
      hub.moveTask(CHANGE, "ams-1-r01", state, "step");
      await expect.poll(() => row("ams-1-r01").textContent()).toContain(state);
    }
    hub.moveTask(CHANGE, "ams-1-r01", "DONE");
    await expect.poll(() => row("ams-1-r01").textContent()).toContain("DONE");
    await page.getByRole("button", { name: "1 DONE" }).waitFor();

    const opened = hub.streams.length;
    hub.cutStreams();
    hub.moveTask(CHANGE, "ams-1-r02", "PRECHECK", "connect");
    hub.moveTask(CHANGE, "ams-1-r02", "APPLYING", "arm");
    await expect.poll(() => row("ams-1-r02").textContent()).toContain("arm");
    await expect.poll(() => hub.streams.length).toBeGreaterThan(opened);
    expect(Number(hub.streams.at(-1)), "resumed by offset").toBeGreaterThan(0);
    expect(await page.evaluate(() => Reflect.get(window, "notReloaded") === true)).toBe(true);
  });

  shows("shows one diff for the devices that share it, with the commands, and the odd one apart", async () => {
    await logIn(`#/jobs/${CHANGE}`);
    await page.getByText("11 devices, same diff").waitFor();
    const diff = page.getByRole("figure", { name: "Planned diff" });
    await expect.poll(() => diff.textContent()).toContain("router bgp 65010");
    expect(await diff.textContent()).toContain("-  neighbor 10.0.0.9 shutdown");
    expect(await diff.textContent()).toContain("+  neighbor 10.0.0.9 remote-as 65020");
    expect(await page.getByRole("figure", { name: "Ordered commands" }).getByRole("listitem").count()).toBe(10);
    await page.getByText("differs from the largest group").click();
    await expect
      .poll(() => page.getByRole("figure", { name: "Planned diff" }).last().textContent())
      .toContain(`description ${IMG}<U+202E>uplink`);
  });

  shows("says who signed, who is missing, what an undo costs, and why it does not sign itself", async () => {
    await logIn("#/jobs/change-mgmt-0043");
    const signatures = page.getByRole("region", { name: "Signatures" });
    await signatures.waitFor();
    const text = await signatures.textContent();
    expect(text).toContain("alice signed, author");
    expect(text).toContain("1 more person of 2 must sign");
    expect(text).toContain("farhand review change-mgmt-0043");
    expect(text).toContain("This page cannot sign");
    await page.getByText("undo: reboot of about 6 min").waitFor();
    await page.getByText("touches the management path on 2 devices").waitFor();
  });

  shows("explains a failure, and shows the transcript with nothing in it obeyed", async () => {
    await logIn("#/jobs/change-ntp-0041?device=ams-1-r05");
    await page.getByText("Next It was rolled back; see which expectation failed.").waitFor();
    await page.getByRole("button", { name: "Transcript" }).click();
    const transcript = page.getByRole("region", { name: "Transcript" });
    await expect.poll(() => transcript.textContent()).toContain("<ESC>[2J<ESC>[31m");
    expect(await transcript.textContent()).toContain(`% ${IMG} <U+202E>detpeccA`);
    const drawn = await page.locator("body").innerText();
    for (const character of ["\u001b", "\u202e", "\u0007"]) expect(drawn).not.toContain(character);
  });

  shows("shows a run's answer as it comes", async () => {
    await logIn("#/jobs/run-bgp-0118");
    await expect.poll(() => live().textContent()).toContain("Live");
    hub.say("run-bgp-0118", "ams-1-r01", "BGP router identifier 10.0.0.1\n");
    const output = page.getByRole("region", { name: "Live output" });
    await expect.poll(() => output.textContent()).toContain("identifier 10.0.0.1");
    hub.say("run-bgp-0118", "ams-1-r01", `Neighbor ${IMG}\n`, true);
    await expect.poll(() => output.textContent()).toContain(`Neighbor ${IMG}`);
    hub.endJob("run-bgp-0118");
    await page.getByText("SUCCEEDED").waitFor();
  });

  shows("reads a check's result out", async () => {
    await logIn("#/jobs/check-0116?device=ams-1-r01");
    await page.getByText("Level C").waitFor();
    expect(await page.getByRole("list", { name: "Findings" }).textContent()).toContain("ARCHIVE_MISSING");
    await page.getByText(`17.9.4 ${IMG}`).waitFor();
  });

  shows("says that it is reconnecting while the hub does not answer", async () => {
    expectedFaults = [/ERR_|Failed to fetch/];
    await logIn("#/jobs");
    await expect.poll(() => live().textContent()).toContain("Live");
    await browser.context.setOffline(true);
    hub.cutStreams();
    await expect.poll(() => live().textContent()).toContain("Reconnecting");
    await browser.context.setOffline(false);
    await expect.poll(() => live().textContent()).toContain("Live");
  });

  shows("cancels only with a reason, after asking", async () => {
    await logIn("#/jobs/change-mgmt-0043");
    await page.getByRole("button", { name: "Cancel job…" }).click();
    const dialog = page.getByRole("dialog", { name: "Cancel this job?" });
    const confirm = dialog.getByRole("button", { name: "Cancel 2 devices" });
    expect(await confirm.isDisabled()).toBe(true);
    await dialog.getByLabel("Reason").fill("wrong window");
    await confirm.click();
    await page.getByText("CANCELED", { exact: true }).waitFor();
    expect(hub.cancels).toEqual([JSON.stringify({ reason: "wrong window" })]);
  });

  shows("goes anywhere by keyboard and announces where it is", async () => {
    await logIn("#/sites");
    await page.keyboard.press("g");
    await page.keyboard.press("j");
    await page.getByRole("heading", { level: 1, name: "Jobs" }).waitFor();
    await expect.poll(() => page.title()).toBe("Jobs · Farhand");
    await page.keyboard.press("?");
    await page.getByRole("dialog", { name: "Keyboard shortcuts" }).waitFor();
    await page.keyboard.press("Escape");
    await page.keyboard.press("g");
    await page.keyboard.press("a");
    await expect.poll(() => page.evaluate(() => document.activeElement?.textContent)).toBe("Agents");
  });

  shows("remembers the theme", async () => {
    await logIn("#/sites");
    const theme = page.getByRole("button", { name: /^Theme/ });
    await theme.click();
    await theme.click();
    await expect.poll(() => theme.textContent()).toBe("Theme: dark");
    const ground = () => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
    const dark = await ground();
    await page.reload();
    await theme.waitFor();
    await expect.poll(ground).toBe(dark);
    await theme.click();
    await expect.poll(ground).not.toBe(dark);
  });

  shows("names what is missing instead of failing", async () => {
    expectedFaults = [/404/];
    await logIn("#/jobs/no-such-job");
    await expect.poll(() => page.getByRole("alert").textContent()).toContain("There is no such thing");
    await page.goto(url("#/nowhere/at/all"));
    await page.getByRole("heading", { name: "There is no such page" }).waitFor();
  });
});
