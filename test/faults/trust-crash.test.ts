// kill -9 at each step of taking a set of trust documents, and a log of the vault that is torn anywhere: the set before or the set after, whole.
import { cpSync, mkdtempSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { vaultPath } from "../../agent/config.ts";
import { Vault } from "../../agent/vault/vault.ts";
import { sha256 } from "../../shared/bytes.ts";
import { signEnvelope } from "../../shared/envelope.ts";
import { errorCode } from "../../shared/errors.ts";
import { id } from "../../shared/testing/org.ts";
import { nextUpdate, stampedUpdate } from "../../shared/testing/trust-set.ts";
import { encodeTrustFile } from "../../shared/tuf/file.ts";
import { makeRoot, signMetadata } from "../../shared/tuf/make.ts";
import { openTrustUpdate, reopenTrust } from "../../shared/tuf/open.ts";
import type { TrustSet, TrustUpdate } from "../../shared/tuf/set.ts";
import { makeSite, type Site } from "../agent/site.ts";
import { BUN, Child, type Exit } from "../support/child.ts";

const DAY_MS = 86_400_000;
const TEARS = 24;
let site: Site;
let folder: string;
let update: TrustUpdate;
let before: TrustSet;
let after: TrustSet;

/** Root, documents and stamp, all of them new: as many rows of the vault as a set ever moves. */
beforeEach(async () => {
  site = await makeSite();
  folder = mkdtempSync(join(tmpdir(), "farhand-trust-crash-"));
  const { org } = site;
  const { kim } = org.people;
  before = org.view.set;
  const nowMs = Date.now();
  const keys = await signEnvelope("farhand-keys+jws", { ...org.trust.keys.document, version: 2 }, [kim]);
  const agents = await signEnvelope("farhand-agents+jws", { ...org.agentsDocument.document, version: 2 }, [kim]);
  const inventory = await signEnvelope("farhand-inventory+jws", { ...org.inventory.inventory.document, version: 2 }, [
    kim,
  ]);
  const root = await signMetadata(
    "root",
    makeRoot({
      org: id.org,
      version: 2,
      expiresMs: nowMs + 365 * DAY_MS,
      root: { keys: [org.root.publicKey], threshold: 1 },
      keyadmin: { keys: [kim.publicKey], threshold: 1 },
      hub: [org.hub.publicKey],
    }),
    [org.root],
  );
  const next = await nextUpdate(before, [kim], { keys, agents, inventory }, nowMs);
  update = await stampedUpdate(before, { ...next, roots: [root] }, org.hub, { version: 2, expiresMs: nowMs + DAY_MS });
  after = (await openTrustUpdate(org.view, update, { nowMs })).set;
  writeFileSync(join(folder, "update"), encodeTrustFile(update));
});
afterEach(async () => {
  await site.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function take(killPhase: string): Promise<Exit> {
  const keyPath = site.key.kind === "file" ? site.key.path : "";
  const argv = [BUN, "test/faults/trust-taker.ts", site.stateDir, keyPath, join(folder, "update"), killPhase] as const;
  return new Child({ argv }).exited;
}
const nameOf = ({ root, timestamp, snapshot, targets, documents }: TrustSet): string =>
  [root, timestamp, snapshot, targets, documents.keys, documents.agents, documents.inventory]
    .map((bytes) => bytes && sha256(bytes))
    .join(" ");
/** The set in a vault, verified again whole; else the code of the refusal to open it. */
async function heldIn(stateDir: string): Promise<string> {
  try {
    const vault = await Vault.open({ path: vaultPath(stateDir), org: id.org, agent: id.agentAms }, site.key);
    try {
      const name = nameOf((await reopenTrust(await vault.trust())).set);
      if (name === nameOf(before)) return "before";
      return name === nameOf(after) ? "after" : "another";
    } finally {
      await vault.close();
    }
  } catch (error) {
    return errorCode(error);
  }
}

it("kill -9 before the commit leaves the set before; the same news is taken again", async () => {
  expect(await take("before-commit")).toMatchObject({ signal: "SIGKILL" });
  expect(await heldIn(site.stateDir)).toBe("before");
  expect(await take("never")).toMatchObject({ code: 0 });
  expect(await heldIn(site.stateDir)).toBe("after");
});

it("kill -9 after the commit leaves the set after; the same news changes nothing", async () => {
  expect(await take("after-commit")).toMatchObject({ signal: "SIGKILL" });
  expect(await heldIn(site.stateDir)).toBe("after");
  expect(await take("never")).toMatchObject({ code: 0 });
  expect(await heldIn(site.stateDir)).toBe("after");
});

it("a write-ahead log that is torn at any place holds one of the two, whole", async () => {
  expect(await take("after-commit")).toMatchObject({ signal: "SIGKILL" });
  const wal = `${vaultPath(site.stateDir)}-wal`;
  const { size } = statSync(wal);
  expect(size).toBeGreaterThan(0);
  const found: string[] = [];
  for (let tear = 0; tear <= TEARS; tear++) {
    const copy = join(folder, `torn-${tear}`);
    cpSync(site.stateDir, copy, { recursive: true });
    truncateSync(`${vaultPath(copy)}-wal`, Math.floor((size * tear) / TEARS));
    found.push(await heldIn(copy));
  }
  expect(found[0]).toBe("before");
  expect(found.at(-1)).toBe("after");
  expect(new Set(found)).toEqual(new Set(["before", "after"]));
});
