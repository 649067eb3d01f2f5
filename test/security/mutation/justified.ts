import type { Justified } from "./verdicts.ts";

/** Refusals whose loss no test notices, each with the layer that refuses the same. An entry that is no longer true fails the run. */
export const JUSTIFIED: readonly Justified[] = [
  {
    file: "shared/bytes.ts",
    within: "inspect",
    code: "PAYLOAD_NOT_CANONICAL",
    text: "depth > DEPTH_MAX",
    why: "refuseDeepNesting counts the brackets of the text before it is parsed, so no value that inspect sees is deeper",
  },
  {
    file: "shared/envelope.ts",
    within: "parseHeader",
    code: "ENVELOPE_SHAPE",
    text: "throw new FarhandError(",
    why: "without it the header is undefined, which its schema refuses on the next line with the same code and detail",
  },
  {
    file: "shared/envelope.ts",
    within: "openEnvelope",
    code: "SIGNATURE_BAD",
    text: "bytesEqual(verified, bytes)",
    why: "jose verifies the payload's text and decodes it; canonical base64url decodes to one value. Stands should jose ever decode otherwise",
  },
  {
    file: "shared/documents/checkpoint.ts",
    within: "readQuote",
    code: "",
    text: "root.success",
    why: "the pattern of the whole quote admits only a digest there, and without a match the size is no number",
  },
  {
    file: "shared/audit/verify-export.ts",
    within: "evidenceOf",
    code: "",
    text: "(error instanceof FarhandError)",
    why: "a fault of the program, which would be listed among what does not hold: the export passes no more than before",
  },
  {
    file: "shared/bundle/read.ts",
    within: "readAt",
    code: "IO",
    text: "bytesRead === 0",
    why: "the copy has no name and its size was measured as it was written; nobody can cut it short",
  },
  {
    file: "agent/bundle/import.ts",
    within: "authorityOf",
    code: "",
    text: 'errorCode(error) === "BUNDLE_ENTRY"',
    why: "checkBodies has read every body of the private copy before any is used",
  },
  {
    file: "agent/verify/verifier.ts",
    within: "riskOf",
    code: "INVENTORY_MISMATCH",
    text: "trust.inventory",
    why: "the context, which is made first, refuses to be made without an inventory",
  },
];
