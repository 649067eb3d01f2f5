/** Messages of version 2c (RFC 3416, RFC 1901) and 3 (RFC 3412 §6, RFC 3414 §2.4), read and written by an agent. */
import { decodeInteger, decodeOid, type Element, elements, encode, encodeInteger, encodeOid } from "./ber.ts";
import { type AuthProtocol, DIGEST_OCTETS, digestOf, encrypt, type Moment } from "./usm.ts";

export const PDU = { get: 0xa0, getNext: 0xa1, response: 0xa2, set: 0xa3, getBulk: 0xa5, report: 0xa8 } as const;

export interface RequestPdu {
  readonly tag: number;
  readonly id: number;
  /** Non-repeaters and maximal repetitions, of a GetBulk. */
  readonly first: number;
  readonly second: number;
  readonly oids: readonly string[];
}

export interface AnswerPdu {
  readonly tag: number;
  readonly id: number;
  readonly status: number;
  readonly index: number;
  readonly objects: readonly { readonly oid: string; readonly value: Buffer }[];
}

export interface V3Request {
  readonly msgId: number;
  readonly maxSize: number;
  readonly flags: number;
  readonly engineId: Buffer;
  readonly moment: Moment;
  readonly user: string;
  readonly digest: Buffer;
  readonly salt: Buffer;
  /** The scoped PDU's element, or its encrypted octets. */
  readonly data: Element;
}

const one = (list: readonly Element[], place: number): Element => {
  const found = list[place];
  if (!found) throw new Error("cut off");
  return found;
};

export function readRequest(element: Element): RequestPdu {
  const parts = elements(element.content);
  return {
    tag: element.tag,
    id: decodeInteger(one(parts, 0)),
    first: decodeInteger(one(parts, 1)),
    second: decodeInteger(one(parts, 2)),
    oids: elements(one(parts, 3).content).map((varbind) => decodeOid(one(elements(varbind.content), 0))),
  };
}

export function readV3(parts: readonly Element[]): V3Request {
  const header = elements(one(parts, 1).content);
  const security = elements(one(elements(one(parts, 2).content), 0).content);
  return {
    msgId: decodeInteger(one(header, 0)),
    maxSize: decodeInteger(one(header, 1)),
    flags: one(header, 2).content.readUInt8(0),
    engineId: one(security, 0).content,
    moment: { boots: decodeInteger(one(security, 1)), time: decodeInteger(one(security, 2)) },
    user: one(security, 3).content.toString(),
    digest: one(security, 4).content,
    salt: one(security, 5).content,
    data: one(parts, 3),
  };
}

/** Context engine id, context name, PDU. */
export function readScoped(content: Buffer): { context: Buffer; pdu: Element } {
  const parts = elements(content);
  return { context: one(parts, 1).content, pdu: one(parts, 2) };
}

export function writePdu({ tag, id, status, index, objects }: AnswerPdu): Buffer {
  const list = objects.map(({ oid, value }) => encode(0x30, encodeOid(oid), value));
  return encode(tag, encodeInteger(id), encodeInteger(status), encodeInteger(index), encode(0x30, ...list));
}

export const writeV2c = (community: string, pdu: Buffer): Buffer =>
  encode(0x30, encodeInteger(1), encode(0x04, Buffer.from(community)), pdu);

export interface V3Answer {
  readonly msgId: number;
  readonly engineId: Buffer;
  readonly moment: Moment;
  readonly user: string;
  readonly context: Buffer;
  readonly auth?: { readonly protocol: AuthProtocol; readonly key: Buffer; readonly isForged: boolean };
  readonly privacyKey?: Buffer;
  /** Where it must be the same each time. */
  readonly salt?: Buffer;
  readonly pdu: Buffer;
}

export function writeV3(answer: V3Answer): Buffer {
  const { msgId, engineId, moment, user, auth, privacyKey, pdu, context } = answer;
  const scoped = encode(0x30, encode(0x04, engineId), encode(0x04, context), pdu);
  const hidden = privacyKey ? encrypt(privacyKey, moment, scoped, answer.salt) : undefined;
  const flags = (auth ? 1 : 0) | (hidden ? 2 : 0);
  const digest = Buffer.alloc(auth ? DIGEST_OCTETS[auth.protocol] : 0);
  const whole = (): Buffer =>
    encode(
      0x30,
      encodeInteger(3),
      encode(0x30, encodeInteger(msgId), encodeInteger(65_507), encode(0x04, Buffer.from([flags])), encodeInteger(3)),
      encode(
        0x04,
        encode(
          0x30,
          encode(0x04, engineId),
          encodeInteger(moment.boots),
          encodeInteger(moment.time),
          encode(0x04, Buffer.from(user)),
          encode(0x04, digest),
          encode(0x04, hidden?.salt ?? Buffer.alloc(0)),
        ),
      ),
      hidden ? encode(0x04, hidden.encrypted) : scoped,
    );
  if (auth) {
    digestOf(auth.protocol, auth.key, whole()).copy(digest);
    if (auth.isForged) digest.writeUInt8(digest.readUInt8(0) ^ 1, 0);
  }
  return whole();
}
