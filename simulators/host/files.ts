/**
 * Files of a simulated host, read and written by its simulator, which may be root of this machine. Whoever is root of the host puts links, pipes and
 * mounts wherever it likes, at any moment: so every part of a path is opened by itself, below the one before, and a link leads where it
 * leads in the host.
 */
import {
  closeSync,
  constants,
  fstatSync,
  ftruncateSync,
  lstatSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  readSync,
  statfsSync,
  writeFileSync,
  type Stats,
} from "node:fs";

const { O_DIRECTORY, O_NOCTTY, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_WRONLY } = constants;
/** As the kernel, path_resolution(7). */
const LINKS_MAX = 40;
const FOLDERS_MAX = 256;
const BYTES_MAX = 16 * 1024 * 1024;
/**
 * statfs(2): a disk in memory, and one over another. Not /proc, which a link may lead to: it gives and does what the one who opens it may, and
 * that is us.
 */
const DISKS = new Set([0x01021994, 0x794c7630]);

export class Files {
  readonly #root: () => number;

  /** What opens the host's root folder, or that of one of its processes; to be closed by whoever called. */
  constructor(root: () => number) {
    this.#root = root;
  }

  /** Of a file on a disk, through links; undefined of all else, and of what has more bytes. */
  read(path: string, bytesMax = BYTES_MAX): string | undefined {
    return attempt(() =>
      this.#reach(path, true, (at) =>
        opened(at, O_RDONLY, (fd) => {
          const parts: Buffer[] = [];
          for (let bytes = 0; bytes <= bytesMax;) {
            const part = Buffer.allocUnsafe(65_536);
            const count = readSync(fd, part);
            if (count === 0) return Buffer.concat(parts).toString("utf8");
            parts.push(part.subarray(0, count));
            bytes += count;
          }
          return undefined;
        }),
      ),
    );
  }

  /** Of a file that is there: nobody of this machine can own a new one in the host. Throws where it cannot. */
  write(path: string, text: string): void {
    this.#reach(path, true, (at) =>
      opened(at, O_WRONLY, (fd) => {
        ftruncateSync(fd);
        writeFileSync(fd, text);
      }),
    );
  }

  /** Sorted; none of what is no folder. */
  names(path: string): string[] {
    return attempt(() => this.#reach(`${path}/.`, true, (at) => readdirSync(at).toSorted())) ?? [];
  }

  /** Of the link itself, where it is one. */
  stat(path: string): Stats | undefined {
    return attempt(() => this.#reach(path, false, (at) => lstatSync(at)));
  }

  target(path: string): string | undefined {
    return attempt(() => this.#reach(path, false, (at) => readlinkSync(at)));
  }

  /** `use` is given a path whose folder is held open; what stands last in it is to be opened without following it. */
  #reach<T>(path: string, follow: boolean, use: (at: string) => T): T {
    const left = partsOf(path);
    const root = this.#root();
    const folders: number[] = [];
    const up = (): void => {
      const last = folders.pop();
      if (last !== undefined) closeSync(last);
    };
    let links = 0;
    try {
      for (;;) {
        const name = left.shift() ?? ".";
        if (name === "..") {
          up();
          continue;
        }
        const at = `/proc/self/fd/${folders.at(-1) ?? root}/${name}`;
        const isLink = lstatSync(at).isSymbolicLink();
        if (left.length === 0 && !(isLink && follow)) return use(at);
        if (isLink) {
          links += 1;
          if (links > LINKS_MAX) throw new Error(`too many links: ${path}`);
          const target = readlinkSync(at);
          if (target.startsWith("/")) while (folders.length > 0) up();
          left.unshift(...partsOf(target));
        } else if (name !== ".") {
          if (folders.length >= FOLDERS_MAX) throw new Error(`too deep: ${path}`);
          folders.push(openSync(at, O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
        }
      }
    } finally {
      while (folders.length > 0) up();
      closeSync(root);
    }
  }
}

/** A `.` counts where it stands last: what is before it is a folder. */
function partsOf(path: string): string[] {
  const parts = path.split("/").filter((part) => part !== "");
  return parts.filter((part, at) => part !== "." || at === parts.length - 1);
}

function opened<T>(at: string, flags: number, use: (fd: number) => T): T {
  // A pipe would hold this process until somebody comes to its other end.
  const fd = openSync(at, flags | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
  try {
    if (!fstatSync(fd).isFile() || !DISKS.has(statfsSync(`/proc/self/fd/${fd}`).type))
      throw new Error("no file of a disk");
    return use(fd);
  } finally {
    closeSync(fd);
  }
}

function attempt<T>(ask: () => T): T | undefined {
  try {
    return ask();
  } catch {
    return undefined;
  }
}

/** The root folder of process `pid` of this machine. */
export const rootOf = (pid: number): number => openSync(`/proc/${pid}/root`, O_RDONLY | O_DIRECTORY);

export interface HostProcess {
  /** In the numbering of this machine. */
  readonly outer: number;
  readonly parentOuter: number;
}

/** What runs in the pid namespace of a process of this machine, by the numbers that it has there. Asked of this machine's /proc: what the host has there, its root may have put there. */
export function processesBeside(machine: number): Map<number, HostProcess> {
  const all = new Map<number, HostProcess>();
  const space = attempt(() => readlinkSync(`/proc/${machine}/ns/pid`));
  if (space === undefined) return all;
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name) || attempt(() => readlinkSync(`/proc/${name}/ns/pid`)) !== space) continue;
    const found = attempt(() => readFileSync(`/proc/${name}/status`, "utf8")) ?? "";
    const parent = /^PPid:\s+(\d+)/m.exec(found)?.[1];
    const inner = /^NSpid:.*\s(\d+)$/m.exec(found)?.[1];
    if (parent !== undefined && inner !== undefined)
      all.set(Number(inner), { outer: Number(name), parentOuter: Number(parent) });
  }
  return all;
}

/** The root folder of the one that has number `pid` there; it may have a mount namespace of its own. */
export function rootBeside(machine: number, pid: number): number {
  const outer = processesBeside(machine).get(pid)?.outer;
  // Its number may be another's by now: the folder that is held open is not.
  const held = openSync(`/proc/${outer ?? 0}`, O_RDONLY | O_DIRECTORY);
  try {
    if (readlinkSync(`/proc/self/fd/${held}/ns/pid`) !== readlinkSync(`/proc/${machine}/ns/pid`))
      throw new Error("the program is gone");
    return openSync(`/proc/self/fd/${held}/root`, O_RDONLY | O_DIRECTORY);
  } finally {
    closeSync(held);
  }
}
