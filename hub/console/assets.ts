/**
 * The console as files to serve. Bun's HTML routes cannot carry headers of ours, so the bundle is made here and served by the hub
 * with a Content-Security-Policy. In a compiled binary it was made at build time and is embedded.
 */
export interface ConsoleFile {
  readonly body: Uint8Array<ArrayBuffer>;
  readonly gzip: Uint8Array<ArrayBuffer>;
  readonly type: string;
  /** Named by its content: it may be cached for ever. */
  readonly immutable: boolean;
}

const HEADERS = {
  "content-security-policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; " +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  "referrer-policy": "no-referrer",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "permissions-policy": "camera=(), microphone=(), geolocation=(), usb=(), serial=()",
} as const;

const INDEX = "index.html";
const NAMED_BY_CONTENT = /-[a-z0-9]{8}\.[a-z]+$/;

/** File name to file; the page itself is `index.html`. Takes a second from sources, nothing in a binary. */
export async function loadConsole(): Promise<ReadonlyMap<string, ConsoleFile>> {
  const compiled = Bun.embeddedFiles.length > 0 && /[\\/](\$bunfs|~BUN)([\\/]|$)/.test(import.meta.dirname);
  const sources = compiled ? await embedded() : await built();
  const files = new Map<string, ConsoleFile>();
  for (const { name, type, body } of sources) {
    files.set(name, { body, gzip: Bun.gzipSync(body), type, immutable: NAMED_BY_CONTENT.test(name) && name !== INDEX });
  }
  return files;
}

interface Source {
  readonly name: string;
  readonly type: string;
  readonly body: Uint8Array<ArrayBuffer>;
}

const nameOf = (path: string): string => path.split(/[\\/]/).at(-1) ?? path;

async function embedded(): Promise<Source[]> {
  const { files } = await import("./embedded.ts");
  const names = files.map(({ path }) => nameOf(path));
  const sources = await Promise.all(
    files.map(async ({ path, loader, headers }) => ({
      name: loader === "html" ? INDEX : nameOf(path),
      type: headers["content-type"],
      body: new Uint8Array(await Bun.file(path).arrayBuffer()),
    })),
  );
  return sources.map((source) => (source.name === INDEX ? { ...source, body: relative(source.body, names) } : source));
}

/** In a binary Bun names the parts from the root; the page stands in `/console/`. */
function relative(html: Uint8Array, names: readonly string[]): Uint8Array<ArrayBuffer> {
  const text = names.reduce(
    (page, name) => page.replaceAll(`"/${name}"`, `"./${name}"`),
    new TextDecoder().decode(html),
  );
  return new TextEncoder().encode(text);
}

async function built(): Promise<Source[]> {
  const { success, logs, outputs } = await Bun.build({
    entrypoints: [`${import.meta.dirname}/${INDEX}`],
    target: "browser",
    minify: true,
    define: { "process.env.NODE_ENV": '"production"' },
  });
  if (!success) throw new AggregateError(logs, "the console does not build");
  return Promise.all(
    outputs.map(async (output) => ({
      name: nameOf(output.path),
      type: output.type,
      body: new Uint8Array(await output.arrayBuffer()),
    })),
  );
}

/** Answers what is under `/console/`; undefined for any other path. */
export function serveConsole(files: ReadonlyMap<string, ConsoleFile>, request: Request): Response | undefined {
  const { pathname } = new URL(request.url);
  if (pathname === "/console")
    return new Response(null, { status: 308, headers: { ...HEADERS, location: "/console/" } });
  if (!pathname.startsWith("/console/")) return undefined;
  if (request.method !== "GET" && request.method !== "HEAD")
    return new Response(null, { status: 405, headers: HEADERS });
  const file = files.get(pathname === "/console/" ? INDEX : pathname.slice("/console/".length));
  if (!file) return new Response("Not found\n", { status: 404, headers: { ...HEADERS, "content-type": "text/plain" } });
  const packed = /\bgzip\b/.test(request.headers.get("accept-encoding") ?? "");
  const body = packed ? file.gzip : file.body;
  return new Response(request.method === "HEAD" ? null : body, {
    headers: {
      ...HEADERS,
      "content-type": file.type,
      "content-length": String(body.length),
      "cache-control": file.immutable ? "public, max-age=31536000, immutable" : "no-store",
      vary: "accept-encoding",
      ...(packed && { "content-encoding": "gzip" }),
    },
  });
}
