/** What a NETCONF server sends: frames, a hello, a reply. However it is cut it means the same, and its data are a document of their own. */
import { FrameDecoder, type Framing } from "../../../../drivers/engines/netconf/framing.ts";
import { HelloReader } from "../../../../drivers/engines/netconf/hello.ts";
import { ReplyReader } from "../../../../drivers/engines/netconf/reply.ts";
import { XmlReader } from "../../../../drivers/model/xml/reader.ts";
import { FarhandError } from "../../../../shared/errors.ts";
import { anyBytes } from "../mutate-bytes.ts";
import { part, type Input, type Target } from "../target.ts";

const BASE = "urn:ietf:params:xml:ns:netconf:base:1.0";
const PIECES = [1, 7, 4096] as const;

const HELLO = `<?xml version="1.0" encoding="UTF-8"?><hello xmlns="${BASE}"><capabilities><capability>urn:ietf:params:netconf:base:1.1</capability><capability>urn:ietf:params:netconf:capability:with-defaults:1.0?basic-mode=explicit&amp;also-supported=trim</capability></capabilities><session-id>7</session-id></hello>`;
const DATA = `<rpc-reply xmlns="${BASE}" xmlns:x="urn:x" message-id="1"><data><a xmlns="u"><b x:c="1">&lt;é<![CDATA[]]]]></b><!-- ## --><d/></a></data></rpc-reply>`;
const ERROR = `<rpc-reply xmlns="${BASE}" message-id="1"><rpc-error><error-type>protocol</error-type><error-tag>lock-denied</error-tag><error-severity>error</error-severity><error-message>no</error-message><error-info><session-id>9</session-id></error-info></rpc-error></rpc-reply>`;
const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
const chunked = (text: string): string => `\n#${Buffer.byteLength(text)}\n${text}\n##\n`;

interface Reader {
  push(bytes: Uint8Array): string | void;
  finish(): unknown;
}

/** What comes of the first message in these bytes, as one text; how it was refused, where it was. */
function meaningOf(bytes: Uint8Array, piece: number, framing: Framing, reader: Reader): string {
  const frames = new FrameDecoder();
  frames.use(framing);
  let data = "";
  try {
    for (let at = 0; at < bytes.length; at += piece) {
      frames.push(bytes.subarray(at, at + piece));
      for (let event = frames.next(); event !== undefined; event = frames.next()) {
        if (event.kind === "end") return JSON.stringify([data, reader.finish()]);
        data += reader.push(event.bytes) ?? "";
      }
    }
    return "no whole message";
  } catch (error) {
    if (error instanceof FarhandError) return error.code;
    throw error;
  }
}

function requireDocument(data: string): void {
  const nothing = (): void => undefined;
  const reader = new XmlReader({ open: nothing, text: nothing, close: nothing });
  reader.push(data);
  reader.finish();
}

function target(name: string, samples: readonly string[], framing: Framing, make: () => Reader): Target {
  return {
    name,
    prepare: () => ({
      samples: samples.map((text): Input => [bytesOf(text)]),
      mutate: anyBytes,
      take: (input) => {
        const bytes = part(input);
        const [meaning = "", ...others] = PIECES.map((piece) => meaningOf(bytes, piece, framing, make()));
        // Where several things are wrong, how it is cut decides which of them is met first.
        const isRefused = (one: string): boolean => !one.startsWith("[");
        if (others.some((one) => one !== meaning && !(isRefused(one) && isRefused(meaning))))
          throw new Error(`cut otherwise it means something else: ${[meaning, ...others].join(" | ").slice(0, 500)}`);
        if (isRefused(meaning)) throw new FarhandError("NETCONF_MESSAGE", meaning);
        const [data] = JSON.parse(meaning) as [string, unknown];
        if (data === "") return undefined;
        try {
          requireDocument(data);
        } catch (error) {
          throw new Error("what came out is no document", { cause: error });
        }
        return undefined;
      },
    }),
  };
}

const replies = (): Reader => new ReplyReader("1", (text) => text.slice(0, 200));

export const netconfTargets: readonly Target[] = [
  target("netconf-hello", [`${HELLO}]]>]]>`], "end-of-message", () => new HelloReader()),
  target("netconf-reply", [`${DATA}]]>]]>`, `${ERROR}]]>]]>`], "end-of-message", replies),
  target("netconf-reply-chunked", [chunked(DATA), chunked(ERROR)], "chunked", replies),
];
