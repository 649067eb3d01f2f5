/** BER as RFC 3417 §8 restricts it, for the agent's side: definite lengths, shortest integers. */

export const encode = (tag: number, ...parts: readonly Uint8Array[]): Buffer => {
  const content = Buffer.concat(parts);
  return Buffer.concat([Buffer.from([tag]), lengthOf(content.length), content]);
};

function lengthOf(length: number): Buffer {
  if (length < 0x80) return Buffer.from([length]);
  const octets: number[] = [];
  for (let left = length; left > 0; left = Math.floor(left / 256)) octets.unshift(left % 256);
  return Buffer.from([0x80 | octets.length, ...octets]);
}

/** Two's complement, as short as it goes. */
export function encodeInteger(value: number | bigint, tag = 0x02): Buffer {
  let left = BigInt(value);
  const octets: number[] = [];
  do {
    octets.unshift(Number(left & 0xffn));
    left >>= 8n;
  } while (left !== 0n && left !== -1n);
  const isNegative = BigInt(value) < 0n;
  const top = octets[0] ?? 0;
  if (!isNegative && top >= 0x80) octets.unshift(0);
  if (isNegative && top < 0x80) octets.unshift(0xff);
  return encode(tag, Buffer.from(octets));
}

export function encodeOid(oid: string): Buffer {
  const [first = 0, second = 0, ...rest] = oid.split(".").map(Number);
  const octets = [first * 40 + second, ...rest].flatMap((arc) => {
    const groups = [arc % 128];
    for (let left = Math.floor(arc / 128); left > 0; left = Math.floor(left / 128)) groups.unshift((left % 128) | 0x80);
    return groups;
  });
  return encode(0x06, Buffer.from(octets));
}

export interface Element {
  readonly tag: number;
  readonly content: Buffer;
}

/** The elements that stand in `bytes`, one after the other. Throws on anything cut off. */
export function elements(bytes: Buffer): Element[] {
  const found: Element[] = [];
  for (let at = 0; at < bytes.length;) {
    const tag = bytes.readUInt8(at);
    let length = bytes.readUInt8(at + 1);
    at += 2;
    if (length > 0x80) {
      const octets = length - 0x80;
      length = bytes.readUIntBE(at, octets);
      at += octets;
    }
    if (at + length > bytes.length) throw new Error("cut off");
    found.push({ tag, content: bytes.subarray(at, at + length) });
    at += length;
  }
  return found;
}

export function decodeInteger({ content }: Element): number {
  return content.length === 0 ? 0 : content.readIntBE(0, Math.min(content.length, 6));
}

export function decodeOid({ content }: Element): string {
  const arcs: number[] = [];
  let arc = 0;
  for (const octet of content) {
    arc = arc * 128 + (octet % 128);
    if (octet >= 0x80) continue;
    arcs.push(arc);
    arc = 0;
  }
  const [joint = 0, ...rest] = arcs;
  const root = joint >= 80 ? 2 : Math.floor(joint / 40);
  return [root, joint - root * 40, ...rest].join(".");
}
