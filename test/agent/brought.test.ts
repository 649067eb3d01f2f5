// What an on-call person brings as a file where the hub is dead, at a real agent: taken once, or refused with its code and nothing begun.
import { rmSync, writeFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { recentAssignments } from "../../agent/journal/assignments.ts";
import { readJournal } from "../../agent/journal/read-only.ts";
import { bundleChunks } from "../../shared/bundle/write.ts";
import { jcs, sha256, utf8, type Bytes } from "../../shared/bytes.ts";
import type { Breakglass } from "../../shared/documents/breakglass.ts";
import type { BreakglassIndex, BundleEntry } from "../../shared/documents/bundle.ts";
import { envelopeBytes, signEnvelope } from "../../shared/envelope.ts";
import { errorCode } from "../../shared/errors.ts";
import type { AgentId, OrgId } from "../../shared/ids.ts";
import type { Signer } from "../../shared/keys.ts";
import { changeTask, id, makeBreakglass, makeGrant, makeManifest } from "../../shared/testing/org.ts";
import type { Work } from "./script-hub.ts";
import { makeSite, type Site } from "./site.ts";

let site: Site;
let path: string;
beforeEach(async () => {
  site = await makeSite();
  path = `${site.stateDir}.brought`;
});
afterEach(async (context) => {
  if (context.task.result?.state === "fail") console.error(site.log.join("\n"));
  await site.stop();
  rmSync(path, { force: true });
});

interface Case {
  readonly index?: Partial<BreakglassIndex>;
  readonly breakglass?: Partial<Breakglass>;
  /** Who signed the change; the on-call person unless told otherwise. */
  readonly by?: Signer;
  /** What an entry says that it is. */
  readonly kinds?: Partial<Record<"authority" | "manifest" | "breakglass", BundleEntry["kind"]>>;
  readonly extra?: BundleEntry["kind"];
  /** In the place of an envelope. */
  readonly bytes?: Partial<Record<"authority" | "breakglass", Bytes>>;
  /** A plan under a grant, which asks nothing of the break-glass itself. */
  readonly plan?: boolean;
  /** Changes the last byte of the file. */
  readonly flip?: boolean;
}

async function planned(): Promise<Work> {
  const grant = makeGrant(site.org);
  const authority = await signEnvelope("farhand-grant+jws", grant, [site.org.people.ann]);
  const { device } = changeTask("ams-r1");
  const source = { kind: "text" } as const;
  const tasks = [
    { kind: "plan" as const, device, mode: "merge" as const, source, text: site.text("ntp\n"), verify: [] },
  ];
  const manifest = makeManifest(site.org, { tasks }).bytes;
  return { kind: "grant", authority, authorityDigest: sha256(jcs(grant)), manifest };
}

async function bring(over: Case = {}): Promise<string> {
  const { org } = site;
  const { ann, bob, oli } = org.people;
  const leave = makeBreakglass(org, { iat: org.nowSeconds - 60, nbf: org.nowSeconds - 60, ...over.breakglass });
  const task = changeTask("ams-r1", { text: site.text("ntp\n"), diff: site.text("[]"), commands: site.text("[ ]") });
  const work =
    over.plan === true
      ? await planned()
      : await site.work([task], {
          signers: [over.by ?? oli],
          warrant: { author: id.oli, breakglass: sha256(jcs(leave)) },
        });
  const envelope = over.bytes?.authority ?? envelopeBytes(work.authority);
  const kit = over.bytes?.breakglass ?? envelopeBytes(await signEnvelope("farhand-breakglass+jws", leave, [ann, bob]));
  const bodies: [BundleEntry["kind"], Bytes][] = [
    [over.kinds?.authority ?? "authority", envelope],
    [over.kinds?.manifest ?? "manifest", work.manifest],
    [over.kinds?.breakglass ?? "breakglass", kit],
    ...[...site.hub.texts.values()].map((text): [BundleEntry["kind"], Bytes] => ["text", text]),
    [over.extra ?? "text", utf8("the last")],
  ];
  const index: BreakglassIndex = {
    type: "bundle",
    v: 1,
    org: id.org,
    site: id.ams,
    agent: id.agentAms,
    iat: org.nowSeconds,
    exp: org.nowSeconds + 3600,
    direction: "breakglass",
    entries: bodies.map(([kind, bytes]) => ({ kind, sha256: sha256(bytes), bytes: bytes.length }) as BundleEntry),
    oncall: id.oli,
    breakglass: sha256(kit),
    work: {
      authority: { kind: work.kind, sha256: work.authorityDigest },
      envelope: sha256(envelope),
      manifest: sha256(work.manifest),
    },
    ...over.index,
  };
  const signed = await signEnvelope("farhand-bundle+jws", index, [oli]);
  const chunks: Uint8Array[] = [];
  for await (const chunk of bundleChunks(signed, index.entries, (n) => bodies[n]?.[1] ?? utf8(""))) chunks.push(chunk);
  const file = Buffer.concat(chunks);
  if (over.flip === true) file[file.length - 1] = (file.at(-1) ?? 0) ^ 1;
  writeFileSync(path, file);
  const agent = await site.start(undefined, { idle: true });
  try {
    return await agent.importBundle(path, null).then(({ work }) => work[0]?.outcome ?? "nothing", errorCode);
  } finally {
    await agent.stop();
  }
}
const begun = async (): Promise<number> => (await readJournal(site.stateDir, (tx) => recentAssignments(tx, 10))).length;

describe("what is brought by hand", () => {
  it("is taken under the break-glass alone", async () => {
    expect(await bring()).toBe("accepted");
    expect(await bring({ plan: true })).toBe("accepted");
    expect(await begun()).toBe(2);
  });

  const day = 86_400;
  it.each<[string, () => Case, string]>([
    ["of another organisation", () => ({ index: { org: "evil" as OrgId } }), "WRONG_ORG"],
    ["for another agent", () => ({ index: { agent: "agent-two" as AgentId } }), "WRONG_AGENT"],
    ["past its end", () => ({ index: { iat: site.org.nowSeconds - 60, exp: site.org.nowSeconds + 1 } }), "EXPIRED"],
    ["that lives for longer than a day", () => ({ index: { exp: site.org.nowSeconds + day + 1 } }), "LIFETIME"],
    ["with what no on-call person brings", () => ({ extra: "cancel" }), "BUNDLE_SHAPE"],
    ["without its authority", () => ({ kinds: { authority: "text" } }), "BUNDLE_INCOMPLETE"],
    ["without its manifest", () => ({ kinds: { manifest: "text" } }), "BUNDLE_INCOMPLETE"],
    ["without its break-glass", () => ({ kinds: { breakglass: "text" } }), "BUNDLE_INCOMPLETE"],
    ["one byte of which was altered", () => ({ flip: true }), "BUNDLE_ENTRY"],
    ["with an authority that is no envelope", () => ({ bytes: { authority: utf8("none") } }), "BUNDLE_SHAPE"],
    ["with a break-glass that is no envelope", () => ({ bytes: { breakglass: utf8("none") } }), "BUNDLE_SHAPE"],
    ["under a break-glass of another site", () => ({ breakglass: { site: id.lon } }), "BREAKGLASS"],
    ["under a break-glass of another agent", () => ({ breakglass: { agents: [id.agentLon] } }), "BREAKGLASS"],
    ["under a break-glass that does not name the person", () => ({ breakglass: { oncall: [id.bob] } }), "BREAKGLASS"],
    ["a plan for another site", () => ({ plan: true, breakglass: { site: id.lon } }), "BREAKGLASS"],
    ["a plan for another agent", () => ({ plan: true, breakglass: { agents: [id.agentLon] } }), "BREAKGLASS"],
    ["a plan by a person not named", () => ({ plan: true, breakglass: { oncall: [id.bob] } }), "BREAKGLASS"],
    ["that somebody else has signed", () => ({ by: site.org.people.bob }), "BREAKGLASS"],
  ])("is refused %s", async (_, over, code) => {
    expect(await bring(over())).toBe(code);
    expect(await begun()).toBe(0);
  });
});
