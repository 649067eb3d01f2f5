/** `<rpc-reply>` (RFC 6241 §4.2 to §4.4), written piece by piece so that its size is nobody's memory. */
import type { Oddities } from "./config.ts";
import type { RpcError } from "./errors.ts";
import type { Framing } from "./framing.ts";
import { BASE, DECLARATION } from "./names.ts";
import { closeTag, element, openTag, printXml, type PrintOptions, type XmlElement } from "./xml.ts";

export type Reply =
  | {
      readonly kind: "ok";
      readonly warnings: readonly RpcError[];
      /** Whether `<ok/>` stands beside the warnings. */
      readonly withOk?: boolean;
      readonly last?: true;
    }
  | { readonly kind: "errors"; readonly errors: readonly RpcError[] }
  /** Children of `<data>`, or with `bare` of the reply itself. */
  | {
      readonly kind: "data";
      readonly content: readonly XmlElement[];
      readonly bulkBytes: number;
      readonly bare?: boolean;
    };

export const ok: Reply = { kind: "ok", warnings: [] };

export function* replyPieces(
  rpc: XmlElement,
  reply: Reply,
  oddities: Oddities,
  bulk: Iterable<Buffer>,
  framing: Framing,
): Generator<Buffer> {
  const prefixed = oddities.replies === "prefixed" ? { ns: BASE, prefix: "nc" } : undefined;
  const outside: PrintOptions = { prefixed, inside: oddities.replies === "bare" ? BASE : "" };
  const inside: PrintOptions = { prefixed, inside: prefixed ? "" : BASE, indent: 2, level: 1 };
  const root: XmlElement = { ...element(BASE, "rpc-reply"), attributes: rpc.attributes };
  if (prefixed) root.prefixes = { [prefixed.prefix]: BASE };
  yield Buffer.from(`${oddities.declaration ? DECLARATION : ""}${openTag(root, outside)}>\n`);
  // Legal in XML, and no end of anything once messages are chunked; under 1.0 no server may write it.
  if (oddities.endMarkInComment && framing === "chunked") yield Buffer.from("<!-- ]]>]]> is no end \n##\n here -->\n");
  switch (reply.kind) {
    case "ok":
      for (const one of reply.warnings) yield Buffer.from(printXml(one.toXml(), inside));
      if (reply.withOk !== false) yield Buffer.from(printXml(element(BASE, "ok"), inside));
      break;
    case "errors":
      for (const one of reply.errors) yield Buffer.from(printXml(one.toXml(), inside));
      break;
    case "data": {
      const data = element(BASE, "data");
      if (reply.bare !== true) yield Buffer.from(`${openTag(data, inside)}>\n`);
      for (const one of reply.content) yield Buffer.from(printXml(one, { ...inside, level: 2 }));
      yield* bulk;
      if (reply.bare !== true) yield Buffer.from(`${closeTag(data, inside)}\n`);
      break;
    }
    default:
      reply satisfies never;
  }
  yield Buffer.from(`${closeTag(root, outside)}\n${"\0".repeat(oddities.nulPadding)}`);
}
