import { FarhandError } from "../../../shared/errors.ts";

/**
 * A host as a text:
 *
 *     file /etc/hosts 0644 root:root
 *      |127.0.0.1 localhost
 *     link /etc/resolv.conf ../run/systemd/resolve/stub-resolv.conf
 *     service ssh enabled active
 *
 * Every line of a file stands behind ` |`, exactly as it is. A file whose last line is not ended says so with ` \`. What is
 * there and is no text, too large, a link or a device is shown in one line of its own kind: it counts for hashes and diffs, and is never written.
 */
export interface HostFile {
  readonly kind: "file";
  readonly path: string;
  readonly mode: string;
  /** `user:group`. */
  readonly owner: string;
  readonly lines: readonly string[];
  /** Whether a line feed follows the last line. */
  readonly ended: boolean;
}

/** Seen, not managed. */
export interface Foreign {
  readonly kind: "foreign";
  readonly path: string;
  /** The whole line: `link PATH TARGET`, `binary PATH …`, `large PATH …`, `special PATH`, `odd-names FOLDER`. */
  readonly line: string;
}

export interface Service {
  readonly name: string;
  readonly enabled: string;
  readonly active: string;
}

export interface Host {
  readonly files: ReadonlyMap<string, HostFile>;
  readonly foreign: ReadonlyMap<string, Foreign>;
  readonly services: ReadonlyMap<string, Service>;
}

export const PATH = /^(?:\/[A-Za-z0-9][A-Za-z0-9._@+\-]*)+$/v;
export const MODE = /^0[0-7]{3}$/v;
export const OWNER = /^[A-Za-z0-9_][A-Za-z0-9_.\-]{0,31}:[A-Za-z0-9_][A-Za-z0-9_.\-]{0,31}$/v;
export const SERVICE = /^[A-Za-z0-9][A-Za-z0-9._@+:\-]{0,100}$/v;
const FOREIGN = /^(?:link|binary|large|special|odd-names) (?<path>\/\S*)/v;

export const headerOf = ({ path, mode, owner }: Pick<HostFile, "path" | "mode" | "owner">): string =>
  `file ${path} ${mode} ${owner}`;
export const serviceLine = ({ name, enabled, active }: Service): string => `service ${name} ${enabled} ${active}`;
export const UNENDED = " \\";

export const byPath = (a: { readonly path: string }, b: { readonly path: string }): number =>
  a.path < b.path ? -1 : a.path > b.path ? 1 : 0;

export function printFile(file: HostFile): string {
  return [headerOf(file), ...file.lines.map((line) => ` |${line}`), ...(file.ended ? [] : [UNENDED])].join("\n");
}

/** In one order, whatever order it was read in. */
export function printHost({ files, foreign, services }: Host): string {
  const all = [...files.values(), ...foreign.values()].toSorted(byPath);
  const blocks = all.map((one) => (one.kind === "file" ? printFile(one) : one.line));
  const lines = [...services.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1)).map(serviceLine);
  return [...blocks, ...lines].map((block) => `${block}\n`).join("");
}

/** A text that the driver wrote. INCOMPLETE_OUTPUT where it is none: it may come from an old snapshot. */
export function parseHost(text: string): Host {
  const files = new Map<string, HostFile>();
  const foreign = new Map<string, Foreign>();
  const services = new Map<string, Service>();
  let open: { header: Omit<HostFile, "lines" | "ended">; lines: string[]; ended: boolean } | undefined;
  const close = (): void => {
    if (open) files.set(open.header.path, { ...open.header, lines: open.lines, ended: open.ended });
    open = undefined;
  };
  const rows = text.split("\n");
  if (rows.at(-1) === "") rows.pop();
  for (const [at, row] of rows.entries()) {
    if (open && row.startsWith(" |") && open.ended) {
      open.lines.push(row.slice(2));
      continue;
    }
    if (open && row === UNENDED && open.ended && open.lines.length > 0) {
      open.ended = false;
      continue;
    }
    close();
    const words = row.split(" ");
    const [kind, name = "", third = "", fourth = ""] = words;
    if (kind === "file" && words.length === 4 && PATH.test(name) && MODE.test(third) && OWNER.test(fourth))
      open = { header: { kind: "file", path: name, mode: third, owner: fourth }, lines: [], ended: true };
    else if (kind === "service" && words.length === 4 && SERVICE.test(name))
      services.set(name, { name, enabled: third, active: fourth });
    else {
      const path = FOREIGN.exec(row)?.groups?.["path"];
      if (path === undefined) throw new FarhandError("INCOMPLETE_OUTPUT", `line ${at + 1} is no line of a host`);
      foreign.set(path, { kind: "foreign", path, line: row });
    }
  }
  close();
  return { files, foreign, services };
}
