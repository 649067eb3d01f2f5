import { beforeAll, describe, expect, it } from "vitest";
import type { SealedCredential } from "../documents/credential.ts";
import { signEnvelope } from "../envelope.ts";
import { errorCode } from "../errors.ts";
import type { OrgId, PersonId } from "../ids.ts";
import type { Signer } from "../keys.ts";
import { id, makeOrg, type TestOrg } from "../testing/org.ts";
import { CREDENTIAL_LIFETIME_SECONDS_MAX, verifyCredential } from "./credential.ts";

let org: TestOrg;
beforeAll(async () => {
  org = await makeOrg();
});

const kim = "kim" as PersonId;
interface Case {
  readonly context?: Partial<SealedCredential["context"]>;
  readonly sender?: PersonId;
  readonly signer?: Signer;
  readonly iat?: number;
  readonly isHub?: boolean;
}
async function verdict({ context, sender = kim, signer = org.people.kim, iat, isHub }: Case = {}): Promise<string> {
  const document: SealedCredential = {
    type: "credential",
    v: 1,
    sender,
    iat: iat ?? org.nowSeconds,
    context: {
      org: id.org,
      site: id.ams,
      agent: id.agentAms,
      kind: "credential",
      name: "lab",
      version: 1,
      exp: org.nowSeconds + 3600,
      ...context,
    },
    jwe: "sealed",
  };
  const time = { nowMs: org.nowSeconds * 1000, errorMs: 0, floorMs: 0 };
  const audience = { site: id.ams, agent: id.agentAms };
  return verifyCredential(await signEnvelope("farhand-credential+jws", document, [signer]), {
    trust: org.trust,
    time,
    ...(isHub === true ? {} : { audience }),
  }).then(() => "taken", errorCode);
}

describe("a sealed credential", () => {
  it("is its sender's, who may send secrets to that site", async () => {
    expect(await verdict()).toBe("taken");
    expect(await verdict({ sender: id.ann, signer: org.people.ann })).toBe("FORBIDDEN");
    expect(await verdict({ sender: id.ann })).toBe("SIGNATURE_MISSING");
    expect(await verdict({ signer: org.hub })).toBe("SIGNATURE_MISSING");
    // In the name of one who may, by one who may not.
    expect(await verdict({ signer: org.people.ann })).toBe("SIGNATURE_MISSING");
  });

  it("is for one place, which a hub is not", async () => {
    expect(await verdict({ context: { org: "evil" as OrgId } })).toBe("WRONG_ORG");
    expect(await verdict({ context: { site: id.lon } })).toBe("WRONG_SITE");
    expect(await verdict({ context: { agent: id.agentLon } })).toBe("WRONG_AGENT");
    expect(await verdict({ context: { site: id.lon, agent: id.agentLon }, isHub: true })).toBe("taken");
  });

  it("has its time", async () => {
    const longest = org.nowSeconds + CREDENTIAL_LIFETIME_SECONDS_MAX;
    expect(await verdict({ context: { exp: longest } })).toBe("taken");
    expect(await verdict({ context: { exp: longest + 1 } })).toBe("LIFETIME");
    expect(await verdict({ iat: org.nowSeconds - 60, context: { exp: org.nowSeconds } })).toBe("EXPIRED");
    expect(await verdict({ iat: org.nowSeconds + 600 })).toBe("NOT_YET_VALID");
  });
});
