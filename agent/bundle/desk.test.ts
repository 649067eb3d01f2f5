import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { systemClock } from "../../shared/clock.ts";
import type { Digest } from "../../shared/ids.ts";
import type { AgentLog } from "../log.ts";
import type { Courier } from "./courier.ts";
import { Counter, tendDesk } from "./desk.ts";
import type { ExportReport, ImportReport } from "./report.ts";

const digest = "a".repeat(64) as Digest;
const imported: ImportReport = {
  number: 1,
  sha256: digest,
  missing: null,
  trust: [],
  work: [],
  cancels: 0,
  credentials: [],
  unacknowledged: null,
  attested: null,
};
const exported: ExportReport = { number: 1, sha256: digest, bytes: 6, lanes: [], more: false, unacknowledged: null };
const patiently = { timeout: 30_000 };

let stateDir: string;
let desk: string;
let stop: AbortController;
beforeEach(() => {
  stateDir = mkdtempSync(join(tmpdir(), "farhand-desk-"));
  desk = join(stateDir, "desk");
  stop = new AbortController();
});
afterEach(() => {
  stop.abort();
  rmSync(stateDir, { recursive: true, force: true });
});

describe("the agent's side of the desk", () => {
  const name = "0".repeat(32);
  let asked: string[];
  let faults: string[];
  const log: AgentLog = { info: () => undefined, warn: () => undefined, error: (event) => void faults.push(event) };
  const courier: Pick<Courier, "import" | "export"> = {
    import: (path) => {
      asked.push(`import ${path}`);
      return Promise.resolve(imported);
    },
    export: (path) => {
      asked.push(`export ${path}`);
      return Promise.resolve(exported);
    },
  };
  beforeEach(() => {
    asked = [];
    faults = [];
    mkdirSync(desk);
  });
  const lay = (request: unknown, as = name) =>
    writeFileSync(join(desk, `${as}.request.json`), typeof request === "string" ? request : JSON.stringify(request));
  const tend = (by = courier) =>
    void tendDesk({ stateDir, courier: by as Courier, clock: systemClock, log, signal: stop.signal });
  async function answer(): Promise<unknown> {
    const path = join(desk, `${name}.answer.json`);
    await expect.poll(() => readdirSync(desk).includes(`${name}.answer.json`), patiently).toBe(true);
    return JSON.parse(readFileSync(path, "utf8"));
  }

  it("answers a request with what came of it, and takes the request away", async () => {
    lay({ v: 1, do: "export" });
    tend();
    expect(await answer()).toEqual({ v: 1, exported });
    expect(asked).toEqual([`export ${join(desk, name)}.bundle`]);
    expect(readdirSync(desk)).toEqual([`${name}.answer.json`]);
  });

  it.each([
    ["a member that it does not know", { v: 1, do: "export", to: "/etc/passwd" }],
    [
      "a member that it does not know beside an admission",
      { v: 1, do: "import", admission: null, path: "/etc/passwd" },
    ],
    ["another version", { v: 2, do: "export" }],
    ["another wish", { v: 1, do: "delete" }],
    ["no JSON", "{"],
  ])("does nothing for a request with %s", async (_, request) => {
    lay(request);
    tend();
    expect(await answer()).toMatchObject({ code: "INTERNAL" });
    expect(asked).toEqual([]);
  });

  it("reads no request that is too long for one", async () => {
    lay(JSON.stringify({ v: 1, do: "export" }) + " ".repeat(64 * 1024));
    tend();
    expect(await answer()).toMatchObject({ code: "SCHEMA" });
    expect(asked).toEqual([]);
  });

  it("passes over what is no request", async () => {
    writeFileSync(join(desk, "!.request.json"), "");
    lay({ v: 1, do: "export" });
    tend();
    expect(await answer()).toMatchObject({ exported });
    expect(faults).toEqual([]);
  });

  it("begins nothing more once it is stopped", async () => {
    lay({ v: 1, do: "export" });
    lay({ v: 1, do: "export" }, "1".repeat(32));
    const last: Pick<Courier, "import" | "export"> = {
      import: courier.import,
      export: (path) => {
        stop.abort();
        return courier.export(path);
      },
    };
    await tendDesk({ stateDir, courier: last as Courier, clock: systemClock, log, signal: stop.signal });
    expect(asked).toHaveLength(1);
  });
});

describe("the technician's side of the desk", () => {
  /** What an agent lays down: whatever the next request asks, this is the answer. */
  async function answerWith(answer: unknown): Promise<void> {
    const request = (): string | undefined => readdirSync(desk).find((name) => name.endsWith(".request.json"));
    await expect.poll(request, patiently).toBeDefined();
    const name = request()?.replace(".request.", ".answer.") ?? "";
    writeFileSync(join(desk, name), JSON.stringify(answer));
  }
  const counter = (deadlineMs = 60_000) => new Counter(stateDir, systemClock, deadlineMs);
  /** A bundle for the agent, and where one of its own is to go. */
  const stick = () => {
    const path = join(stateDir, "stick.bundle");
    writeFileSync(path, "bundle");
    return path;
  };
  beforeEach(() => mkdirSync(desk));

  it("hands over what the agent reports, and refuses by the agent's code", async () => {
    const [report] = await Promise.all([counter().import(stick(), null), answerWith({ v: 1, imported })]);
    expect(report).toEqual(imported);
    const refused = expect(counter().import(stick(), null)).rejects.toMatchObject({ code: "BUNDLE_ORDER" });
    await Promise.all([refused, answerWith({ v: 1, code: "BUNDLE_ORDER", detail: null })]);
    expect(readdirSync(desk)).toEqual([]);
  });

  it.each([
    ["a member that it does not know", { v: 1, imported, more: 1 }],
    ["a member that it does not know beside an export", { v: 1, exported, more: 1 }],
    ["a member that it does not know beside a code", { v: 1, code: "BUNDLE_ORDER", detail: null, more: 1 }],
    ["a code that is none", { v: 1, code: "ALL_FINE", detail: null }],
  ])("believes no answer with %s", async (_, answer) => {
    const asked =
      "exported" in answer ? counter().export(join(stateDir, "out.bundle")) : counter().import(stick(), null);
    const refused = expect(asked).rejects.toThrow(/invalid|unrecognized/i);
    await Promise.all([refused, answerWith(answer)]);
  });

  it("refuses the answer to another question", async () => {
    const noImport = expect(counter().import(stick(), null)).rejects.toMatchObject({ code: "PROTOCOL" });
    await Promise.all([noImport, answerWith({ v: 1, exported })]);
    const noExport = expect(counter().export(join(stateDir, "out.bundle"))).rejects.toMatchObject({ code: "PROTOCOL" });
    await Promise.all([noExport, answerWith({ v: 1, imported })]);
  });

  it("asks for no export to a name that is taken", async () => {
    await expect(counter(-1).export(stick())).rejects.toMatchObject({ code: "IO" });
  });

  it("waits no longer than it was told", async () => {
    await expect(counter(-1).import(stick(), null)).rejects.toMatchObject({ code: "DEADLINE" });
  });

  it("finds out that the agent has no desk", async () => {
    rmSync(desk, { recursive: true });
    await expect(counter().import(stick(), null)).rejects.toMatchObject({ code: "ALREADY_RUNNING" });
  });
});
