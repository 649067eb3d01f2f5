/** The page as it is served: from sources, and out of a compiled binary. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { loadConsole, serveConsole } from "../../hub/console/assets.ts";

const folder = mkdtempSync(join(tmpdir(), "farhand-assets-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const get = (path: string, init?: RequestInit): Request => new Request(`https://hub.example${path}`, init);

/** Every address that the page asks for, as the browser would resolve it. */
function partsOf(html: string): string[] {
  return [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map(
    (match) => new URL(match[1] ?? "", "https://hub.example/console/").pathname,
  );
}

describe("the page's files", () => {
  it("all come with a policy that allows nothing inline and nothing foreign", async () => {
    const files = await loadConsole();
    const page = serveConsole(files, get("/console/"));
    expect(page?.headers.get("content-security-policy")).toBe(
      "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; " +
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    );
    expect(page?.headers.get("cache-control")).toBe("no-store");
    const html = (await page?.text()) ?? "";
    expect(html).not.toMatch(/<style|<script(?![^>]*\ssrc=)|\son\w+=|https?:/);
    const parts = partsOf(html);
    expect(parts.length).toBe(3);
    for (const path of parts) {
      const part = serveConsole(files, get(path, { headers: { "accept-encoding": "gzip" } }));
      expect(part?.status, path).toBe(200);
      expect(part?.headers.get("cache-control")).toContain("immutable");
      expect(part?.headers.get("x-content-type-options")).toBe("nosniff");
    }
  });

  it("answer for /console/ only, and only to reads", async () => {
    const files = await loadConsole();
    expect(serveConsole(files, get("/api/v1/jobs"))).toBeUndefined();
    expect(serveConsole(files, get("/console"))?.headers.get("location")).toBe("/console/");
    expect(serveConsole(files, get("/console/no-such.js"))?.status).toBe(404);
    expect(serveConsole(files, get("/console/..%2f..%2fetc%2fpasswd"))?.status).toBe(404);
    expect(serveConsole(files, get("/console/", { method: "POST" }))?.status).toBe(405);
  });

  it("are whole inside a compiled binary, away from the sources", async () => {
    const entry = join(folder, "page.ts");
    const assets = JSON.stringify(join(import.meta.dirname, "../../hub/console/assets.ts"));
    writeFileSync(
      entry,
      `import { loadConsole } from ${assets};
       const files = await loadConsole();
       const html = new TextDecoder().decode(files.get("index.html")?.body);
       console.log(JSON.stringify({ html, names: [...files.keys()] }));`,
    );
    const outfile = join(folder, "page");
    const built = await Bun.build({ entrypoints: [entry], minify: true, compile: { outfile } });
    expect(built.success).toBe(true);
    const ran = Bun.spawnSync([outfile], { cwd: folder, env: {} });
    const { html, names } = z
      .object({ html: z.string(), names: z.array(z.string()) })
      .parse(JSON.parse(ran.stdout.toString()));
    const parts = partsOf(html);
    expect(parts.length).toBe(3);
    for (const path of parts) expect(names).toContain(path.replace("/console/", ""));
  });
});
