/**
 * Chromium, trusting exactly one public key. No certificate error is ignored beyond that pin. The pin may be the server's own key,
 * or that of its CA where the server sends the CA's certificate along.
 */
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium, type BrowserContext, type Page } from "playwright-core";

const places = ["/usr/bin/chromium", "/usr/bin/google-chrome"];

export type Verdict = { run: true; path: string } | { run: false; reason: string };

/** Run, or skip with the reason. Under CI=true a machine without Chromium is a failure. */
export function browserVerdict(): Verdict {
  const path = places.find((place) => existsSync(place));
  if (path !== undefined) return { run: true, path };
  const reason = "the console's tests need Chromium (apt-get install -y --no-install-recommends chromium)";
  if (process.env["CI"] === "true") throw new Error(reason);
  return { run: false, reason };
}

export interface Browser {
  readonly context: BrowserContext;
  close(): Promise<void>;
}

export async function openBrowser(path: string, spkiPin: string): Promise<Browser> {
  const profile = mkdtempSync(join(tmpdir(), "farhand-chromium-"));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: path,
    headless: true,
    viewport: { width: 1280, height: 900 },
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      // Counts only together with a profile folder of its own.
      `--ignore-certificate-errors-spki-list=${spkiPin}`,
    ],
  });
  return {
    context,
    async close() {
      await context.close();
      rmSync(profile, { recursive: true, force: true });
    },
  };
}

export interface Watch {
  /** Console errors, uncaught errors and policy violations so far. */
  readonly faults: string[];
}

export async function openPage(context: BrowserContext): Promise<{ page: Page; watch: Watch }> {
  const page = await context.newPage();
  const faults: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") faults.push(`${message.type()}: ${message.text()}`);
  });
  page.on("pageerror", (error) => faults.push(`uncaught: ${error.message}`));
  await page.exposeFunction("reportViolation", (text: string) => void faults.push(`policy: ${text}`));
  await page.addInitScript(() => {
    document.addEventListener("securitypolicyviolation", (event) => {
      const report: unknown = Reflect.get(window, "reportViolation");
      if (typeof report === "function")
        Reflect.apply(report, window, [`${event.violatedDirective} ${event.blockedURI} ${event.sample}`]);
    });
  });
  return { page, watch: { faults } };
}
