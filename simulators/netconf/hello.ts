/** The first message of each side (RFC 6241 §8.1): what it can do. */
import type { Framing } from "./framing.ts";
import { BASE, BASE_1_0, BASE_1_1, CAPABILITY, DECLARATION, NOKIA_PRIVATE } from "./names.ts";
import { YANG_1_1 } from "./models/ietf.ts";
import type { NetconfServer } from "./server.ts";
import { child, escapeText, type XmlElement } from "./xml.ts";

export function capabilitiesOf({ abilities, config, modules }: NetconfServer): string[] {
  const { base, candidate, writableRunning, startup, confirmedCommit, validate, rollbackOnError, withDefaults } =
    abilities;
  const named = (name: string, version: string): string => `${CAPABILITY}:${name}:${version}`;
  return [
    BASE_1_0,
    ...(base === "1.0+1.1" ? [BASE_1_1] : []),
    ...(writableRunning ? [named("writable-running", "1.0")] : []),
    ...(candidate === "none" ? [] : [named("candidate", "1.0")]),
    ...(candidate === "private-if-asked" ? [NOKIA_PRIVATE] : []),
    ...(confirmedCommit === "none" ? [] : [named("confirmed-commit", confirmedCommit)]),
    ...(rollbackOnError ? [named("rollback-on-error", "1.0")] : []),
    ...(startup ? [named("startup", "1.0")] : []),
    ...(validate === "none" ? [] : [named("validate", validate)]),
    ...(withDefaults
      ? [
          `${named("with-defaults", "1.0")}?basic-mode=${withDefaults.basic}&also-supported=${withDefaults.also.join(",")}`,
        ]
      : []),
    ...(config.yangLibrary ? [`${named("yang-library", "1.0")}?revision=2016-06-21&module-set-id=1`] : []),
    ...(config.yangLibrary ? modules.filter((uri) => !YANG_1_1.has(uri.split("?")[0] ?? "")) : modules),
    ...config.capabilities,
  ];
}

export function helloText(server: NetconfServer, sessionId: number, user: string): string {
  const { declaration, helloComments, newlineInCapability, nulPadding } = server.oddities;
  const comments = helloComments.map((text) => `<!-- ${text.replaceAll("{user}", user).replaceAll("--", "")} -->\n`);
  const capabilities = capabilitiesOf(server).map((uri) => {
    const text = escapeText(uri);
    return `    <capability>${newlineInCapability && uri !== BASE_1_0 && uri !== BASE_1_1 ? `\n      ${text}\n    ` : text}</capability>\n`;
  });
  return (
    `${declaration ? DECLARATION : ""}${comments.join("")}<hello xmlns="${BASE}">\n  <capabilities>\n` +
    `${capabilities.join("")}  </capabilities>\n  <session-id>${sessionId}</session-id>\n</hello>\n${"\0".repeat(nulPadding)}`
  );
}

/** What the client can do; nothing where it is no client's hello (a `session-id` is the server's word alone). */
export function readHello(xml: XmlElement): string[] | undefined {
  if (xml.name !== "hello" || xml.ns !== BASE || child(xml, "session-id")) return undefined;
  return child(xml, "capabilities")?.children.map(({ text }) => text.trim());
}

/** How both go on; nothing where they have no version in common. */
export function agreedOn({ abilities }: NetconfServer, theirs: readonly string[]): Framing | undefined {
  if (abilities.base === "1.0+1.1" && theirs.includes(BASE_1_1)) return "chunked";
  return theirs.includes(BASE_1_0) ? "end-of-message" : undefined;
}
