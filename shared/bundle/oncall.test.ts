import { beforeAll, describe, expect, it } from "vitest";
import { signEnvelope } from "../envelope.ts";
import { errorCode } from "../errors.ts";
import type { Signer } from "../keys.ts";
import { SAMPLES } from "../testing/documents.ts";
import { id, makeOrg, type TestOrg } from "../testing/org.ts";
import { openOncall } from "./index.ts";

let org: TestOrg;
beforeAll(async () => {
  org = await makeOrg();
});

const sampleOf = (name: string) => SAMPLES.find((sample) => sample.name === name)?.value ?? {};
async function verdict(over: object = {}, signer: Signer = org.people.oli, name = "brought bundle"): Promise<string> {
  const envelope = await signEnvelope("farhand-bundle+jws", { ...sampleOf(name), ...over }, [signer]);
  return openOncall(envelope, org.trust).then(({ index }) => index.oncall, errorCode);
}

describe("what an on-call person brings", () => {
  it("is signed by that person, who is on call at the site", async () => {
    expect(await verdict()).toBe(id.oli);
    expect(await verdict({ oncall: id.bob }, org.people.bob)).toBe("BUNDLE_ADMISSION");
    expect(await verdict({ site: id.lon })).toBe("BUNDLE_ADMISSION");
    // One who is on call, in another's name.
    expect(await verdict({ oncall: id.bob })).toBe("BUNDLE_ADMISSION");
    expect(await verdict({}, org.hub)).toBe("SIGNATURE_MISSING");
  });

  it("is no hub's bundle, nor an agent's", async () => {
    for (const name of ["inbound bundle", "outbound bundle"])
      expect(await verdict({}, org.people.oli, name)).toBe("BUNDLE_SHAPE");
  });
});
