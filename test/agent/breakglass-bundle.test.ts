import { rmSync, writeFileSync } from "node:fs";
import { afterEach, describe, expect, it } from "vitest";
import { bundleChunks } from "../../shared/bundle/write.ts";
import { jcs, sha256, utf8, type Bytes } from "../../shared/bytes.ts";
import type { Breakglass } from "../../shared/documents/breakglass.ts";
import type { BreakglassIndex, BundleEntry } from "../../shared/documents/bundle.ts";
import type { Keys } from "../../shared/documents/keys.ts";
import type { Warrant } from "../../shared/documents/warrant.ts";
import { envelopeBytes, signEnvelope, type Envelope } from "../../shared/envelope.ts";
import type { DeviceId, Digest, PersonId } from "../../shared/ids.ts";
import type { Signer } from "../../shared/keys.ts";
import { changeTask, id, makeBreakglass, makeGrant, makeManifest } from "../../shared/testing/org.ts";
import type { RunningAgent } from "../../agent/compose.ts";
import { makeSite, type Site } from "./site.ts";
import { until } from "./until.ts";

/** What an on-call person may bring to an agent that no hub reaches, and what others might try to bring in that name. */
let site: Site;
let agent: RunningAgent;
const paths: string[] = [];
afterEach(async (context) => {
  if (context.task.result?.state === "fail") console.error(site.log.join("\n"));
  await site.stop();
  for (const path of paths.splice(0)) rmSync(path, { force: true });
});

async function begin(keys?: (keys: Keys) => Keys): Promise<void> {
  site = await makeSite({ ...(keys && { keys }) });
  agent = await site.start(undefined, { airGapped: true });
}

interface Brought {
  readonly breakglass?: Partial<Breakglass>;
  readonly calm?: readonly Signer[];
  readonly warrant?: Partial<Warrant>;
  readonly usedBy?: Signer;
  readonly task?: Parameters<typeof changeTask>[1];
  readonly line?: string;
  readonly index?: Record<string, unknown>;
  readonly carriedBy?: Signer;
  readonly extra?: { readonly kind: BundleEntry["kind"]; readonly bytes: Bytes };
  readonly under?: "grant";
}

async function bring(over: Brought = {}): Promise<string> {
  const { org, hub } = site;
  const line = over.line ?? "ntp server 192.0.2.10";
  const before = site.device("ams-r1").lines.map((entry) => `${entry}\n`);
  const document = makeBreakglass(org, over.breakglass);
  const breakglass = await signEnvelope("farhand-breakglass+jws", document, [
    ...(over.calm ?? [org.people.ann, org.people.bob]),
  ]);
  const task = changeTask("ams-r1", {
    text: site.text(`${line}\n`),
    preImage: sha256(before.join("")),
    diff: site.text(JSON.stringify([{ line, op: "add", path: [] }])),
    commands: site.text(JSON.stringify([line])),
    ...over.task,
  });
  const change = await site.work([task], {
    signers: [over.usedBy ?? org.people.oli],
    warrant: { author: id.oli, reason: "no hub", breakglass: sha256(jcs(document)), ...over.warrant },
  });
  const grant = makeGrant(org);
  const read = makeManifest(org, { tasks: [{ kind: "collect", device: "ams-r1" as DeviceId }] });
  const granted = await signEnvelope("farhand-grant+jws", grant, [org.people.ann]);
  const work =
    over.under === "grant"
      ? { kind: "grant", authority: granted, digest: sha256(jcs(grant)), manifest: read.bytes }
      : { kind: "warrant", authority: change.authority, digest: change.authorityDigest, manifest: change.manifest };

  const bodies = new Map<Digest, Bytes>();
  const entries: BundleEntry[] = [];
  const add = (kind: BundleEntry["kind"], bytes: Bytes): Digest => {
    const digest = sha256(bytes);
    if (!bodies.has(digest)) entries.push({ kind, sha256: digest, bytes: bytes.length } as BundleEntry);
    bodies.set(digest, bytes);
    return digest;
  };
  const parts = {
    breakglass: add("breakglass", envelopeBytes(breakglass)),
    work: {
      authority: { kind: work.kind, sha256: work.digest },
      envelope: add("authority", envelopeBytes(work.authority)),
      manifest: add("manifest", work.manifest),
    },
  };
  for (const text of hub.texts.values()) add("text", text);
  if (over.extra) add(over.extra.kind, over.extra.bytes);
  const index = {
    type: "bundle",
    v: 1,
    org: id.org,
    site: id.ams,
    agent: id.agentAms,
    iat: org.nowSeconds,
    exp: org.nowSeconds + 3600,
    entries,
    direction: "breakglass",
    oncall: id.oli,
    ...parts,
    ...over.index,
  } as BreakglassIndex;
  const envelope: Envelope = await signEnvelope("farhand-bundle+jws", index, [over.carriedBy ?? org.people.oli]);
  const chunks: Uint8Array[] = [];
  const ordered = entries.map((entry) => bodies.get(entry.sha256) ?? new Uint8Array(0));
  for await (const chunk of bundleChunks(envelope, entries, (at) => ordered[at] ?? new Uint8Array(0)))
    chunks.push(chunk);
  const path = `${site.stateDir}-${paths.length}.brought`;
  writeFileSync(path, Buffer.concat(chunks));
  paths.push(path);
  return path;
}

const changed = () => site.device("ams-r1").lines.includes("ntp server 192.0.2.10");

describe("what an on-call person brings", () => {
  it("is taken without any other admission, runs, and is taken once: by whatever file", async () => {
    await begin();
    const path = await bring();
    const report = await agent.importBundle(path, null);
    expect(report).toMatchObject({ number: 0, work: [{ outcome: "accepted" }], trust: [] });
    await until("the change", changed);
    expect(await agent.importBundle(path, null)).toMatchObject({ work: [{ outcome: "held" }] });
    await expect(agent.importBundle(await bring({ line: "ntp server 192.0.2.11" }), null)).rejects.toThrow(
      "night was used at this agent already",
    );
    expect(site.device("ams-r1").applies).toBe(1);
  });

  it("does not run when it was taken by an agent that dies before it has begun, and is not lost: the next one runs it once", async () => {
    await begin();
    await agent.stop();
    const idle = await site.start(undefined, { airGapped: true, idle: true });
    await idle.importBundle(await bring(), null);
    expect(site.device("ams-r1").opens).toBe(0);
    await idle.stop();
    agent = await site.start(undefined, { airGapped: true });
    await until("the change", changed);
    expect(site.device("ams-r1").applies).toBe(1);
  });

  const junk = utf8("{}");
  const attacks: readonly [string, RegExp, () => Brought][] = [
    ["carried by the hub", /SIGNATURE_MISSING/, () => ({ carriedBy: site.org.hub })],
    ["carried by an approver in that name", /BUNDLE_ADMISSION/, () => ({ carriedBy: site.org.people.bob })],
    [
      "carried by an approver in his own",
      /BUNDLE_ADMISSION/,
      () => ({ carriedBy: site.org.people.bob, index: { oncall: id.bob } }),
    ],
    ["for a site where the person is not on call", /BUNDLE_ADMISSION/, () => ({ index: { site: id.lon } })],
    ["for another agent", /WRONG_AGENT/, () => ({ index: { agent: id.agentLon } })],
    ["for another organisation", /WRONG_ORG/, () => ({ index: { org: "evil" } })],
    ["too late", /EXPIRED/, () => ({ index: { iat: site.org.nowSeconds - 7200, exp: site.org.nowSeconds - 3600 } })],
    ["for longer than a day", /LIFETIME/, () => ({ index: { exp: site.org.nowSeconds + 2 * 86_400 } })],
    ["with acknowledgements", /SCHEMA/, () => ({ index: { acks: { epoch: "0".repeat(32), lanes: [] } } })],
    ["with a number of the hub's", /SCHEMA/, () => ({ index: { number: 1, prev: null } })],
    ["with a cancel", /BUNDLE_SHAPE/, () => ({ extra: { kind: "cancel", bytes: junk } })],
    ["with a credential", /BUNDLE_SHAPE/, () => ({ extra: { kind: "credential", bytes: junk } })],
    ["with a checkpoint", /BUNDLE_SHAPE/, () => ({ extra: { kind: "checkpoint", bytes: junk } })],
    ["without the break-glass among its parts", /BUNDLE_INCOMPLETE/, () => ({ index: { breakglass: sha256("none") } })],
    ["under one that the hub forged", /SIGNATURE_MISSING/, () => ({ calm: [site.org.hub] })],
    ["under one that one person signed", /THRESHOLD/, () => ({ calm: [site.org.people.ann] })],
    ["under one of another site", /BREAKGLASS/, () => ({ breakglass: { site: id.lon } })],
    ["under one of another agent", /BREAKGLASS/, () => ({ breakglass: { agents: [id.agentLon] } })],
    ["under one that does not name the person", /BREAKGLASS/, () => ({ breakglass: { oncall: [id.bob as PersonId] } })],
    [
      "under one that has ended",
      /EXPIRED/,
      () => {
        const iat = site.org.nowSeconds - 7200;
        return { breakglass: { iat, nbf: iat, exp: iat + 3600 } };
      },
    ],
    ["with a change that another signed", /BREAKGLASS|SIGNATURE_MISSING/, () => ({ usedBy: site.org.people.bob })],
    ["with a change that names no break-glass", /NO_AUTHOR/, () => ({ warrant: { breakglass: undefined } as never })],
    ["with a destructive change", /RISK_UNDERSTATED/, () => ({ line: "erase startup" })],
    ["with a change that nothing undoes", /BREAKGLASS/, () => ({ task: { level: "D" } })],
    ["with a read that is no plan", /BREAKGLASS/, () => ({ under: "grant" })],
  ];
  it.each(attacks)("%s: is refused, changes nothing and uses nothing up", async (_, code, over) => {
    await begin();
    const path = await bring(over());
    await expect(agent.importBundle(path, null)).rejects.toThrow(code);
    expect(site.device("ams-r1").opens).toBe(0);
    const good = await agent.importBundle(await bring(), null);
    expect(good.work).toMatchObject([{ outcome: "accepted" }]);
  });

  it.each(["left", "compromised"] as const)("T6: is refused where the on-call key is revoked, %s", async (reason) => {
    await begin((keys) => ({
      ...keys,
      revoked: (keys.people.find((person) => person.id === id.oli)?.keys ?? []).map(({ kid }) => ({
        kid,
        reason,
        at: 1,
      })),
    }));
    await expect(agent.importBundle(await bring(), null)).rejects.toThrow("SIGNATURE_MISSING");
    expect(site.device("ams-r1").opens).toBe(0);
  });
});
