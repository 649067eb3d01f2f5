/** What lies on a host's disk when it is new, as lines for what makes it. */
import { existsSync, lstatSync, readdirSync, readlinkSync } from "node:fs";
import { dirname } from "node:path";
import { hasAccounts } from "./requirements.ts";
import { OUTER, OWN, SHARED } from "./scripts.ts";

export interface JailFile {
  readonly path: string;
  readonly content: string;
  /** Octal; `0644` without it. */
  readonly mode?: string;
  /** Numbers, `0:0` without it. */
  readonly owner?: string;
}

export interface Account {
  readonly name: string;
  readonly uid: number;
  /** What /etc/sudoers says behind the name; nothing without it. `ALL=(ALL) NOPASSWD: ALL`. */
  readonly sudo?: string;
  readonly shell?: string;
}

const WORD = /^[\w./@:+~,-]+$/;

export const homeOf = (login: string): string => (login === "root" ? "/root" : `/home/${login}`);

export function accountFiles(accounts: readonly Account[], hostname: string): JailFile[] {
  const each = (line: (one: Account) => string): string => accounts.map((one) => `${line(one)}\n`).join("");
  const rules = accounts.flatMap(({ name, sudo }) => (sudo === undefined ? [] : [`${name} ${sudo}\n`]));
  return [
    {
      path: "/etc/passwd",
      content: `${each(({ name, uid, shell }) => `${name}:x:${uid}:${uid}:${name}:${homeOf(name)}:${shell ?? "/bin/sh"}`)}daemon:x:1:1::/:/usr/sbin/nologin\nnobody:x:65534:65534::/:/usr/sbin/nologin\n`,
    },
    { path: "/etc/group", content: `${each(({ name, uid }) => `${name}:x:${uid}:`)}daemon:x:1:\nnogroup:x:65534:\n` },
    { path: "/etc/shadow", content: `${each(({ name }) => `${name}:*:20000:0:99999:7:::`)}`, mode: "0640" },
    { path: "/etc/nsswitch.conf", content: "passwd: files\ngroup: files\nshadow: files\nhosts: files\n" },
    { path: "/etc/sudoers", content: `root ALL=(ALL:ALL) NOPASSWD: ALL\n${rules.join("")}`, mode: "0440" },
    { path: "/etc/hostname", content: `${hostname}\n` },
    { path: "/etc/hosts", content: `127.0.0.1 localhost\n127.0.1.1 ${hostname}\n` },
  ];
}

export interface Plan {
  readonly lines: string[];
  readonly files: readonly JailFile[];
}

const OPEN = "755 0:0";

/** Lines of `kind mode owner first second` for `DISK`, parents before what lies in them. */
export function planOf(
  all: readonly JailFile[],
  folders: readonly string[],
  homes: readonly { path: string; uid: number }[],
  links: readonly { path: string; target: string }[],
): Plan {
  // A later file takes the place of an earlier one.
  const files = [...new Map(all.map((file) => [file.path, file])).values()];
  const lines: string[] = [];
  const made = new Set<string>();
  const folder = (path: string, about = OPEN): void => {
    if (path === "/" || path === "." || made.has(path)) return;
    folder(dirname(path));
    made.add(path);
    lines.push(`dir ${about} ${word(path.slice(1))}`);
  };
  for (const path of [
    "/etc",
    "/dev",
    "/dev/pts",
    "/run",
    "/tmp",
    "/var/lib",
    "/var/log",
    `/usr/local/sbin`,
    OWN,
    OUTER,
    SHARED,
  ])
    folder(path);
  for (const path of ["/root", ...homes.map(({ path: home }) => home)].filter((path) => !made.has(path))) {
    const uid = homes.find((one) => one.path === path)?.uid ?? 0;
    folder(path, `700 ${hasAccounts() ? uid : 0}:${hasAccounts() ? uid : 0}`);
  }
  for (const path of folders) folder(path);
  for (const one of ["null", "zero", "full", "random", "urandom"]) lines.push(`device - - ${one}`);
  for (const [at, name] of ["stdin", "stdout", "stderr"].entries())
    lines.push(`link - - /proc/self/fd/${at} dev/${name}`);
  lines.push(
    "link - - /proc/self/fd dev/fd",
    "link - - pts/ptmx dev/ptmx",
    "link - - /run var/run",
    `bind - - ../shared ${SHARED.slice(1)}`,
  );
  systemFolders(lines, made, files);
  for (const [at, { path, mode = "0644", owner = "0:0" }] of files.entries()) {
    folder(dirname(path));
    lines.push(`file ${word(mode)} ${word(hasAccounts() ? owner : "0:0")} ${at} ${word(path.slice(1))}`);
  }
  for (const { path, target } of links) {
    folder(dirname(path));
    lines.push(`link - - ${word(target)} ${word(path.slice(1))}`);
  }
  if (hasAccounts()) lines.push("become - -");
  return { lines, files };
}

/** This machine's own programs and libraries, read-only; a folder of them in which something of ours lies is made of links. */
function systemFolders(lines: string[], made: Set<string>, files: readonly JailFile[]): void {
  const mixed = new Set(["/usr", "/usr/local"]);
  for (const { path } of files) for (let at = dirname(path); at.startsWith("/usr/"); at = dirname(at)) mixed.add(at);
  const mix = (path: string): void => {
    if (!made.has(path)) {
      made.add(path);
      lines.push(`dir ${OPEN} ${path.slice(1)}`);
    }
    if (!existsSync(path) || path.startsWith("/usr/local")) return;
    for (const name of readdirSync(path)) if (mixed.has(`${path}/${name}`)) mix(`${path}/${name}`);
    lines.push(`links - - ${OUTER}${path} ${path.slice(1)}`);
  };
  for (const name of ["usr", "bin", "sbin", "lib", "lib32", "lib64", "libx32"]) {
    const path = `/${name}`;
    if (!existsSync(path)) continue;
    if (lstatSync(path).isSymbolicLink()) {
      lines.push(`link - - ${word(readlinkSync(path))} ${name}`);
      continue;
    }
    lines.push(`dir ${OPEN} ${OUTER.slice(1)}/${name}`, `readonly - - ${path} ${OUTER.slice(1)}/${name}`);
    if (name === "usr") mix("/usr");
    else lines.push(`link - - ${OUTER}/${name} ${name}`);
  }
  // Where Debian's links of alternatives lead: awk is one of them.
  if (existsSync("/etc/alternatives")) {
    lines.push(
      `dir ${OPEN} ${OUTER.slice(1)}/alternatives`,
      `readonly - - /etc/alternatives ${OUTER.slice(1)}/alternatives`,
    );
    lines.push(`link - - ${OUTER}/alternatives etc/alternatives`);
  }
}

function word(text: string): string {
  if (!WORD.test(text)) throw new Error(`no path or mode of a simulated host: ${JSON.stringify(text)}`);
  return text;
}
