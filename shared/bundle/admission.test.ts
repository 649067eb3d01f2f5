import { beforeAll, describe, expect, it } from "vitest";
import { sha256 } from "../bytes.ts";
import type { Admission } from "../documents/admission.ts";
import type { InboundIndex } from "../documents/bundle.ts";
import { signEnvelope } from "../envelope.ts";
import { errorCode } from "../errors.ts";
import type { OrgId, PersonId } from "../ids.ts";
import type { Signer } from "../keys.ts";
import { id, makeOrg, TEST_NOW_SECONDS, type TestOrg } from "../testing/org.ts";
import { openAdmission } from "./admission.ts";

const cyd = "cyd" as PersonId;
let org: TestOrg;
beforeAll(async () => {
  // Bob and Cyd both let bundles in at Amsterdam.
  org = await makeOrg({
    keys: (keys) => ({
      ...keys,
      people: keys.people.map((person) =>
        person.id === id.bob || person.id === cyd
          ? { ...person, roles: [...person.roles, { role: "siteoperator", sites: [id.ams] }] }
          : person,
      ),
    }),
  });
});

const place = { org: id.org, site: id.ams, agent: id.agentAms };
const bundle = {
  index: { ...place, iat: TEST_NOW_SECONDS, exp: TEST_NOW_SECONDS + 3600 } as InboundIndex,
  digest: sha256("a bundle"),
};

async function verdict(over: Partial<Admission> = {}, signer?: Signer): Promise<string> {
  const admission: Admission = {
    type: "admission",
    v: 1,
    ...place,
    operator: id.bob,
    bundle: bundle.digest,
    iat: TEST_NOW_SECONDS + 60,
    attestsTime: false,
    ...over,
  };
  const envelope = await signEnvelope("farhand-admission+jws", admission, [signer ?? org.people.bob]);
  return openAdmission(envelope, bundle, org.trust).then(({ operator }) => operator, errorCode);
}

describe("an admission", () => {
  it("is a site operator's, for exactly this bundle, at its own place", async () => {
    expect(await verdict()).toBe(id.bob);
    expect(await verdict({ operator: cyd }, org.people.cyd)).toBe(cyd);
  });

  it.each<[string, Partial<Admission>]>([
    ["for another bundle", { bundle: sha256("another") }],
    ["of another organisation", { org: "evil" as OrgId }],
    ["of another site", { site: id.lon }],
    ["of another agent", { agent: id.agentLon }],
    ["in the name of an operator who has not signed", { operator: cyd }],
    ["in the name of one who is no operator", { operator: id.ann }],
    ["given before the bundle was made", { iat: TEST_NOW_SECONDS - 121 }],
    ["given at the end of the bundle", { iat: TEST_NOW_SECONDS + 3600 }],
  ])("is refused %s", async (_, over) => {
    expect(await verdict(over)).toBe("BUNDLE_ADMISSION");
  });

  it("is refused of one who is no operator at the site, and of a hub", async () => {
    expect(await verdict({ operator: id.ann }, org.people.ann)).toBe("BUNDLE_ADMISSION");
    expect(await verdict({}, org.hub)).toBe("SIGNATURE_MISSING");
  });
});
