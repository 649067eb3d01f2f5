import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import type { ChildOptions } from "../support/child.ts";

/** A network that holds a loopback and nothing else: no link, no route, no way out. */
export interface Namespace {
  readonly name: string;
  readonly launch: NonNullable<ChildOptions["launch"]>;
  run(argv: readonly string[]): { readonly status: number | null; readonly out: string };
  remove(): void;
}

const ip = (...args: string[]) => spawnSync("ip", args, { encoding: "utf8" });

export function makeNamespace(): Namespace {
  const name = `farhand-plant-${process.pid}`;
  for (const args of [
    ["netns", "add", name],
    ["-n", name, "link", "set", "lo", "up"],
  ]) {
    const made = ip(...args);
    if (made.status !== 0) throw new Error(`ip ${args.join(" ")}: ${made.stderr}`);
  }
  return {
    name,
    launch: (argv, { env, cwd }): ChildProcess =>
      spawn("ip", ["netns", "exec", name, ...argv], { cwd, env, stdio: ["pipe", "pipe", "pipe"] }),
    run(argv) {
      const ran = spawnSync("ip", ["netns", "exec", name, ...argv], { encoding: "utf8" });
      return { status: ran.status, out: ran.stdout };
    },
    remove: () => void ip("netns", "del", name),
  };
}

/** Why no namespace can be made here; undefined where one can. */
export function noNamespaces(): string | undefined {
  const reason =
    process.platform !== "linux"
      ? "network namespaces need Linux"
      : process.getuid?.() !== 0
        ? "network namespaces need root"
        : probe();
  if (reason !== undefined && process.env["CI"] === "true") throw new Error(reason);
  return reason;
}

function probe(): string | undefined {
  try {
    makeNamespace().remove();
    return undefined;
  } catch (error) {
    return `network namespaces cannot be made here: ${String(error)}`;
  }
}
