/** What an SNMP agent sends: any datagram, one that claims to be signed, and what stands in one that was. */
import snmp from "net-snmp";
import { FarhandError } from "../../../../shared/errors.ts";
import { snmpSecurity } from "../../../../shared/secret.ts";
import { Admission, USM_STATS } from "../../../../drivers/engines/snmp/admission.ts";
import { readDecrypted, type AnswerPdu } from "../../../../drivers/engines/snmp/message.ts";
import { cellOf } from "../../../../drivers/engines/snmp/objects.ts";
import { usmUser } from "../../../../drivers/engines/snmp/security.ts";
import { encode, encodeInteger, encodeOid } from "../../../../simulators/snmp/ber.ts";
import { PDU, writePdu, writeV2c, writeV3 } from "../../../../simulators/snmp/messages.ts";
import { localizedKey, privacyKey } from "../../../../simulators/snmp/usm.ts";
import { anyBytes } from "../mutate-bytes.ts";
import { meaning, part, type Target } from "../target.ts";

const COMMUNITY = "c0mmunity-of-the-lab";
const [AUTH, PRIVACY] = ["correct horse battery", "staple and then some"];
const ENGINE_ID = Buffer.from("80007e5f04736d6f6b65", "hex");
const [ID, BOOTS, TIME] = [41, 3, 1_000_000];
const value = (tag: number, ...octets: number[]): Buffer => encode(tag, Buffer.from(octets));

/** One of each kind of value. */
const objects = [
  ["1.3.6.1.2.1.1.1.0", encode(0x04, Buffer.from("Switch, a \u001b[2J device"))],
  ["1.3.6.1.2.1.1.2.0", encodeOid("1.3.6.1.4.1.9.1.2066")],
  ["1.3.6.1.2.1.1.3.0", encodeInteger(2 ** 32 - 1, 0x43)],
  ["1.3.6.1.2.1.2.2.1.10.1", encodeInteger(2 ** 32 - 1, 0x41)],
  ["1.3.6.1.2.1.2.2.1.5.1", encodeInteger(1e9, 0x42)],
  ["1.3.6.1.2.1.31.1.1.1.6.1", encodeInteger(2n ** 64n - 1n, 0x46)],
  ["1.3.6.1.2.1.47.1.1.1.1.6.1", encodeInteger(-1)],
  ["1.3.6.1.2.1.4.20.1.1.1", value(0x40, 192, 0, 2, 1)],
  ["1.3.6.1.4.1.99.1", value(0x44, 0x9f, 0x78, 4, 0, 0, 0, 0)],
  ["1.3.6.1.4.1.99.2", encode(0x80)],
  ["1.3.6.1.4.1.99.3", encode(0x82)],
].map(([oid, bytes]) => ({ oid: String(oid), value: Buffer.from(bytes ?? "") }));
const answer = writePdu({ tag: PDU.response, id: ID, status: 0, index: 0, objects });
const request = writePdu({ tag: PDU.get, id: ID, status: 0, index: 0, objects: [] });
const scopedAnswer = encode(0x30, encode(0x04, ENGINE_ID), encode(0x04), answer);

/** Shows everything, as a table would. No cell may hold what a terminal obeys, or be larger than it may. */
function shown({ varbinds }: AnswerPdu): string | undefined {
  for (const { oid, datum } of varbinds) {
    if (!/^[0-2](?:\.[0-9]{1,10})+$/u.test(oid)) return "a name that is none";
    for (const as of ["text", "number", "oid", "ms", "address"] as const) {
      const cell = cellOf({ oid: "1.3", as }, datum);
      if (typeof cell === "number" && !Number.isSafeInteger(cell)) return "a number that is none";
      // oxlint-disable-next-line no-control-regex -- what must not be left
      if (typeof cell === "string" && /[\u0000-\u001f\u007f-\u009f\u202a-\u202e]/u.test(cell))
        return "a control character";
      if (as === "text" && typeof cell === "string" && cell.length > 10_000) return "a text without a bound";
    }
  }
  return undefined;
}

/** What the judge lets through goes to net-snmp: it may refuse it, and nothing else. */
function libraryReader(): (bytes: Uint8Array) => void {
  let receive: (bytes: Buffer) => void = () => undefined;
  const nothing = (): void => undefined;
  const socket = {
    on(event: string, fn: (bytes: never) => void): void {
      if (event === "message") receive = fn as (bytes: Buffer) => void;
    },
    send: nothing,
    close: nothing,
    ref: nothing,
    unref: nothing,
  };
  const dgramModule = { createSocket: () => socket };
  const options = { version: snmp.Version2c, port: 161, retries: 0, timeout: 1000, dgramModule };
  const session = snmp.createSession("127.0.0.1", COMMUNITY, options);
  let refused = false;
  session.on("error", () => (refused = true));
  return (bytes) => {
    refused = false;
    receive(Buffer.from(bytes));
    if (refused) throw new FarhandError("DEVICE_ANSWER", "net-snmp could not read it");
  };
}

const community: Target = {
  name: "device-snmp-message",
  prepare() {
    const read = libraryReader();
    const admission = new Admission({ version: "2c", community: COMMUNITY });
    admission.sent(writeV2c(COMMUNITY, request));
    return {
      samples: [[writeV2c(COMMUNITY, answer)]],
      mutate: anyBytes,
      take(input) {
        const verdict = admission.judge(part(input));
        if (verdict.to !== "library") throw new FarhandError("DEVICE_ANSWER");
        read(part(input));
        return shown(verdict.answer);
      },
    };
  },
};

/** Nothing is believed but what the agent's key signed, and a claim to know better about time is signed too. */
const secured: Target = {
  name: "device-snmp-secured",
  prepare() {
    const security = snmpSecurity({
      version: "3",
      authProtocol: "sha256",
      authPassphrase: AUTH,
      privacy: { protocol: "aes128", passphrase: PRIVACY },
    });
    if (security.version !== "3") throw new Error("not version 3");
    const user = usmUser("farhand", security);
    const key = localizedKey("sha256", Buffer.from(AUTH), ENGINE_ID);
    const auth = { protocol: "sha256" as const, key, isForged: false };
    const header = { msgId: ID, engineId: ENGINE_ID, moment: { boots: BOOTS, time: TIME }, context: Buffer.alloc(0) };
    const report = (oid: string): Buffer =>
      writePdu({ tag: PDU.report, id: ID, status: 0, index: 0, objects: [{ oid, value: encodeInteger(1, 0x41) }] });
    const discovered = writeV3({ ...header, user: "", pdu: report(USM_STATS.unknownEngineIds) });
    const hidden = { privacyKey: privacyKey("aes128", "sha256", PRIVACY, ENGINE_ID), salt: Buffer.alloc(8, 7) };
    return {
      samples: [
        [writeV3({ ...header, user: "farhand", auth, ...hidden, pdu: answer })],
        [writeV3({ ...header, user: "farhand", auth, pdu: report(USM_STATS.notInTimeWindows) })],
      ],
      mutate: anyBytes,
      take(input) {
        const admission = new Admission({ version: "3", user });
        admission.sent(writeV3({ ...header, user: "farhand", pdu: request }));
        if (admission.judge(discovered).to !== "library") throw new Error("not discovered");
        const verdict = admission.judge(part(input));
        if (verdict.to !== "library") throw new FarhandError("DEVICE_ANSWER");
        return meaning(JSON.stringify(verdict.answer));
      },
    };
  },
};

const scoped: Target = {
  name: "device-snmp-scoped",
  prepare: () => ({
    samples: [[scopedAnswer]],
    mutate: anyBytes,
    take: (input) => shown(readDecrypted(part(input))),
  }),
};

export const snmpTargets: readonly Target[] = [community, secured, scoped];
