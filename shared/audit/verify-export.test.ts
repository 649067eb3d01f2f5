import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  asLines,
  exportLines,
  makeCheckpoint,
  makeEntries,
  makeExport,
  makeReceipts,
  stateOf,
  type TestExport,
} from "../testing/audit.ts";
import { signEnvelope } from "../envelope.ts";
import { generateSigningJwk, signerFrom } from "../keys.ts";
import { id, makeOrg } from "../testing/org.ts";
import { nextUpdate } from "../testing/trust-set.ts";
import { makeRoot, signMetadata } from "../tuf/make.ts";
import type { ExportLine } from "./export.ts";
import { entryHash, type AuditEntry } from "./entry.ts";
import { verifyExport, type Verdict, type VerifyOptions } from "./verify-export.ts";

const org = await makeOrg();
const honest = await makeExport(org);
const anchor = { keys: org.trust, root: org.view.set.root };
const verify = (lines: readonly string[], over: Partial<VerifyOptions> = {}): Promise<Verdict> =>
  verifyExport(() => asLines(lines), { anchor, witnessed: [], ...over });
const verdictOf = (made: TestExport, over: Partial<VerifyOptions> = {}, size?: number): Promise<Verdict> =>
  verify(exportLines(org, made, size), over);
const swap = <T>(list: readonly T[], a: number, b: number): T[] =>
  list.map((item, place) => (place === a ? list[b] : place === b ? list[a] : item) ?? item);
const without = <T>(list: readonly T[], place: number): T[] => list.filter((_, at) => at !== place);
const changed = (list: readonly AuditEntry[], place: number): AuditEntry[] =>
  list.map((entry, at) => (at === place ? { ...entry, actor: "token:nobody" } : entry));
/** What a liar does who knows how the chain works: everything after the change is chained anew. */
const rechained = (place: number): AuditEntry[] =>
  makeEntries(30, (index) => (index === place ? { actor: "token:nobody" } : {}));

describe("an honest export", () => {
  it("holds, and says who witnessed how much of it", async () => {
    expect(await verdictOf(honest)).toMatchObject({
      entries: 30,
      root: stateOf(honest.entries, 30).root,
      checkpoints: 3,
      receipts: 3,
      anchored: true,
      witnesses: [{ agent: id.agentAms, size: 20 }],
      fault: null,
      others: [],
    });
  });

  it("holds against itself without an anchor, and says so", async () => {
    expect(await verdictOf(honest, { anchor: undefined })).toMatchObject({ anchored: false, fault: null, others: [] });
  });

  it("an empty log holds", async () => {
    const empty = { entries: [], checkpoints: [], receipts: [] };
    expect(await verdictOf(empty)).toMatchObject({ entries: 0, fault: null, others: [] });
  });
});

describe("T48: the first bad entry is named", () => {
  const cases: [string, (entries: readonly AuditEntry[]) => AuditEntry[], { kind: string; entry: number }][] = [
    ["changed in the middle", (list) => changed(list, 5), { kind: "modified", entry: 5 }],
    ["changed right behind a checkpoint", (list) => changed(list, 10), { kind: "modified", entry: 10 }],
    ["the last one changed", (list) => changed(list, 29), { kind: "rewritten", entry: 20 }],
    ["removed", (list) => without(list, 7), { kind: "deleted", entry: 7 }],
    ["the first removed", (list) => without(list, 0), { kind: "deleted", entry: 0 }],
    ["moved", (list) => swap(list, 4, 5), { kind: "reordered", entry: 4 }],
    ["inserted", (list) => [...list.slice(0, 9), ...list.slice(8)], { kind: "inserted", entry: 8 }],
    ["cut off", (list) => list.slice(0, 17), { kind: "truncated", entry: 17 }],
    ["all of it cut off", () => [], { kind: "truncated", entry: 0 }],
    ["changed and chained anew", () => rechained(12), { kind: "rewritten", entry: 10 }],
    ["changed and chained anew from the start", () => rechained(0), { kind: "rewritten", entry: 0 }],
  ];
  const third = (change: (line: string) => string): string[] =>
    exportLines(org, honest).map((line, n) => (n === 3 + 2 ? change(line) : line));

  it("T48: a line that begins like an entry and is none", async () => {
    for (const change of [
      (line: string) => line.replace('"count":1', '"count":0'),
      (line: string) => line.replace('"code":null,', '"code": null,'),
      (line: string) => line.slice(0, -1),
    ])
      expect((await verify(third(change))).fault).toMatchObject({ kind: "malformed", entry: 2 });
  });

  it("T48: an entry that is longer than any that a hub writes", async () => {
    // Each of these characters is six bytes of JSON: all within the schema, and more together than any entry has.
    const control = (length: number) => "\u0001".repeat(length);
    const [actor, object, detail] = [control(200), control(500), control(2000)];
    const long = makeEntries(3, (index) => (index === 2 ? { actor, onBehalfOf: actor, object, detail } : {}));
    const verdict = await verifyExport(
      () => asLines(exportLines(org, { entries: long, checkpoints: [], receipts: [] })),
      {
        anchor,
        witnessed: [],
      },
    );
    expect(verdict.fault).toMatchObject({ kind: "malformed", entry: 2 });
  });

  it.each(cases)("T48: %s", async (_, attack, fault) => {
    const verdict = await verdictOf({ ...honest, entries: attack(honest.entries) }, {}, 30);
    expect(verdict.fault).toMatchObject(fault);
  });

  it("T48: a hub that rewrote, and signed anew, is contradicted by what an agent witnessed", async () => {
    const forged = await makeExport(org, rechained(12));
    const verdict = await verdictOf({ ...forged, receipts: honest.receipts });
    expect(verdict.fault).toMatchObject({ kind: "forked", entry: 10 });
    expect(verdict.fault?.detail).toContain(`agent ${id.agentAms} in its receipt 3`);
  });

  it("T48: a hub that cut its log off, checkpoints and receipts too, is contradicted by an agent's own word", async () => {
    const short = await makeExport(org, honest.entries.slice(0, 12));
    const cut = { ...short, checkpoints: short.checkpoints.slice(0, 1), receipts: honest.receipts.slice(0, 2) };
    expect(await verdictOf(cut)).toMatchObject({ fault: null, others: [] });
    const witnessed = [{ ...stateOf(honest.entries, 20), by: "agent-ams" }];
    expect((await verdictOf(cut, { witnessed })).fault).toMatchObject({ kind: "truncated", entry: 12 });
  });

  it("T48: two signed checkpoints of one size that differ are a fork", async () => {
    const other = await makeCheckpoint(org, stateOf(rechained(3), 20));
    const verdict = await verdictOf({ ...honest, checkpoints: [...honest.checkpoints, other] });
    expect(verdict.fault).toMatchObject({ kind: "forked", entry: 10 });
  });

  it("T48: no single byte can be changed, no line dropped, doubled or moved, without a word", async () => {
    const lines = exportLines(org, honest);
    const entryLines = { min: 3, max: 32 };
    await fc.assert(
      fc.asyncProperty(
        fc.integer(entryLines),
        fc.integer(entryLines),
        fc.nat(),
        fc.constantFrom("byte", "drop", "double", "swap" as const),
        async (place, other, spot, how) => {
          const line = lines[place] ?? "";
          const at = spot % line.length;
          const flipped = String.fromCharCode(line.charCodeAt(at) ^ 1);
          const attacked =
            how === "byte"
              ? lines.map((text, n) => (n === place ? text.slice(0, at) + flipped + text.slice(at + 1) : text))
              : how === "drop"
                ? without(lines, place)
                : how === "double"
                  ? [...lines.slice(0, place + 1), ...lines.slice(place)]
                  : swap(lines, place, other);
          fc.pre(attacked.join("\n") !== lines.join("\n"));
          const verdict = await verify(attacked);
          expect(verdict.fault !== null || verdict.others.length > 0).toBe(true);
        },
      ),
      { numRuns: 150 },
    );
  });
});

describe("T37: receipts in an export", () => {
  it("T37: one that another agent signed counts for nothing and is named", async () => {
    const lon = org.agents[id.agentLon];
    if (!lon) throw new Error("no agent");
    const forger = { ...org, agents: { ...org.agents, [id.agentAms]: lon } };
    const receipts = await makeReceipts(forger, [stateOf(rechained(3), 20)]);
    const verdict = await verdictOf({ ...honest, receipts });
    expect(verdict.fault).toBeNull();
    expect(verdict.others).toEqual([expect.stringContaining("WRONG_AGENT")]);
  });

  it("T37: one that is missing, changed or stands twice is named", async () => {
    const [first, second, third] = honest.receipts;
    if (!first || !second || !third) throw new Error("three receipts");
    const gap = await verdictOf({ ...honest, receipts: [first, third] });
    expect(gap.others).toEqual([expect.stringContaining("number 2 is missing")]);
    const lost = await verdictOf({ ...honest, receipts: [second, third] });
    expect(lost.others).toEqual([expect.stringContaining("number 1 is missing")]);
    const [, twin] = await makeReceipts(org, [null, null]);
    if (!twin) throw new Error("a twin");
    const twice = await verdictOf({ ...honest, receipts: [...honest.receipts, twin] });
    expect(twice.others).toContainEqual(expect.stringContaining("number 2 stands twice"));
    const again = await verdictOf({ ...honest, receipts: [...honest.receipts, second] });
    expect(again.others).toEqual([]);
  });
});

describe("what an export is checked with", () => {
  it("a checkpoint by another hub's key vouches for nothing", async () => {
    const stranger = await makeOrg();
    const checkpoints = [await makeCheckpoint(org, stateOf(honest.entries, 30), stranger.hub)];
    const verdict = await verdictOf({ ...honest, checkpoints });
    expect(verdict).toMatchObject({ fault: null, checkpoints: 0 });
    expect(verdict.others).toEqual([expect.stringContaining("SIGNATURE_MISSING")]);
  });

  it("an export of other people's keys is not what this person trusts", async () => {
    const stranger = await makeOrg();
    const verdict = await verify(exportLines(stranger, await makeExport(stranger)));
    expect(verdict.others).toContainEqual("the export's keys.json do not lead from the one that you trust");
  });

  it("a file that is no export, and lines that are none of ours, are said to be so", async () => {
    await expect(verify(["{}"])).rejects.toMatchObject({ code: "AUDIT_CHAIN" });
    await expect(verify([])).rejects.toMatchObject({ code: "AUDIT_CHAIN" });
    const lines = exportLines(org, honest);
    const verdict = await verify([...lines, '{"type":"audit-export"}', "", '{"more":1}']);
    expect(verdict.others).toHaveLength(3);
  });

  it("a second header, a line that is too long and one with a member too many count for nothing", async () => {
    const lines = exportLines(org, honest);
    const [header = "", keys = "", agents = ""] = lines;
    const checkpoint = lines.find((line) => line.includes("audit-checkpoint")) ?? "";
    const receipt = lines.find((line) => line.includes("audit-receipt")) ?? "";
    const more = (line: string) => line.replace("{", '{"more":1,');
    for (const extra of [
      header,
      checkpoint + " ".repeat(768 * 1024),
      ...[keys, agents, checkpoint, receipt].map(more),
    ]) {
      const verdict = await verify([...lines, extra]);
      expect(verdict.others, extra.slice(0, 80)).toHaveLength(1);
      expect(verdict).toMatchObject({ checkpoints: 3, receipts: 3, fault: null });
    }
    await expect(verify(lines.with(0, more(header)))).rejects.toMatchObject({ code: "AUDIT_CHAIN" });
  });

  it("a receipt that quotes no checkpoint vouches for nothing", async () => {
    const receipts = await makeReceipts(org, [null], () => ({ checkpoint: "20 entries" }));
    const verdict = await verdictOf({ ...honest, receipts });
    expect(verdict).toMatchObject({ witnesses: [], fault: null });
    expect(verdict.others).toEqual([expect.stringContaining("quotes no checkpoint")]);
  });

  it("each entry names the one before by its leaf hash", () => {
    const [a, b] = honest.entries;
    if (!a || !b) throw new Error("two entries");
    expect(b.prev).toBe(entryHash(a));
  });
});

describe("an export of an organisation that lost all its keyadmins", () => {
  it("holds where root named others and they signed the set; by their own word it does not", async () => {
    const { kim } = org.people;
    const lee = await signerFrom(await generateSigningJwk());
    const document = org.trust.keys.document;
    const entry = { kid: lee.kid, publicKey: lee.publicKey };
    const people = document.people.map((person) =>
      person.id === "kim" ? { ...person, keys: [...person.keys, entry] } : person,
    );
    const at = Math.floor(Date.now() / 1000);
    const revoked = [{ kid: kim.kid, reason: "compromised" as const, at }];
    const keys = await signEnvelope("farhand-keys+jws", { ...document, version: 2, people, revoked }, [lee]);
    const spec = { org: id.org, expiresMs: (org.nowSeconds + 86_400) * 1000, hub: [org.hub.publicKey] };
    const rooted = { keys: [org.root.publicKey], threshold: 1 };
    const next = makeRoot({ ...spec, version: 2, root: rooted, keyadmin: { keys: [lee.publicKey], threshold: 1 } });
    const root = await signMetadata("root", next, [org.root]);
    const { targets } = await nextUpdate(org.view.set, [lee], { keys }, org.nowSeconds * 1000);
    const line = (value: ExportLine): string => JSON.stringify(value);
    const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
    const [header = "", ...rest] = exportLines(org, honest);
    const metadata = (role: "root" | "targets", bytes: Uint8Array): string =>
      line({ type: "audit-metadata", role, text: text(bytes) });
    const [first = "", ...later] = rest;
    const later2 = line({ type: "audit-trust", document: "keys", envelope: keys });
    const vouched = [metadata("root", org.view.set.root), metadata("root", root), metadata("targets", targets)];
    expect((await verify([header, ...vouched, first, later2, ...later])).others).toEqual([]);
    expect((await verify([header, first, later2, ...later])).others.join()).toContain("SIGNATURE_MISSING");
    expect((await verify([header, ...vouched.slice(0, 2), first, later2, ...later])).others.join()).toContain(
      "SIGNATURE_MISSING",
    );
    const selfMade = await signMetadata("root", next, [lee]);
    const forged = [metadata("root", selfMade), metadata("targets", targets)];
    expect((await verify([header, ...forged, first, later2, ...later])).others.join()).toContain("TRUST_ROOT");
  });
});

it("a line of an export is closed, and one header is enough", async () => {
  const [header = "", ...rest] = exportLines(org, honest);
  expect((await verify([header, header, ...rest])).others.join()).toContain(
    "line 2: audit-export: SCHEMA (a second header)",
  );
  const metadata = { type: "audit-metadata", role: "root", text: new TextDecoder().decode(org.view.set.root) };
  expect((await verify([header, JSON.stringify(metadata), ...rest])).others).toEqual([]);
  const odd = JSON.stringify({ ...metadata, more: 1 });
  expect((await verify([header, odd, ...rest])).others.join()).toContain("line 2: line: SCHEMA");
});
