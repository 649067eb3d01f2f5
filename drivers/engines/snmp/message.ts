import { FarhandError } from "../../../shared/errors.ts";
import { BerReader, oidOf, TAG } from "./ber.ts";
import { readDatum, type Varbind } from "./values.ts";

/** What a device may send to who asks: RFC 3416 Response and Report. */
export interface AnswerPdu {
  readonly kind: "response" | "report";
  readonly requestId: number;
  readonly errorStatus: number;
  readonly errorIndex: number;
  readonly varbinds: readonly Varbind[];
}

export interface CommunityMessage {
  readonly version: "2c";
  readonly community: Uint8Array;
  readonly pdu: AnswerPdu;
}

/** RFC 3412 §6 with the security parameters of RFC 3414 §2.4. The octets are views of the message itself. */
export interface SecuredMessage {
  readonly version: "3";
  readonly msgId: number;
  readonly isAuthenticated: boolean;
  readonly isEncrypted: boolean;
  readonly engineId: Uint8Array;
  readonly engineBoots: number;
  readonly engineTime: number;
  readonly userName: Uint8Array;
  readonly digest: Uint8Array;
  readonly salt: Uint8Array;
  /** The scoped PDU: the whole element in the clear, or the octets of the encrypted one. */
  readonly scoped: Uint8Array;
}

/** 484 is the least that RFC 3417 asks for; a UDP datagram holds no more than this. */
const MESSAGE_BYTES_MAX = 65_507;
const USM = 3;

/** One whole datagram. Throws DEVICE_ANSWER. */
export function readMessage(bytes: Uint8Array): CommunityMessage | SecuredMessage {
  if (bytes.length > MESSAGE_BYTES_MAX) throw new FarhandError("DEVICE_ANSWER", "a message over 65507 bytes");
  const outer = new BerReader(bytes);
  const message = outer.inside(TAG.sequence);
  outer.end();
  const version = message.integer();
  if (version === 3) return readSecured(message);
  if (version !== 1) throw new FarhandError("DEVICE_ANSWER", `version ${version}`);
  const community = message.content(TAG.octets);
  const pdu = readPdu(message);
  message.end();
  return { version: "2c", community, pdu };
}

function readSecured(message: BerReader): SecuredMessage {
  const { msgId, flags } = readHeader(message);
  const octets = message.content(TAG.octets);
  const outer = new BerReader(octets);
  const security = outer.inside(TAG.sequence);
  outer.end();
  const engineId = security.content(TAG.octets);
  const engineBoots = security.integer();
  const engineTime = security.integer();
  const userName = security.content(TAG.octets);
  const digest = security.content(TAG.octets);
  const salt = security.content(TAG.octets);
  security.end();
  // RFC 3411: an engine's id has 5 to 32 octets; RFC 3414 §2.2: its boots and time are never negative.
  if (engineId.length < 5 || engineId.length > 32) throw new FarhandError("DEVICE_ANSWER", "an engine without an id");
  if (engineBoots < 0 || engineTime < 0) throw new FarhandError("DEVICE_ANSWER", "an engine time before zero");
  const isAuthenticated = (flags & 1) !== 0;
  const isEncrypted = (flags & 2) !== 0;
  if (isEncrypted && salt.length !== 8) throw new FarhandError("DEVICE_ANSWER", "privacy parameters of no size");
  const scoped = message.content(isEncrypted ? TAG.octets : TAG.sequence);
  message.end();
  return {
    version: "3",
    msgId,
    isAuthenticated,
    isEncrypted,
    engineId,
    engineBoots,
    engineTime,
    userName,
    digest,
    salt,
    scoped,
  };
}

function readHeader(message: BerReader): { msgId: number; flags: number } {
  const header = message.inside(TAG.sequence);
  const msgId = header.integer();
  header.integer();
  const [flags, ...more] = header.content(TAG.octets);
  const model = header.integer();
  header.end();
  if (flags === undefined || more.length > 0 || model !== USM)
    throw new FarhandError("DEVICE_ANSWER", "message flags or a security model that are none");
  return { msgId, flags };
}

/** The id that an answer must carry, out of a message of our own. */
export function requestIdOf(bytes: Uint8Array): number {
  const message = new BerReader(bytes).inside(TAG.sequence);
  if (message.integer() === 3) return readHeader(message).msgId;
  message.content(TAG.octets);
  return message.inside(message.tag()).integer();
}

/** The inside of a scoped PDU (RFC 3412 §6). `scoped` is its content. */
export function readScoped(scoped: Uint8Array): AnswerPdu {
  const reader = new BerReader(scoped);
  reader.content(TAG.octets);
  reader.content(TAG.octets);
  const pdu = readPdu(reader);
  reader.end();
  return pdu;
}

/** The same where the whole element stands in what was decrypted. */
export function readDecrypted(plain: Uint8Array): AnswerPdu {
  const outer = new BerReader(plain);
  const pdu = readScoped(outer.content(TAG.sequence));
  outer.end();
  return pdu;
}

function readPdu(reader: BerReader): AnswerPdu {
  const tag = reader.tag();
  if (tag !== TAG.response && tag !== TAG.report)
    throw new FarhandError("DEVICE_ANSWER", `a PDU of the tag 0x${tag.toString(16)}`);
  const pdu = reader.inside(tag);
  const requestId = pdu.integer();
  const errorStatus = pdu.integer();
  const errorIndex = pdu.integer();
  const list = pdu.inside(TAG.sequence);
  pdu.end();
  const varbinds: Varbind[] = [];
  while (!list.isDone) {
    const varbind = list.inside(TAG.sequence);
    const oid = oidOf(varbind.content(TAG.oid));
    const datum = readDatum(varbind);
    varbind.end();
    varbinds.push({ oid, datum });
  }
  return { kind: tag === TAG.response ? "response" : "report", requestId, errorStatus, errorIndex, varbinds };
}
