import snmp from "net-snmp";
import { FarhandError } from "../../../shared/errors.ts";
import { type AnswerPdu, readDecrypted, readMessage, readScoped, requestIdOf, type SecuredMessage } from "./message.ts";
import type { UsmUser } from "./security.ts";

/** RFC 3414 §5. */
export const USM_STATS = {
  unsupportedSecLevels: "1.3.6.1.6.3.15.1.1.1.0",
  notInTimeWindows: "1.3.6.1.6.3.15.1.1.2.0",
  unknownUserNames: "1.3.6.1.6.3.15.1.1.3.0",
  unknownEngineIds: "1.3.6.1.6.3.15.1.1.4.0",
  wrongDigests: "1.3.6.1.6.3.15.1.1.5.0",
  decryptionErrors: "1.3.6.1.6.3.15.1.1.6.0",
} as const;

export type Verdict =
  /** The library goes on with it; `answer` is what it holds. */
  | { readonly to: "library"; readonly answer: AnswerPdu }
  /** A Report that ends the request. */
  | { readonly to: "caller"; readonly report: AnswerPdu }
  | { readonly to: "nobody"; readonly why: string };

export type Peer =
  | { readonly version: "2c"; readonly community: string }
  | { readonly version: "3"; readonly user: UsmUser };

const nobody = (why: string): Verdict => ({ to: "nobody", why });
const asBuffer = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/**
 * Stands between the socket and net-snmp, because the library (3.29.2, measured in test/drivers/snmp.test.ts) takes a version 3 answer at
 * the security level that the answer claims: one without a digest answers a request of authPriv. Here an answer passes only at
 * exactly the level that was asked for, with the id that was asked for, authentic, and well-formed down to its last octet
 * (RFC 3412 §7.2, RFC 3414 §3.2). What does not pass is as if it had never come, as the RFC has it: a forger cannot end a request.
 */
export class Admission {
  readonly #peer: Peer;
  #engineId: Buffer | null = null;
  #expected: number | null = null;

  constructor(peer: Peer) {
    this.#peer = peer;
  }

  /** The engine said who it is: it can be reached, and speaks version 3. */
  get isFound(): boolean {
    return this.#engineId !== null;
  }

  /** What goes out: only its answer is let in. */
  sent(bytes: Uint8Array): void {
    this.#expected = requestIdOf(bytes);
  }

  judge(bytes: Uint8Array): Verdict {
    try {
      const message = readMessage(bytes);
      if (message.version === "2c") return this.#community(message.community, message.pdu);
      if (this.#peer.version !== "3") return nobody("another version");
      return this.#secured(asBuffer(bytes), message, this.#peer.user);
    } catch (error) {
      if (error instanceof FarhandError && error.code === "DEVICE_ANSWER") return nobody(error.detail ?? "");
      throw error;
    }
  }

  #community(community: Uint8Array, pdu: AnswerPdu): Verdict {
    if (this.#peer.version !== "2c") return nobody("another version");
    if (!asBuffer(community).equals(Buffer.from(this.#peer.community))) return nobody("another community");
    if (pdu.requestId !== this.#expected) return nobody("no answer to what was asked");
    if (pdu.kind !== "response") return nobody("a Report in version 2c");
    return { to: "library", answer: pdu };
  }

  #secured(bytes: Buffer, message: SecuredMessage, user: UsmUser): Verdict {
    if (message.msgId !== this.#expected) return nobody("no answer to what was asked");
    if (!message.isAuthenticated) return this.#unauthenticated(message);
    const engineId = asBuffer(message.engineId);
    if (!this.#engineId?.equals(engineId)) return nobody("of another engine");
    if (!asBuffer(message.userName).equals(Buffer.from(user.name))) return nobody("of another user");
    const { Authentication } = snmp;
    if (!Authentication.isAuthentic(bytes, user.authProtocol, user.authKey, engineId, asBuffer(message.digest)))
      return nobody("not authentic");
    const answer = message.isEncrypted ? this.#decrypted(message, user) : readScoped(message.scoped);
    if (answer.kind === "report") {
      const isTime = answer.varbinds[0]?.oid === USM_STATS.notInTimeWindows;
      return isTime ? { to: "library", answer } : { to: "caller", report: answer };
    }
    const isPrivate = user.privProtocol !== undefined;
    return message.isEncrypted === isPrivate ? { to: "library", answer } : nobody("below the level that was asked for");
  }

  #decrypted(message: SecuredMessage, user: UsmUser): AnswerPdu {
    const { privProtocol, privKey, authProtocol } = user;
    if (privProtocol === undefined || privKey === undefined)
      throw new FarhandError("DEVICE_ANSWER", "encrypted where no privacy was asked for");
    const engine = {
      engineID: asBuffer(message.engineId),
      engineBoots: message.engineBoots,
      engineTime: message.engineTime,
    };
    const plain = snmp.Encryption.decryptPdu(
      privProtocol,
      asBuffer(message.scoped),
      asBuffer(message.salt),
      privKey,
      authProtocol,
      engine,
    );
    return readDecrypted(plain);
  }

  /** Only a Report may be so: who cannot be told who asks cannot sign the answer. A time window is never moved by one. */
  #unauthenticated(message: SecuredMessage): Verdict {
    if (message.isEncrypted) return nobody("encrypted and not authentic");
    const report = readScoped(message.scoped);
    const oid = report.varbinds[0]?.oid;
    if (report.kind !== "report" || oid === undefined) return nobody("not authentic");
    if (oid === USM_STATS.notInTimeWindows) return nobody("an engine time that is not authentic");
    if (this.#engineId === null) {
      if (oid !== USM_STATS.unknownEngineIds) return { to: "caller", report };
      this.#engineId = Buffer.from(message.engineId);
      return { to: "library", answer: report };
    }
    const isOurs = this.#engineId.equals(asBuffer(message.engineId));
    return isOurs || oid === USM_STATS.unknownEngineIds ? { to: "caller", report } : nobody("of another engine");
  }
}
