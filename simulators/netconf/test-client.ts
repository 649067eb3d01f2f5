/** A NETCONF client for the simulator's own tests: it asks and reads. It is no model for a driver. */
import { openSubsystem, type TestTarget } from "../ssh/test-client.ts";
import { child, parseXml, type XmlElement } from "./xml.ts";

const BASE = "urn:ietf:params:xml:ns:netconf:base:1.0";

export interface TestNetconf {
  readonly hello: XmlElement;
  readonly sessionId: number;
  readonly capabilities: readonly string[];
  /** The text of an operation; the whole reply comes back. */
  ask(operation: string): Promise<XmlElement>;
  /** `ok`, or the tags of the errors (and warnings) in the reply. */
  tags(operation: string): Promise<string>;
  /** A message as it stands. */
  send(text: string): void;
  /** Bytes as they stand. */
  raw(bytes: string): void;
  next(): Promise<XmlElement>;
  /** The last message as it came. */
  lastText(): string;
  /** Every byte that came. */
  bytes(): Buffer;
  readonly closed: Promise<void>;
  end(): Promise<void>;
}

export interface TestNetconfOptions {
  capabilities?: readonly string[];
  /** Sent in the place of a hello of ours. */
  hello?: string;
}

export async function connectNetconf(target: TestTarget, options: TestNetconfOptions = {}): Promise<TestNetconf> {
  const capabilities = options.capabilities ?? ["urn:ietf:params:netconf:base:1.0", "urn:ietf:params:netconf:base:1.1"];
  const subsystem = await openSubsystem(target, "netconf");
  const { stream, closed } = subsystem;
  let bytes = Buffer.alloc(0);
  let from = 0;
  let over = false;
  let chunked = false;
  let lastText = "";
  let wake: (() => void) | undefined;
  stream.on("data", (piece: Buffer) => {
    bytes = Buffer.concat([bytes, piece]);
    wake?.();
  });
  const finished = new Promise<void>((resolve) => stream.once("close", () => resolve()));
  const gone = Promise.race([closed, finished]).then(() => {
    over = true;
    wake?.();
  });

  function take(): string | undefined {
    if (!chunked) {
      const at = bytes.indexOf("]]>]]>", from);
      if (at < 0) return undefined;
      const text = bytes.subarray(from, at).toString("utf8");
      from = at + 6;
      return text;
    }
    const parts: Buffer[] = [];
    for (let at = from; ;) {
      const header = /^\n#(\d+|#)\n/.exec(bytes.subarray(at, at + 14).toString("latin1"));
      if (!header) return undefined;
      at += header[0].length;
      if (header[1] === "#") {
        from = at;
        return Buffer.concat(parts).toString("utf8");
      }
      const size = Number(header[1]);
      if (at + size > bytes.length) return undefined;
      parts.push(bytes.subarray(at, at + size));
      at += size;
    }
  }

  async function next(): Promise<XmlElement> {
    for (;;) {
      const text = take();
      if (text !== undefined) {
        lastText = text;
        return parseXml(text.replaceAll("\0", "").trim());
      }
      if (over) throw new Error("the session is closed");
      await new Promise<void>((resolve) => (wake = resolve));
    }
  }

  const send = (text: string): void => {
    stream.write(chunked ? `\n#${Buffer.byteLength(text)}\n${text}\n##\n` : `${text}]]>]]>`);
  };

  const hello = await next();
  send(
    options.hello ??
      `<hello xmlns="${BASE}"><capabilities>${capabilities.map((one) => `<capability>${one}</capability>`).join("")}</capabilities></hello>`,
  );
  const theirs = child(hello, "capabilities")?.children.map(({ text }) => text.trim()) ?? [];
  chunked = [theirs, capabilities].every((list) => list.includes("urn:ietf:params:netconf:base:1.1"));
  let messageId = 0;
  const ask = (operation: string): Promise<XmlElement> => {
    messageId += 1;
    send(`<rpc xmlns="${BASE}" message-id="${messageId}">${operation}</rpc>`);
    return next();
  };
  return {
    hello,
    sessionId: Number(child(hello, "session-id")?.text),
    capabilities: theirs,
    ask,
    tags: async (operation) => tagsOf(await ask(operation)),
    send,
    raw: (text) => void stream.write(text),
    next,
    lastText: () => lastText,
    bytes: () => bytes,
    closed: gone,
    end: async () => {
      subsystem.end();
      await gone;
    },
  };
}

export function tagsOf(reply: XmlElement): string {
  return reply.children
    .map((one) =>
      one.name === "rpc-error"
        ? (child(one, "error-severity")?.text === "warning" ? "warning:" : "") + (child(one, "error-tag")?.text ?? "?")
        : one.name,
    )
    .join(" ");
}

/** The texts at a path of names, wherever it matches. */
export function textsAt(of: XmlElement, ...names: string[]): string[] {
  const [first, ...rest] = names;
  const found = of.children.filter(({ name }) => name === first);
  return rest.length === 0 ? found.map(({ text }) => text) : found.flatMap((one) => textsAt(one, ...rest));
}
