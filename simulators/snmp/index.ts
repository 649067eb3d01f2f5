/** An SNMP agent on loopback: version 2c and version 3 with USM, read-only. Written from the RFCs; a SET is refused and counted. */
import { createSocket, type RemoteInfo } from "node:dgram";
import type { Clock } from "../../shared/clock.ts";
import { decodeInteger, elements, encodeInteger } from "./ber.ts";
import { Fault, type FaultInput } from "./faults.ts";
import {
  PDU,
  readRequest,
  readScoped,
  readV3,
  type RequestPdu,
  type V3Request,
  writePdu,
  writeV2c,
  writeV3,
} from "./messages.ts";
import { DEVICE, mibOf, type SnmpDevice } from "./mib.ts";
import { type AuthProtocol, decrypt, digestOf, isSame, localizedKey, type PrivacyProtocol, privacyKey } from "./usm.ts";
import { type FaultOf, View } from "./views.ts";

export interface SnmpUser {
  readonly name: string;
  readonly auth: AuthProtocol;
  readonly authPassphrase: string;
  readonly privacy?: PrivacyProtocol;
  readonly privacyPassphrase?: string;
}

export interface SnmpAgentOptions {
  readonly device?: Partial<SnmpDevice>;
  readonly communities?: readonly string[];
  readonly users?: readonly SnmpUser[];
  /** 5 to 32 octets. */
  readonly engineId?: Buffer;
  readonly boots?: number;
}

export interface SnmpAgent {
  readonly port: number;
  setFault(fault: FaultInput): void;
  clearFault(kind: Fault["kind"]): void;
  /** Datagrams that came, read or not. */
  requests(): number;
  /** SETs that came. */
  sets(): number;
  /** Resolves when that many datagrams have come. */
  heard(count: number): Promise<void>;
  /** Loses power: boots again, with its time at zero. */
  reboot(): void;
  stop(): Promise<void>;
}

const STATS = "1.3.6.1.6.3.15.1.1";
const REPORT = { unsupported: 1, time: 2, user: 3, engine: 4, digest: 5, decryption: 6 } as const;
const WINDOW_SECONDS = 150;
/** RFC 3411's format 4: text of the administrator's, under the documentation's enterprise. */
const ENGINE_ID = Buffer.from("80007e5f04736d6f6b65", "hex");

interface Keys {
  readonly user: SnmpUser;
  readonly auth: Buffer;
  readonly privacy: Buffer | undefined;
}

export async function startSnmpAgent(options: SnmpAgentOptions, { clock }: { clock: Clock }): Promise<SnmpAgent> {
  const { communities = [], users = [], engineId = ENGINE_ID } = options;
  const faults = new Map<Fault["kind"], Fault>();
  const fault: FaultOf = (kind) => faults.get(kind) as ReturnType<FaultOf> as never;
  const view = new View(mibOf({ ...DEVICE, ...options.device }, clock), fault);
  const keys = new Map<string, Keys>(users.map((user) => [user.name, keysOf(user, engineId)]));
  const reports = new Map<number, number>();
  let boots = options.boots ?? 3;
  let bootMs = clock.monotonicMs() - 1_000_000;
  let requests = 0;
  let sets = 0;
  let dropped = 0;
  const waiting: { count: number; resolve: () => void }[] = [];
  const socket = createSocket("udp4");

  const now = (): { boots: number; time: number } => ({
    boots,
    time: Math.max(0, Math.floor((clock.monotonicMs() - bootMs) / 1000) + (fault("wrong-engine-time")?.bySeconds ?? 0)),
  });

  function answer(request: RequestPdu): Buffer {
    if (request.tag === PDU.set) sets += 1;
    return writePdu(view.answer(request));
  }

  function report(message: V3Request, stat: number, id: number, signedBy?: Keys): Buffer {
    const count = (reports.get(stat) ?? 0) + 1;
    reports.set(stat, count);
    const objects = [{ oid: `${STATS}.${stat}.0`, value: encodeInteger(count, 0x41) }];
    return writeV3({
      msgId: message.msgId,
      engineId,
      moment: now(),
      user: message.user,
      context: Buffer.alloc(0),
      ...(signedBy ? { auth: { protocol: signedBy.user.auth, key: signedBy.auth, isForged: false } } : {}),
      pdu: writePdu({ tag: PDU.report, id, status: 0, index: 0, objects }),
    });
  }

  function secured(bytes: Buffer, message: V3Request): Buffer {
    const [isAuthenticated, isPrivate] = [(message.flags & 1) !== 0, (message.flags & 2) !== 0];
    const plainId = isPrivate ? 0 : readRequest(readScoped(message.data.content).pdu).id;
    if (!message.engineId.equals(engineId)) return report(message, REPORT.engine, plainId);
    const known = keys.get(message.user);
    if (!known) return report(message, REPORT.user, plainId);
    if (!isAuthenticated || isPrivate !== (known.privacy !== undefined))
      return report(message, REPORT.unsupported, plainId);
    const blank = Buffer.from(bytes);
    // Views into one buffer: the digest's own octets are zero while it is made (RFC 3414 §6.3.2).
    blank.fill(
      0,
      message.digest.byteOffset - bytes.byteOffset,
      message.digest.byteOffset - bytes.byteOffset + message.digest.length,
    );
    if (!isSame(digestOf(known.user.auth, known.auth, blank), message.digest))
      return report(message, REPORT.digest, plainId);
    const mine = now();
    const isTimely = message.moment.boots === mine.boots && Math.abs(message.moment.time - mine.time) <= WINDOW_SECONDS;
    if (!isTimely || fault("never-in-time")) return report(message, REPORT.time, plainId, known);
    let scoped: ReturnType<typeof readScoped>;
    let request: RequestPdu;
    try {
      const element = known.privacy
        ? elements(decrypt(known.privacy, message.moment, message.salt, message.data.content))[0]
        : message.data;
      scoped = readScoped(element?.content ?? Buffer.alloc(0));
      request = readRequest(scoped.pdu);
    } catch {
      return report(message, REPORT.decryption, 0);
    }
    const isUnsigned = fault("unsigned-answers") !== undefined;
    return writeV3({
      msgId: message.msgId,
      engineId,
      moment: mine,
      user: message.user,
      context: scoped.context,
      ...(isUnsigned
        ? {}
        : { auth: { protocol: known.user.auth, key: known.auth, isForged: fault("forged-digest") !== undefined } }),
      ...(known.privacy && !isUnsigned ? { privacyKey: known.privacy } : {}),
      pdu: answer(request),
    });
  }

  function reply(bytes: Buffer): Buffer | null {
    const outer = elements(bytes)[0];
    const parts = elements(outer?.content ?? Buffer.alloc(0));
    const [version, community, pdu] = parts;
    if (!version || !community || !pdu) return null;
    if (decodeInteger(version) === 3) return secured(bytes, readV3(parts));
    const name = community.content.toString();
    return decodeInteger(version) === 1 && communities.includes(name) ? writeV2c(name, answer(readRequest(pdu))) : null;
  }

  function received(bytes: Buffer, from: RemoteInfo): void {
    requests += 1;
    for (const waiter of waiting.filter(({ count }) => count <= requests)) waiter.resolve();
    const hang = fault("hang");
    if (hang && requests >= hang.from) return;
    const drop = fault("drop");
    if (drop && dropped < drop.count) {
      dropped += 1;
      return;
    }
    let out: Buffer | null = null;
    try {
      out = reply(bytes);
    } catch {
      // RFC 3412 §7.2: what cannot be read is counted and dropped.
    }
    const truncated = fault("truncated");
    if (out)
      socket.send(truncated ? out.subarray(0, Math.max(1, out.length - truncated.by)) : out, from.port, from.address);
  }

  socket.on("message", received);
  socket.on("error", () => undefined);
  await new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", () => resolve()));
  return {
    port: socket.address().port,
    setFault(input) {
      const parsed = Fault.parse(input);
      faults.set(parsed.kind, parsed);
      dropped = 0;
    },
    clearFault: (kind) => void faults.delete(kind),
    requests: () => requests,
    sets: () => sets,
    heard: (count) => new Promise((resolve) => (requests >= count ? resolve() : void waiting.push({ count, resolve }))),
    reboot() {
      boots += 1;
      bootMs = clock.monotonicMs();
    },
    stop: () => new Promise((resolve) => socket.close(() => resolve())),
  };
}

function keysOf(user: SnmpUser, engineId: Buffer): Keys {
  const { auth, privacy, privacyPassphrase } = user;
  return {
    user,
    auth: localizedKey(auth, Buffer.from(user.authPassphrase), engineId),
    privacy:
      privacy === undefined || privacyPassphrase === undefined
        ? undefined
        : privacyKey(privacy, auth, privacyPassphrase, engineId),
  };
}
