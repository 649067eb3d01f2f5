import { beforeAll, describe, expect, it } from "vitest";
import type { Adoption } from "../documents/adoption.ts";
import type { Hold } from "../documents/hold.ts";
import type { Readmission } from "../documents/readmission.ts";
import { signEnvelope } from "../envelope.ts";
import type { DeviceId, OrgId, PersonId } from "../ids.ts";
import type { Signer } from "../keys.ts";
import { id, makeOrg, NO_DIGEST, type TestOrg } from "../testing/org.ts";
import { isHeld, verifyAdoption, verifyHold, verifyReadmission } from "./hands.ts";

let org: TestOrg;
beforeAll(async () => {
  org = await makeOrg();
});

describe("a hold", () => {
  const hold = (over: Partial<Hold> = {}): Hold => ({
    type: "hold",
    v: 1,
    org: id.org,
    site: id.ams,
    device: "ams-r1" as DeviceId,
    owner: id.ann,
    reason: "being rebuilt",
    generation: 1,
    held: true,
    iat: org.nowSeconds,
    exp: null,
    ...over,
  });
  const verify = async (over: Partial<Hold>, signer: Signer = org.people.ann) =>
    verifyHold(await signEnvelope("farhand-hold+jws", hold(over), [signer]), {
      trust: org.trust,
      inventory: org.inventory,
      site: id.ams,
    });

  it("counts when its owner, who has a part at the site, signed it", async () => {
    expect(await verify({})).toMatchObject({ device: "ams-r1", held: true });
    expect(await verify({ owner: id.oli }, org.people.oli)).toMatchObject({ owner: "oli" });
  });

  it("is refused otherwise", async () => {
    const cyd = "cyd" as PersonId;
    const kim = "kim" as PersonId;
    await expect(verify({}, org.hub)).rejects.toMatchObject({ code: "SIGNATURE_MISSING" });
    await expect(verify({}, org.people.bob)).rejects.toMatchObject({ code: "SIGNATURE_MISSING" });
    await expect(verify({ owner: cyd }, org.people.cyd)).rejects.toMatchObject({ code: "FORBIDDEN" });
    await expect(verify({ owner: kim }, org.people.kim)).rejects.toMatchObject({ code: "FORBIDDEN" });
    await expect(verify({ org: "evil" as OrgId })).rejects.toMatchObject({ code: "WRONG_ORG" });
    await expect(verify({ site: id.lon, device: "lon-r1" as DeviceId })).rejects.toMatchObject({ code: "WRONG_SITE" });
    await expect(verify({ device: "lon-r1" as DeviceId })).rejects.toMatchObject({ code: "INVENTORY_MISMATCH" });
  });

  it("stands until it is lifted or its end has come", () => {
    expect(isHeld({ held: true, exp: null }, 9e15)).toBe(true);
    expect(isHeld({ held: false, exp: null }, 0)).toBe(false);
    expect(isHeld({ held: true, exp: 100 }, 99_999)).toBe(true);
    expect(isHeld({ held: true, exp: 100 }, 100_000)).toBe(false);
  });
});

describe("an adoption", () => {
  const verify = async (over: Partial<Adoption>, signer: Signer = org.people.ann) => {
    const adoption: Adoption = {
      type: "adoption",
      v: 1,
      org: id.org,
      site: id.ams,
      device: "ams-r1" as DeviceId,
      owner: id.ann,
      reason: "by hand",
      config: NO_DIGEST,
      from: null,
      iat: org.nowSeconds,
      ...over,
    };
    return verifyAdoption(await signEnvelope("farhand-adoption+jws", adoption, [signer]), org);
  };

  it("counts when its owner, who has a part at the site, signed it, and is refused otherwise", async () => {
    expect(await verify({})).toMatchObject({ device: "ams-r1", owner: "ann" });
    await expect(verify({}, org.hub)).rejects.toMatchObject({ code: "SIGNATURE_MISSING" });
    await expect(verify({ owner: id.bob })).rejects.toMatchObject({ code: "SIGNATURE_MISSING" });
    await expect(verify({ owner: "kim" as PersonId }, org.people.kim)).rejects.toMatchObject({ code: "FORBIDDEN" });
    await expect(verify({ org: "evil" as OrgId })).rejects.toMatchObject({ code: "WRONG_ORG" });
    await expect(verify({ device: "lon-r1" as DeviceId })).rejects.toMatchObject({ code: "INVENTORY_MISMATCH" });
  });
});

describe("a readmission", () => {
  const verify = async (over: Partial<Readmission>, signer: Signer = org.people.kim, atSeconds = 0) =>
    verifyReadmission(
      await signEnvelope(
        "farhand-readmission+jws",
        {
          type: "readmission",
          v: 1,
          org: id.org,
          agent: id.agentAms,
          epoch: "e".repeat(32),
          reason: "restored on purpose",
          iat: org.nowSeconds,
          exp: org.nowSeconds + 3600,
          ...over,
        },
        [signer],
      ),
      {
        trust: org.trust,
        agent: id.agentAms,
        site: id.ams,
        time: { nowMs: (org.nowSeconds + atSeconds) * 1000, errorMs: 0, floorMs: 0 },
      },
    );

  it("counts when a keyadmin signed it for this agent, now", async () => {
    expect(await verify({})).toMatchObject({ agent: "agent-ams" });
  });

  it("is refused otherwise", async () => {
    await expect(verify({}, org.hub)).rejects.toMatchObject({ code: "SIGNATURE_MISSING" });
    await expect(verify({}, org.people.ann)).rejects.toMatchObject({ code: "FORBIDDEN" });
    await expect(verify({ agent: id.agentLon })).rejects.toMatchObject({ code: "WRONG_AGENT" });
    await expect(verify({ org: "evil" as OrgId })).rejects.toMatchObject({ code: "WRONG_ORG" });
    await expect(verify({ exp: org.nowSeconds + 8 * 86_400 })).rejects.toMatchObject({ code: "LIFETIME" });
    await expect(verify({ exp: org.nowSeconds })).rejects.toMatchObject({ code: "LIFETIME" });
    await expect(verify({ iat: org.nowSeconds + 600 })).rejects.toMatchObject({ code: "NOT_YET_VALID" });
    await expect(verify({}, org.people.kim, 3600)).rejects.toMatchObject({ code: "EXPIRED" });
  });
});
