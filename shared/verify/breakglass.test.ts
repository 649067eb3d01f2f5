import { beforeAll, describe, expect, it } from "vitest";
import { jcs, sha256 } from "../bytes.ts";
import type { Breakglass } from "../documents/breakglass.ts";
import type { Risk } from "../documents/common.ts";
import type { Keys } from "../documents/keys.ts";
import type { Manifest } from "../documents/manifest.ts";
import type { Warrant } from "../documents/warrant.ts";
import { signEnvelope } from "../envelope.ts";
import { FarhandError, type ErrorCode } from "../errors.ts";
import type { PersonId } from "../ids.ts";
import type { Signer } from "../keys.ts";
import {
  changeTask,
  id,
  makeBreakglass,
  makeManifest,
  makeOrg,
  makeWarrant,
  NO_DIGEST,
  type TestOrg,
} from "../testing/org.ts";
import { verifyWork, type VerifiedWork } from "./work.ts";

let org: TestOrg;
beforeAll(async () => {
  org = await makeOrg();
});

interface Case {
  org?: TestOrg;
  breakglass?: Partial<Breakglass>;
  signedBy?: Signer[];
  warrant?: Partial<Warrant>;
  manifest?: Partial<Manifest>;
  usedBy?: Signer[];
  risk?: Risk;
  nowSeconds?: number;
  send?: "another" | "none";
}

async function use(over: Case = {}): Promise<VerifiedWork> {
  const held = over.org ?? org;
  const breakglass = makeBreakglass(held, over.breakglass);
  const envelope = await signEnvelope(
    "farhand-breakglass+jws",
    breakglass,
    over.signedBy ?? [held.people.ann, held.people.bob],
  );
  const other = await signEnvelope("farhand-breakglass+jws", { ...breakglass, reason: "another" }, [
    held.people.ann,
    held.people.bob,
  ]);
  const made = makeManifest(held, over.manifest);
  const warrant = makeWarrant(held, [made.digest], {
    author: id.oli,
    breakglass: sha256(jcs(breakglass)),
    ...over.warrant,
  });
  const authority = await signEnvelope("farhand-warrant+jws", warrant, over.usedBy ?? [held.people.oli]);
  return verifyWork(
    {
      authorityKind: "warrant",
      authority,
      manifest: made.bytes,
      ...(over.send === "none" ? {} : { breakglass: over.send === "another" ? other : envelope }),
    },
    {
      trust: held.trust,
      inventory: held.inventory,
      agent: id.agentAms,
      site: id.ams,
      time: { nowMs: (over.nowSeconds ?? held.nowSeconds) * 1000, errorMs: 0, floorMs: 0 },
      riskOf: () => over.risk ?? "change",
      platformDigest: () => NO_DIGEST,
    },
  );
}
async function verdict(over: Case): Promise<ErrorCode | "OK"> {
  try {
    await use(over);
    return "OK";
  } catch (error) {
    if (error instanceof FarhandError) return error.code;
    throw error;
  }
}

describe("one on-call person, under a break-glass that two signed in calm", () => {
  it("may author a change alone, and the work says so: one person, and which break-glass", async () => {
    const work = await use();
    expect(work.signers).toEqual(["oli"]);
    expect(work.breakglass).toMatchObject({ breakglass: { id: "night" }, signers: ["ann", "bob"] });
  });

  it("may not sign alone without it", async () => {
    const made = makeWarrant(org, [makeManifest(org).digest], { author: id.oli });
    expect(made.breakglass).toBeUndefined();
    expect(await verdict({ warrant: { breakglass: undefined } as Partial<Warrant> })).toBe("NO_AUTHOR");
  });

  const day = 86_400;
  const cases: [string, () => Case, ErrorCode][] = [
    ["that was not sent along", () => ({ send: "none" }), "BREAKGLASS"],
    ["that is another than the warrant names", () => ({ send: "another" }), "BREAKGLASS"],
    ["that only its author signed", () => ({ signedBy: [org.people.ann] }), "THRESHOLD"],
    ["that the hub signed", () => ({ signedBy: [org.hub] }), "SIGNATURE_MISSING"],
    ["that the on-call person signed in calm", () => ({ signedBy: [org.people.oli] }), "NO_AUTHOR"],
    ["of another organisation", () => ({ breakglass: { org: "evil" as Breakglass["org"] } }), "WRONG_ORG"],
    ["that needs newer keys", () => ({ breakglass: { keysVersion: 2 } }), "KEYS_VERSION"],
    ["under another policy", () => ({ breakglass: { policy: { id: id.policy, version: 2 } } }), "POLICY_UNKNOWN"],
    [
      "under a policy that governs another site",
      () => ({ breakglass: { policy: { id: "mild" as Breakglass["policy"]["id"], version: 1 } } }),
      "POLICY_UNKNOWN",
    ],
    ["that lives too long", () => ({ breakglass: { exp: org.nowSeconds + 91 * day } }), "LIFETIME"],
    [
      "that has ended",
      () => ({ breakglass: { exp: org.nowSeconds + 60 }, nowSeconds: org.nowSeconds + 61 }),
      "EXPIRED",
    ],
    ["for another site", () => ({ breakglass: { site: id.lon } }), "BREAKGLASS"],
    ["for another agent", () => ({ breakglass: { agents: [id.agentLon] } }), "BREAKGLASS"],
    ["a standby of which is not in it", () => ({ manifest: { agents: [id.agentAms, id.agentLon] } }), "BREAKGLASS"],
    ["that does not name the person", () => ({ breakglass: { oncall: [id.bob] } }), "BREAKGLASS"],
    [
      "used by a person named in it who is not on call at the site",
      () => ({ breakglass: { oncall: [id.bob] }, warrant: { author: id.bob }, usedBy: [org.people.bob] }),
      "BREAKGLASS",
    ],
    ["used in another's name", () => ({ usedBy: [org.people.bob] }), "BREAKGLASS"],
    [
      "for a warrant that lives longer than it allows",
      () => ({ warrant: { exp: org.nowSeconds + 3601 } }),
      "BREAKGLASS",
    ],
    [
      "for a warrant that ends after it",
      () => ({ breakglass: { exp: org.nowSeconds + 1800 }, warrant: { exp: org.nowSeconds + 3000 } }),
      "BREAKGLASS",
    ],
    ["without saying why", () => ({ warrant: { reason: "" } }), "BREAKGLASS"],
    ["for more than one attempt", () => ({ warrant: { attemptsMax: 2 } }), "BREAKGLASS"],
    ["for what claims to be destructive", () => ({ warrant: { risk: "destructive" } }), "BREAKGLASS"],
    ["for what is destructive", () => ({ risk: "destructive" }), "RISK_UNDERSTATED"],
    [
      "without a device timer",
      () => ({ manifest: { tasks: [changeTask("ams-r1"), changeTask("ams-r2", { level: "D" })] } }),
      "BREAKGLASS",
    ],
    [
      "at level E, accepted by name",
      () => ({
        manifest: { tasks: [changeTask("ams-r1", { level: "E" })] },
        warrant: { accepts: { levelE: ["ams-r1" as Warrant["accepts"]["levelE"][number]], simulatedEvidence: [] } },
      }),
      "BREAKGLASS",
    ],
    ["at another site as well", () => ({ warrant: { sites: [id.ams, id.lon] } }), "BREAKGLASS"],
  ];
  it.each(cases)("may not use one %s", async (_, over, code) => {
    expect(await verdict(over())).toBe(code);
  });

  it("may not use it once the key, or one that signed in calm, is revoked", async () => {
    for (const name of ["oli", "bob"] as const) {
      const revoking = await makeOrg({
        keys: (keys): Keys => ({
          ...keys,
          revoked: (keys.people.find((person) => person.id === (name as PersonId))?.keys ?? []).map(({ kid }) => ({
            kid,
            reason: "left" as const,
            at: org.nowSeconds,
          })),
        }),
      });
      expect(await verdict({ org: revoking })).toBe(name === "oli" ? "SIGNATURE_MISSING" : "THRESHOLD");
    }
  });
});
