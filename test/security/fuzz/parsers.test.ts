// Bytes that a stranger may send, to the first parser that sees each: a refusal by code or the same meaning, never another error.
// Its inputs come from one seed each; a failure names it. FARHAND_FUZZ_INPUTS says how many for each parser.
import { describe, expect, it } from "vitest";
import { jcs, toBase64url, utf8 } from "../../../shared/bytes.ts";
import { unpackFrames, packFrames } from "../../../shared/bundle/evidence.ts";
import { decodeHead, encodeHead } from "../../../shared/bundle/format.ts";
import { openEnvelope, parseEnvelope, signEnvelope } from "../../../shared/envelope.ts";
import { FarhandError } from "../../../shared/errors.ts";
import { makeManifest, makeOrg, makeWarrant } from "../../../shared/testing/org.ts";
import { readMetadata } from "../../../shared/tuf/metadata.ts";
import { decodeFrame, decodeRecords, encodeFrame, encodeRecords } from "../../../shared/wire/frame.ts";
import { decodeDown, decodeUp } from "../../../shared/wire/messages.ts";
import { readInventoryFile } from "../../../hub/cli/inventory/file.ts";
import { SeededRandom } from "../../simulation/random.ts";

const inputs = Number(process.env.FARHAND_FUZZ_INPUTS ?? 300);
const PIECES = [
  "{",
  "}",
  "[",
  '"',
  "\\u0000",
  "\\ud800",
  "1e999",
  "-0",
  "null",
  "__proto__",
  "&a ",
  "*a",
  "!!js",
  "\n",
  "ÿ",
].map(utf8);

function mutate(random: SeededRandom, valid: Uint8Array): Uint8Array {
  if (random.chance(0.05)) return Uint8Array.from({ length: random.integer(0, 200) }, () => random.integer(0, 255));
  let bytes = Uint8Array.from(valid);
  for (let left = random.integer(1, 4); left > 0; left -= 1) {
    const at = random.integer(0, Math.max(0, bytes.length - 1));
    const end = Math.min(bytes.length, at + random.integer(1, 32));
    switch (random.integer(0, 4)) {
      case 0:
        bytes[at] = random.integer(0, 255);
        break;
      case 1:
        bytes = bytes.slice(0, at);
        break;
      case 2:
        bytes = Uint8Array.from([...bytes.subarray(0, at), ...bytes.subarray(end)]);
        break;
      case 3:
        bytes = Uint8Array.from([...bytes.subarray(0, end), ...bytes.subarray(at)]);
        break;
      default:
        bytes = Uint8Array.from([...bytes.subarray(0, at), ...random.pick(PIECES), ...bytes.subarray(at)]);
    }
  }
  return bytes;
}

async function fuzz(valid: Uint8Array, parse: (bytes: Uint8Array) => unknown): Promise<void> {
  await parse(valid);
  for (let seed = 1; seed <= inputs; seed += 1) {
    const bytes = mutate(new SeededRandom(seed), valid);
    try {
      await parse(bytes);
    } catch (error) {
      if (!(error instanceof FarhandError)) throw new Error(`seed ${seed}: ${toBase64url(bytes)}`, { cause: error });
    }
  }
}

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
const YAML = `org: acme
sites:
  - { id: ams, wayHome: [] }
devices: []
`;

describe("parsers of foreign bytes refuse by code", () => {
  it("link frames, up and down", async () => {
    const frame = encodeFrame(3, { nonce: "abc", n: [1, 2] }, utf8("body"));
    await fuzz(frame, decodeFrame);
    const refusable = (decode: (bytes: Uint8Array) => unknown) => (bytes: Uint8Array) =>
      bytes === frame ? undefined : decode(bytes);
    await fuzz(frame, refusable(decodeDown));
    await fuzz(frame, refusable(decodeUp));
  });

  it("records of a batch", async () => {
    await fuzz(
      encodeRecords([
        { header: { a: 1 }, body: utf8("x") },
        { header: { b: "c" }, body: utf8("") },
      ]),
      (bytes) => decodeRecords(bytes, 16),
    );
  });

  it("heads of bundles, and evidence in parts", async () => {
    await fuzz(encodeHead(1000), decodeHead);
    await fuzz(packFrames([utf8("one"), utf8("two")]), (bytes) => [...unpackFrames(bytes)]);
  });

  it("TUF metadata", async () => {
    const org = await makeOrg();
    await fuzz(org.view.set.root, (bytes) => readMetadata("root", bytes));
  });

  it("envelopes: whatever still opens says what was signed", async () => {
    const org = await makeOrg();
    const warrant = makeWarrant(org, [makeManifest(org).digest]);
    const signed = await signEnvelope("farhand-warrant+jws", warrant, [org.people.ann, org.people.bob]);
    const meant = toBase64url(jcs(warrant));
    let altered = 0;
    await fuzz(jcs(signed), async (bytes) => {
      const opened = await openEnvelope("farhand-warrant+jws", parseEnvelope(bytes), org.trust.everyPersonKey);
      if (toBase64url(opened.bytes) !== meant) altered += 1;
    });
    expect(altered).toBe(0);
  });

  it("an inventory file", async () => {
    await fuzz(utf8(YAML), (bytes) => readInventoryFile("inventory.yaml", text(bytes)));
  });
});
