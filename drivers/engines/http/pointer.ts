/** What a JSON pointer (RFC 6901) points at; undefined where there is no such thing. */
export function pointedAt(json: unknown, pointer: string): unknown {
  let at = json;
  for (const part of pointer.split("/").slice(1)) {
    const name = part.replaceAll("~1", "/").replaceAll("~0", "~");
    if (typeof at !== "object" || at === null || !Object.hasOwn(at, name)) return undefined;
    at = (at as Record<string, unknown>)[name];
  }
  return at;
}

/** Text or a number there, as text. */
export function textAt(json: unknown, pointer: string): string | undefined {
  const found = pointedAt(json, pointer);
  return typeof found === "string" ? found : typeof found === "number" ? String(found) : undefined;
}
