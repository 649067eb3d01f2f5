import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeFrame, decodeRecords, encodeFrame, encodeRecords, FRAME_BYTES_MAX } from "./frame.ts";
import { decodeDown, decodeUp, encodeDown, encodeUp } from "./messages.ts";

const code = (work: () => unknown): string => {
  try {
    work();
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  }
  return "OK";
};

describe("a frame", () => {
  it("comes back as it was sent", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 255 }),
        fc.jsonValue(),
        fc.uint8Array({ maxLength: 2000 }),
        (type, header, body) => {
          const frame = decodeFrame(encodeFrame(type, header, body));
          expect(frame.type).toBe(type);
          expect(frame.header).toEqual(JSON.parse(JSON.stringify(header)));
          expect(Buffer.compare(frame.body, body)).toBe(0);
        },
      ),
    );
  });

  it("never throws anything but PROTOCOL on arbitrary bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(["OK", "PROTOCOL"]).toContain(code(() => decodeFrame(bytes)));
        expect(["OK", "PROTOCOL"]).toContain(code(() => decodeUp(bytes)));
        expect(["OK", "PROTOCOL"]).toContain(code(() => decodeRecords(bytes, 10)));
      }),
    );
  });

  it("is refused when larger than the cap, before it is parsed", () => {
    expect(code(() => decodeFrame(new Uint8Array(FRAME_BYTES_MAX + 1)))).toBe("PROTOCOL");
  });

  it("of the other direction is refused", () => {
    const pull = encodeUp("pull", { nonce: "n".repeat(43), capacity: 1 });
    expect(decodeUp(pull).kind).toBe("pull");
    expect(code(() => decodeDown(pull))).toBe("PROTOCOL");
    expect(decodeDown(encodeDown("wake", {})).kind).toBe("wake");
  });

  it("with a member that the schema does not know is refused", () => {
    expect(code(() => decodeUp(encodeFrame(66, { nonce: "n".repeat(43), capacity: 1, admin: true })))).toBe("PROTOCOL");
  });
});

describe("records", () => {
  it("come back in order, and more than the cap are refused", () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.record({
            header: fc.dictionary(fc.string(), fc.integer(), { noNullPrototype: true }),
            body: fc.uint8Array({ maxLength: 50 }),
          }),
          { maxLength: 10 },
        ),
        (records) => {
          const bytes = encodeRecords(records);
          const back = decodeRecords(bytes, 10);
          expect(back.map((record) => Object.entries(record.header as object))).toEqual(
            records.map((record) => Object.entries(record.header)),
          );
          expect(back.map((record) => [...record.body])).toEqual(records.map((record) => [...record.body]));
          if (records.length > 0) expect(code(() => decodeRecords(bytes, records.length - 1))).toBe("PROTOCOL");
        },
      ),
    );
  });
});
