import { beforeAll, describe, expect, it } from "vitest";
import { fromBase64url, jcs, sha256, toBase64url } from "../bytes.ts";
import type { Risk } from "../documents/common.ts";
import type { Manifest, TaskSpec } from "../documents/manifest.ts";
import type { Warrant } from "../documents/warrant.ts";
import { signEnvelope, type Envelope } from "../envelope.ts";
import { FarhandError, type ErrorCode } from "../errors.ts";
import type { DeviceId, Digest, PersonId, PlatformId, PolicyId, SiteId } from "../ids.ts";
import type { Signer } from "../keys.ts";
import {
  agentOf,
  changeTask,
  id,
  makeGrant,
  makeManifest,
  makeOffer,
  makeOrg,
  makeWarrant,
  NO_DIGEST,
  type TestOrg,
} from "../testing/org.ts";
import { matchOffer, verifyCancel, verifyOffer, verifyWork, type VerifierContext } from "./work.ts";

let org: TestOrg;
beforeAll(async () => {
  org = await makeOrg();
});

const riskOf = (task: TaskSpec): Risk => (task.kind === "change" ? "change" : "read");
const context = (over: Partial<VerifierContext> = {}): VerifierContext => ({
  trust: org.trust,
  inventory: org.inventory,
  agent: id.agentAms,
  site: id.ams,
  time: { nowMs: org.nowSeconds * 1000, errorMs: 0, floorMs: 0 },
  riskOf,
  platformDigest: () => NO_DIGEST,
  ...over,
});

function deviceNamed(name: string) {
  const device = org.inventory.device(name as DeviceId);
  if (!device) throw new Error(`no device ${name}`);
  return device;
}

interface Case {
  manifest?: Partial<Manifest>;
  warrant?: Partial<Warrant>;
  signers?: readonly Signer[];
  context?: Partial<VerifierContext>;
  alter?: (envelope: Envelope) => Envelope;
}

async function verify(over: Case = {}): Promise<ErrorCode | "OK"> {
  const made = makeManifest(org, over.manifest);
  const warrant = makeWarrant(org, [made.digest], over.warrant);
  const signed = await signEnvelope("farhand-warrant+jws", warrant, over.signers ?? [org.people.ann, org.people.bob]);
  try {
    await verifyWork(
      { authorityKind: "warrant", authority: over.alter?.(signed) ?? signed, manifest: made.bytes },
      context(over.context),
    );
    return "OK";
  } catch (error) {
    if (error instanceof FarhandError) return error.code;
    throw error;
  }
}

describe("a warrant is accepted", () => {
  it("when an author and one other person in scope signed exactly these bytes for this agent", async () => {
    expect(await verify()).toBe("OK");
  });

  it("and the verified work names both, the author first", async () => {
    const made = makeManifest(org);
    const envelope = await signEnvelope("farhand-warrant+jws", makeWarrant(org, [made.digest]), [
      org.people.bob,
      org.people.ann,
    ]);
    const work = await verifyWork({ authorityKind: "warrant", authority: envelope, manifest: made.bytes }, context());
    expect(work.signers).toEqual(["ann", "bob"]);
    expect(work.manifestDigest).toBe(made.digest);
  });
});

describe("a warrant is refused", () => {
  const cases: [string, () => Case, ErrorCode][] = [
    ["signed by the author alone, who is an approver too", () => ({ signers: [org.people.ann] }), "THRESHOLD"],
    ["signed by the author twice", () => ({ signers: [org.people.ann, org.people.ann] }), "THRESHOLD"],
    ["signed by approvers without the author", () => ({ signers: [org.people.bob] }), "NO_AUTHOR"],
    ["approved by a person scoped to another site", () => ({ signers: [org.people.ann, org.people.cyd] }), "THRESHOLD"],
    [
      "authored by a person scoped to another site",
      () => ({ warrant: { author: "cyd" as PersonId }, signers: [org.people.cyd, org.people.bob] }),
      "NO_AUTHOR",
    ],
    ["signed by the hub's key as author and approver", () => ({ signers: [org.hub] }), "SIGNATURE_MISSING"],
    ["signed by an agent", () => ({ signers: [agentOf(org).signer] }), "SIGNATURE_MISSING"],
    ["signed by the hub's key beside the author", () => ({ signers: [org.people.ann, org.hub] }), "THRESHOLD"],
    ["destructive, with one approver where two are needed", () => ({ warrant: { risk: "destructive" } }), "THRESHOLD"],
    ["claiming a read for what is a change", () => ({ warrant: { risk: "read" } }), "RISK_UNDERSTATED"],
    ["of another organisation", () => ({ warrant: { org: "evil" as Warrant["org"] } }), "WRONG_ORG"],
    [
      "whose manifest is for another organisation",
      () => ({ manifest: { org: "evil" as Manifest["org"] } }),
      "WRONG_ORG",
    ],
    ["for another site", () => ({ manifest: { site: id.lon }, warrant: { sites: [id.lon] } }), "WRONG_SITE"],
    ["for other sites than its manifest's", () => ({ warrant: { sites: [id.lon] } }), "WRONG_SITE"],
    ["for another agent", () => ({ manifest: { agents: [id.agentLon] } }), "WRONG_AGENT"],
    ["naming a device of another site", () => ({ manifest: { tasks: [changeTask("lon-r1")] } }), "WRONG_SITE"],
    [
      "naming a device that the inventory does not have",
      () => ({ manifest: { tasks: [changeTask("nowhere")] } }),
      "INVENTORY_MISMATCH",
    ],
    ["made for another inventory", () => ({ warrant: { inventory: NO_DIGEST } }), "INVENTORY_MISMATCH"],
    ["needing newer keys", () => ({ warrant: { keysVersion: 2 } }), "KEYS_VERSION"],
    [
      "naming a policy that keys.json does not have",
      () => ({ warrant: { policy: { id: id.policy, version: 9 } } }),
      "POLICY_UNKNOWN",
    ],
    [
      "expired",
      () => ({ context: { time: { nowMs: (org.nowSeconds + 3600) * 1000, errorMs: 0, floorMs: 0 } } }),
      "EXPIRED",
    ],
    [
      "expired by the proved floor, the clock set back",
      () => ({ context: { time: { nowMs: 0, errorMs: 0, floorMs: (org.nowSeconds + 3600) * 1000 } } }),
      "EXPIRED",
    ],
    ["not valid yet", () => ({ warrant: { nbf: org.nowSeconds + 600 } }), "NOT_YET_VALID"],
    ["valid for longer than the policy allows", () => ({ warrant: { exp: org.nowSeconds + 46 * 86_400 } }), "LIFETIME"],
    ["for another job than its manifest", () => ({ manifest: { job: "job-2" as Manifest["job"] } }), "OFFER_MISMATCH"],
    ["of another kind than its tasks", () => ({ warrant: { kind: "collect" } }), "OFFER_MISMATCH"],
    [
      "made by another platform file",
      () => ({ context: { platformDigest: () => "1".repeat(64) as Digest } }),
      "DRIVER_CHANGED",
    ],
    [
      "for a platform that the agent cannot drive",
      () => ({ context: { platformDigest: () => undefined } }),
      "PLATFORM_UNKNOWN",
    ],
    [
      "level E without accepting it by name",
      () => ({ manifest: { tasks: [changeTask("ams-r1", { level: "E" })] } }),
      "LEVEL_TOO_LOW",
    ],
    [
      "touching the management path without a device timer",
      () => ({ manifest: { tasks: [changeTask("ams-r1", { level: "D", touchesManagement: true })] } }),
      "LEVEL_TOO_LOW",
    ],
    [
      "on a driver proved by simulation only, not accepted by name",
      () => ({ manifest: { tasks: [changeTask("ams-r1", { evidence: "simulated" })] } }),
      "EVIDENCE_TOO_LOW",
    ],
    [
      "replacing under same-diff",
      () => ({ manifest: { tasks: [changeTask("ams-r1", { mode: "replace", drift: "same-diff" })] } }),
      "SCHEMA",
    ],
    ["naming a device twice", () => ({ manifest: { tasks: [changeTask("ams-r1"), changeTask("ams-r1")] } }), "SCHEMA"],
    ["with a member that the schema does not know", () => ({ warrant: { extra: 1 } as Partial<Warrant> }), "SCHEMA"],
    ["with a wave that leaves a manifest out", () => ({ warrant: { manifests: [NO_DIGEST, NO_DIGEST] } }), "SCHEMA"],
    ["that does not name the manifest", () => ({ warrant: { manifests: [NO_DIGEST] } }), "MANIFEST_UNKNOWN"],
  ];
  it.each(cases)("%s", async (_, over, code) => {
    expect(await verify(over())).toBe(code);
  });

  it("when one byte of the manifest is altered", async () => {
    const made = makeManifest(org);
    const envelope = await signEnvelope("farhand-warrant+jws", makeWarrant(org, [made.digest]), [
      org.people.ann,
      org.people.bob,
    ]);
    for (let i = 0; i < made.bytes.length; i += 7) {
      const altered = made.bytes.slice();
      altered[i] = (altered[i] ?? 0) ^ 1;
      await expect(
        verifyWork({ authorityKind: "warrant", authority: envelope, manifest: altered }, context()),
      ).rejects.toMatchObject({ code: "MANIFEST_UNKNOWN" });
    }
  });

  it("when its signed policy or level is altered after signing", async () => {
    const alter = (envelope: Envelope): Envelope => {
      const value = JSON.parse(new TextDecoder().decode(fromBase64url(envelope.payload))) as Warrant;
      return { ...envelope, payload: toBase64url(jcs({ ...value, title: "another" })) };
    };
    expect(await verify({ alter })).toBe("SIGNATURE_BAD");
  });

  it("when the agent's keys.json has ended, whatever newer one a hub may hide", async () => {
    const ended = await makeOrg({ keys: (keys) => ({ ...keys, exp: org.nowSeconds + 10 }) });
    const made = makeManifest(ended);
    const envelope = await signEnvelope("farhand-warrant+jws", makeWarrant(ended, [made.digest]), [
      ended.people.ann,
      ended.people.bob,
    ]);
    const documents = { authorityKind: "warrant", authority: envelope, manifest: made.bytes } as const;
    const at = (seconds: number) =>
      context({
        trust: ended.trust,
        inventory: ended.inventory,
        time: { nowMs: (org.nowSeconds + seconds) * 1000, errorMs: 0, floorMs: 0 },
      });
    await expect(verifyWork(documents, at(9))).resolves.toMatchObject({ signers: ["ann", "bob"] });
    await expect(verifyWork(documents, at(10))).rejects.toMatchObject({ code: "EXPIRED", detail: "keys.json" });
  });

  it("when a key that signed was revoked", async () => {
    const revoking = await makeOrg({
      keys: (keys) => {
        const bob = keys.people.find((person) => person.id === id.bob);
        return {
          ...keys,
          revoked: (bob?.keys ?? []).map(({ kid }) => ({ kid, reason: "compromised" as const, at: org.nowSeconds })),
        };
      },
    });
    const made = makeManifest(revoking);
    const envelope = await signEnvelope("farhand-warrant+jws", makeWarrant(revoking, [made.digest]), [
      revoking.people.ann,
      revoking.people.bob,
    ]);
    await expect(
      verifyWork(
        { authorityKind: "warrant", authority: envelope, manifest: made.bytes },
        context({ trust: revoking.trust, inventory: revoking.inventory }),
      ),
    ).rejects.toMatchObject({ code: "THRESHOLD" });
  });
});

describe("a grant", () => {
  const read = (over: Partial<Manifest> = {}): Partial<Manifest> => ({
    tasks: [{ kind: "run", device: "ams-r1" as TaskSpec["device"], commands: ["show version"] }],
    ...over,
  });
  async function under(
    grant: Parameters<typeof makeGrant>[1],
    manifest: Partial<Manifest>,
    over: Partial<VerifierContext> = {},
  ): Promise<ErrorCode | "OK"> {
    const envelope = await signEnvelope("farhand-grant+jws", makeGrant(org, grant), [org.people.ann]);
    try {
      await verifyWork(
        { authorityKind: "grant", authority: envelope, manifest: makeManifest(org, manifest).bytes },
        context(over),
      );
      return "OK";
    } catch (error) {
      if (error instanceof FarhandError) return error.code;
      throw error;
    }
  }

  it("covers the reads that it enumerates", async () => {
    expect(await under({}, read())).toBe("OK");
    expect(await under({}, { tasks: [{ kind: "collect", device: "ams-r1" as TaskSpec["device"] }] })).toBe("OK");
  });

  it("covers a device that joined a granted site after it was signed, and no other site's", async () => {
    const grown = await makeOrg({
      devices: [...org.inventory.inventory.document.devices, { ...deviceNamed("ams-r1"), id: "ams-r9" as DeviceId }],
    });
    const authority = await signEnvelope("farhand-grant+jws", makeGrant(grown, { inventory: org.inventory.digest }), [
      grown.people.ann,
    ]);
    const asked = (device: string, inventory: Digest) =>
      verifyWork(
        {
          authorityKind: "grant",
          authority,
          manifest: makeManifest(grown, { inventory, tasks: [{ kind: "collect", device: device as DeviceId }] }).bytes,
        },
        context({ trust: grown.trust, inventory: grown.inventory }),
      );
    await expect(asked("ams-r9", grown.inventory.digest)).resolves.toMatchObject({ grant: { id: "reads" } });
    await expect(asked("lon-r1", grown.inventory.digest)).rejects.toMatchObject({ code: "WRONG_SITE" });
    await expect(asked("ams-r1", org.inventory.digest)).rejects.toMatchObject({ code: "INVENTORY_MISMATCH" });
  });

  it("lives for a year at most", async () => {
    expect(await under({ exp: org.nowSeconds + 366 * 86_400 }, read())).toBe("OK");
    expect(await under({ exp: org.nowSeconds + 366 * 86_400 + 1 }, read())).toBe("LIFETIME");
  });

  it("covers nothing else", async () => {
    expect(await under({ org: "evil" as Warrant["org"] }, read())).toBe("WRONG_ORG");
    expect(await under({}, { tasks: [changeTask("ams-r1")] })).toBe("GRANT_SCOPE");
    expect(await under({ commands: [] }, read())).toBe("GRANT_SCOPE");
    expect(await under({ kinds: ["collect"] }, read())).toBe("GRANT_SCOPE");
    expect(await under({ sites: [id.lon as SiteId] }, read())).toBe("GRANT_SCOPE");
    expect(await under({ selectors: [{ platforms: ["other" as PlatformId] }] }, read())).toBe("GRANT_SCOPE");
    expect(await under({ selectors: [{ tags: { role: "core" } }] }, read())).toBe("GRANT_SCOPE");
    expect(await under({}, read(), { riskOf: () => "change" })).toBe("RISK_UNDERSTATED");
  });

  it("is refused under a milder policy than the one that governs its sites", async () => {
    const mild = "mild" as PolicyId;
    const strict = await makeOrg({
      keys: (keys) => ({
        ...keys,
        policies: keys.policies.flatMap((policy) => [
          { ...policy, rules: { ...policy.rules, read: { approvers: 1, onePerson: false } } },
          { ...policy, id: mild },
        ]),
      }),
    });
    const grant = makeGrant(strict, { policy: { id: mild, version: 1 } });
    const authority = await signEnvelope("farhand-grant+jws", grant, [strict.people.ann]);
    const { bytes } = makeManifest(strict, { tasks: [{ kind: "collect", device: "ams-r1" as DeviceId }] });
    const held = context({ trust: strict.trust, inventory: strict.inventory });
    await expect(verifyWork({ authorityKind: "grant", authority, manifest: bytes }, held)).rejects.toThrow(
      "POLICY_UNKNOWN",
    );
  });

  it("is refused under an older version of the policy that governs its sites", async () => {
    const renewed = await makeOrg({
      keys: (keys) => ({
        ...keys,
        policies: keys.policies.flatMap((policy) => [policy, { ...policy, version: 2 }]),
      }),
    });
    const held = context({ trust: renewed.trust, inventory: renewed.inventory });
    const { bytes } = makeManifest(renewed, { tasks: [{ kind: "collect", device: "ams-r1" as DeviceId }] });
    const of = async (version: number) => {
      const grant = makeGrant(renewed, { policy: { id: id.policy, version } });
      const authority = await signEnvelope("farhand-grant+jws", grant, [renewed.people.ann]);
      return verifyWork({ authorityKind: "grant", authority, manifest: bytes }, held);
    };
    await expect(of(2)).resolves.toMatchObject({ signers: ["ann"] });
    await expect(of(1)).rejects.toThrow("governed by another policy");
  });

  it("does not pass for a warrant, nor a warrant for a grant", async () => {
    const made = makeManifest(org);
    const grant = await signEnvelope("farhand-grant+jws", makeGrant(org), [org.people.ann, org.people.bob]);
    await expect(
      verifyWork({ authorityKind: "warrant", authority: grant, manifest: made.bytes }, context()),
    ).rejects.toMatchObject({ code: "ENVELOPE_TYPE" });
  });
});

describe("before anything is opened", () => {
  it("a manifest beyond its cap is refused, and so is a stage", async () => {
    const authority = await signEnvelope("farhand-warrant+jws", makeWarrant(org, [NO_DIGEST]), [org.people.ann]);
    const long = new Uint8Array(512 * 1024 + 1);
    await expect(verifyWork({ authorityKind: "warrant", authority, manifest: long }, context())).rejects.toMatchObject({
      code: "ENVELOPE_TOO_LARGE",
    });
    const { bytes } = makeManifest(org);
    await expect(verifyWork({ authorityKind: "stage", authority, manifest: bytes }, context())).rejects.toMatchObject({
      code: "ENVELOPE_TYPE",
    });
  });
});

describe("T34: where a device is and what logs in to it", () => {
  it.each(["credential", "address", "host", "port", "hostKeys", "username", "password", "via", "hops"])(
    "T34: is never a manifest's to say: %s",
    async (member) => {
      const task = { ...changeTask("ams-r1"), [member]: "203.0.113.66" };
      expect(await verify({ manifest: { tasks: [task] } })).toBe("CREDENTIAL_BINDING");
    },
  );

  it("T34: nor does an address pass for a device, nor a device that the signed inventory does not have", async () => {
    for (const device of ["203.0.113.66", "ams-r1.evil.example"])
      expect(await verify({ manifest: { tasks: [changeTask(device)] } })).toBe("INVENTORY_MISMATCH");
    for (const device of ["AMS-R1", "203.0.113.66:2222", "[2001:db8::1]", "ams-r1@203.0.113.66"])
      expect(await verify({ manifest: { tasks: [changeTask(device)] } })).toBe("SCHEMA");
  });
});

describe("how long a warrant may live is the policy's to say", () => {
  const withPolicy = (over: object) =>
    makeOrg({ keys: (keys) => ({ ...keys, policies: keys.policies.map((policy) => ({ ...policy, ...over })) }) });

  it("45 days where there is a line, 180 where the signed policy says that there is none", async () => {
    const day = 86_400;
    await expect(withPolicy({ warrantLifetimeSecondsMax: 46 * day })).rejects.toMatchObject({ code: "SCHEMA" });
    await expect(withPolicy({ warrantLifetimeSecondsMax: 181 * day, airGapped: true })).rejects.toMatchObject({
      code: "SCHEMA",
    });
    const dark = await withPolicy({ warrantLifetimeSecondsMax: 180 * day, airGapped: true });
    const made = makeManifest(dark);
    const lasting = async (seconds: number) => {
      const warrant = makeWarrant(dark, [made.digest], { exp: dark.nowSeconds + seconds });
      const authority = await signEnvelope("farhand-warrant+jws", warrant, [dark.people.ann, dark.people.bob]);
      return verifyWork(
        { authorityKind: "warrant", authority, manifest: made.bytes },
        context({ trust: dark.trust, inventory: dark.inventory }),
      );
    };
    await expect(lasting(180 * day)).resolves.toMatchObject({ signers: ["ann", "bob"] });
    await expect(lasting(180 * day + 1)).rejects.toMatchObject({ code: "LIFETIME" });
  });
});

describe("an offer", () => {
  const nonce = "n".repeat(42) + "A";
  const offerContext = () => ({ trust: org.trust, agent: id.agentAms, nonces: new Set([nonce]) });
  const authority = { kind: "warrant", sha256: NO_DIGEST } as const;
  const sign = (over: Partial<Parameters<typeof makeOffer>[1]> = {}, signer: Signer = org.hub) =>
    signEnvelope("farhand-offer+jws", makeOffer(org, { manifest: NO_DIGEST, authority, nonce, ...over }), [signer]);

  it("counts when the hub signed it for this agent and this pull", async () => {
    expect((await verifyOffer(await sign(), offerContext())).sequence).toBe(1);
  });

  it.each([
    ["an old nonce", { nonce: "o".repeat(42) + "A" }, "NONCE"],
    ["another agent", { agent: id.agentLon }, "WRONG_AGENT"],
    ["a lifetime over 15 minutes", { exp: 1_800_000_901 }, "LIFETIME"],
    ["another hub's id", { hub: "hub-2" }, "OFFER_MISMATCH"],
    ["another organisation", { org: "evil" as Warrant["org"] }, "WRONG_ORG"],
    ["an end at its start", { exp: 1_800_000_000 }, "LIFETIME"],
  ] as const)("is refused with %s", async (_, over, code) => {
    await expect(verifyOffer(await sign(over), offerContext())).rejects.toMatchObject({ code });
  });

  it("is refused when a person signed it, and a cancel is refused when not the hub did", async () => {
    await expect(verifyOffer(await sign({}, org.people.ann), offerContext())).rejects.toMatchObject({
      code: "SIGNATURE_MISSING",
    });
    const cancel = {
      type: "cancel",
      v: 1,
      org: id.org,
      hub: "hub-1",
      agent: id.agentAms,
      manifest: NO_DIGEST,
      attempt: 1,
      generation: 1,
      reason: "",
      iat: org.nowSeconds,
    };
    await expect(
      verifyCancel(await signEnvelope("farhand-cancel+jws", cancel, [org.people.ann]), offerContext()),
    ).rejects.toMatchObject({ code: "SIGNATURE_MISSING" });
    const byHub = async (over: object) =>
      verifyCancel(await signEnvelope("farhand-cancel+jws", { ...cancel, ...over }, [org.hub]), offerContext());
    expect((await byHub({})).generation).toBe(1);
    await expect(byHub({ org: "evil" })).rejects.toMatchObject({ code: "WRONG_ORG" });
    await expect(byHub({ agent: id.agentLon })).rejects.toMatchObject({ code: "WRONG_AGENT" });
  });

  it("must name exactly what was verified, within the signed attempts", async () => {
    const made = makeManifest(org);
    const warrant = makeWarrant(org, [made.digest]);
    const envelope = await signEnvelope("farhand-warrant+jws", warrant, [org.people.ann, org.people.bob]);
    const work = await verifyWork({ authorityKind: "warrant", authority: envelope, manifest: made.bytes }, context());
    const right = makeOffer(org, {
      manifest: made.digest,
      authority: { kind: "warrant", sha256: sha256(jcs(warrant)) },
      nonce,
    });
    expect(() => matchOffer(right, work)).not.toThrow();
    expect(() => matchOffer({ ...right, manifest: NO_DIGEST }, work)).toThrow(/OFFER_MISMATCH/);
    expect(() => matchOffer({ ...right, authority: { ...right.authority, sha256: NO_DIGEST } }, work)).toThrow(
      /OFFER_MISMATCH/,
    );
    expect(() => matchOffer({ ...right, authority: { ...right.authority, kind: "grant" } }, work)).toThrow(
      /OFFER_MISMATCH/,
    );
    expect(() => matchOffer({ ...right, attempt: 2 }, work)).toThrow(/ATTEMPTS/);
  });
});
