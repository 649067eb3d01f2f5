/**
 * A reply of so many MiB through the NETCONF client, in a process of its own whose memory is asked for from outside. The device's side makes
 * its bytes as they are read, from one row, and keeps none. `bun netconf-child.ts MEBIBYTES 1.0|1.1`, prints one line of JSON.
 */
import { NetconfClient } from "../../drivers/engines/netconf/client.ts";
import type { ByteStream } from "../../drivers/engines/ssh/stream.ts";
import { systemClock } from "../../shared/clock.ts";
import { peakMiB, residentMiB } from "./memory.ts";

const [mebibytes = "96", version = "1.1"] = process.argv.slice(2);
const wantedBytes = Number(mebibytes) * 1024 * 1024;
const BASE = "urn:ietf:params:xml:ns:netconf:base:1.0";
const isChunked = version === "1.1";

const row = (at: number): string =>
  `<interface><name>GigabitEthernet0/${at}</name><description>uplink &amp; more, é ${at}</description>` +
  `<enabled>true</enabled><ipv4 xmlns="urn:ietf:params:xml:ns:yang:ietf-ip"><address><ip>10.0.${at % 250}.1</ip></address></ipv4></interface>\n`;
const block = Buffer.from(Array.from({ length: 250 }, (_, at) => row(at)).join(""));
/** Reads end where they end: within tags and characters too. */
const READ_BYTES = 32_749;

function* device(): Generator<Uint8Array, void> {
  const hello = `<hello xmlns="${BASE}"><capabilities><capability>urn:ietf:params:netconf:base:${version}</capability></capabilities><session-id>1</session-id></hello>]]>]]>`;
  yield Buffer.from(hello);
  yield framed(`<rpc-reply xmlns="${BASE}" message-id="1"><data><interfaces xmlns="urn:x">`);
  for (let sent = 0; sent < wantedBytes; sent += block.length) {
    if (isChunked) yield Buffer.from(`\n#${block.length}\n`);
    for (let at = 0; at < block.length; at += READ_BYTES) yield block.subarray(at, at + READ_BYTES);
  }
  yield framed("</interfaces></data></rpc-reply>");
  yield Buffer.from(isChunked ? "\n##\n" : "]]>]]>");
}

const framed = (text: string): Uint8Array => Buffer.from(isChunked ? `\n#${Buffer.byteLength(text)}\n${text}` : text);

const said = device();
const stream: ByteStream = {
  read: () => Promise.resolve(said.next().value ?? null),
  write: () => Promise.resolve(),
  close: () => undefined,
};

const { signal } = new AbortController();
const client = await NetconfClient.open({
  stream,
  clock: systemClock,
  signal,
  helloMs: 10_000,
  redact: (text) => text,
});
let characters = 0;
let calls = 0;
const idleMiB = residentMiB(process.pid);
const startedMs = performance.now();
const { data } = await client.rpc("get", "<get/>", {
  deadlineMs: 600_000,
  dataBytesMax: wantedBytes * 2,
  sink: async (text) => {
    calls += 1;
    characters += text.length;
    // A disk takes its time now and then.
    if (calls % 1000 === 0) await systemClock.sleep(0);
  },
});
if (data !== null) throw new Error("kept though a sink took it");
const seconds = (performance.now() - startedMs) / 1000;
console.log(
  JSON.stringify({
    characters,
    calls,
    seconds,
    idleMiB,
    aboveIdleMiB: peakMiB(process.pid) - idleMiB,
    framing: client.framing,
  }),
);
