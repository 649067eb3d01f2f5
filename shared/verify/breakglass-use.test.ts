import { beforeAll, describe, expect, it } from "vitest";
import { jcs, sha256 } from "../bytes.ts";
import type { Breakglass } from "../documents/breakglass.ts";
import type { Warrant } from "../documents/warrant.ts";
import type { DeviceId } from "../ids.ts";
import { id, makeBreakglass, makeManifest, makeOrg, makeWarrant, type TestOrg } from "../testing/org.ts";
import { checkUse, type BreakglassUse } from "./breakglass.ts";

// Each condition by itself, where the verifier around it would refuse the same for another reason.
let org: TestOrg;
beforeAll(async () => {
  // Bob is on call too.
  org = await makeOrg({
    keys: (keys) => ({
      ...keys,
      people: keys.people.map((person) =>
        person.id === id.bob ? { ...person, roles: [...person.roles, { role: "oncall", sites: [id.ams] }] } : person,
      ),
    }),
  });
});

interface Case {
  readonly breakglass?: Partial<Breakglass>;
  readonly warrant?: Partial<Warrant>;
  readonly use?: Partial<BreakglassUse>;
}
function use(over: Case = {}) {
  const breakglass = makeBreakglass(org, over.breakglass);
  const digest = sha256(jcs(breakglass));
  const { manifest, digest: named } = makeManifest(org);
  const warrant = makeWarrant(org, [named], { author: id.oli, breakglass: digest, ...over.warrant });
  const asked = { warrant, manifest, kids: [org.people.oli.kid], agent: id.agentAms, site: id.ams, ...over.use };
  return expect(() => checkUse({ breakglass, digest, signers: [id.ann, id.bob] }, asked, org.trust));
}

describe("a use of a break-glass", () => {
  it("is one person's, who is on call", () => {
    use().not.toThrow();
  });

  it("is at its site, by an agent that it names", () => {
    use({ use: { site: id.lon } }).toThrow("it is for site ams");
    use({ use: { agent: id.agentLon } }).toThrow("agent agent-lon is not in it");
  });

  it("is a change, within its time", () => {
    use({ warrant: { kind: "rotate" } }).toThrow("it covers a change");
    use({ warrant: { iat: org.nowSeconds - 1, exp: org.nowSeconds + 60 } }).toThrow("within its time");
    const tasks = [{ kind: "collect" as const, device: "ams-r1" as DeviceId }];
    use({ use: { manifest: makeManifest(org, { tasks }).manifest } }).toThrow("it needs a device timer");
  });

  it("is not another's, who is on call as well", () => {
    const both = { oncall: [id.oli, id.bob] };
    use({ breakglass: both, warrant: { author: id.bob }, use: { kids: [org.people.bob.kid] } }).not.toThrow();
    use({ breakglass: both, use: { kids: [org.people.bob.kid] } }).toThrow(
      "oli is not on call in it, or has not signed",
    );
  });
});
