import { beforeAll, describe, expect, it } from "vitest";
import { jcs, parseCanonical, utf8 } from "../bytes.ts";
import { generateBoxJwk, type BoxPublicKey, type PrivateJwk } from "../keys.ts";
import { id } from "../testing/org.ts";
import { FRAME_BYTES_MAX } from "../wire/frame.ts";
import { openEvidence, packFrames, sealEvidence, unpackFrames } from "./evidence.ts";

const place = { org: id.org, site: id.ams, agent: id.agentAms, number: 4, part: 0 };
let key: PrivateJwk;
let sealed: Record<string, string>;
beforeAll(async () => {
  key = await generateBoxJwk();
  sealed = parseCanonical(await sealEvidence(utf8("evidence"), place, key.x as BoxPublicKey)) as typeof sealed;
});

describe("sealed evidence has one text", () => {
  const opened = (jwe: unknown) => openEvidence(jcs(jwe), place, key);

  it("which opens", async () => {
    expect(await opened(sealed)).toEqual(utf8("evidence"));
  });

  it("and not with a member too many", async () => {
    await expect(opened({ ...sealed, more: "" })).rejects.toMatchObject({ code: "SEALED" });
  });

  it("and not with another base64url of the same bytes", async () => {
    const { tag = "" } = sealed;
    // 22 characters are 132 bits for 128: the last four are no part of the bytes.
    const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    const last = alphabet.charAt(alphabet.indexOf(tag.slice(-1)) ^ 1);
    const other = tag.slice(0, -1) + last;
    expect(Buffer.from(other, "base64url")).toEqual(Buffer.from(tag, "base64url"));
    await expect(opened({ ...sealed, tag: other })).rejects.toMatchObject({ code: "SEALED" });
  });

  it("and in another place not, by that name", async () => {
    await expect(openEvidence(jcs(sealed), { ...place, part: 1 }, key)).rejects.toThrow("sealed for another place");
  });
});

describe("packed frames", () => {
  const refused = (packed: Uint8Array) => expect(() => [...unpackFrames(packed)]).toThrow("does not hold what it says");

  it("that claim more than is there, or more than any frame has, are refused", () => {
    const short = packFrames([utf8("one")]);
    new DataView(short.buffer).setUint32(0, 4);
    refused(short);
    refused(packFrames([new Uint8Array(FRAME_BYTES_MAX + 1)]));
    expect([...unpackFrames(packFrames([new Uint8Array(FRAME_BYTES_MAX)]))]).toHaveLength(1);
  });
});
