/** What a command shows, as text and as data for `| display xml` and `| display json`. */

export interface Report {
  /** The element that holds it: `software-information`. */
  readonly name: string;
  readonly text: string;
  readonly data: Record<string, unknown>;
}

export function asXml({ name, data }: Report): string {
  const lines = ["<rpc-reply>", ...element(name, data, 4), "</rpc-reply>"];
  return `${lines.join("\n")}\n`;
}

function element(name: string, value: unknown, indent: number): string[] {
  const pad = " ".repeat(indent);
  if (Array.isArray(value)) return value.flatMap((one) => element(name, one, indent));
  if (typeof value === "object" && value !== null)
    return [
      `${pad}<${name}>`,
      ...Object.entries(value).flatMap(([key, held]) => element(key, held, indent + 4)),
      `${pad}</${name}>`,
    ];
  const shown = String(value).replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
  return [`${pad}<${name}>${shown}</${name}>`];
}
