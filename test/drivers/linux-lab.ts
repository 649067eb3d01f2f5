// A Linux host of its own: OpenSSH, sudo, cron and chrony with Debian's own init scripts, in namespaces and on files that are not this machine's.
import { randomBytes } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { Node, type ExecResult } from "../lab/node.ts";
import { poll } from "../lab/poll.ts";

export interface LinuxHost {
  /** On this machine's loopback; a relay of ours leads into the namespace. */
  readonly port: number;
  readonly hostKeyPublic: string;
  readonly user: string;
  readonly password: string;
  /** As root on the host itself, past SSH and past us. */
  sh(script: string): Promise<string>;
  exec(argv: readonly string[]): Promise<ExecResult>;
  /** Cuts what is open; \`refuse\`: and lets nobody in until it is told otherwise. */
  cut(refuse?: boolean): void;
  mend(): void;
  stop(): Promise<void>;
}

const files = readFileSync(new URL("linux-files.sh", import.meta.url), "utf8");
const needs: readonly (readonly [string, string])[] = [
  ["/usr/sbin/sshd", "openssh-server"],
  ["/usr/bin/sudo", "sudo"],
  ["/usr/sbin/visudo", "sudo"],
  ["/usr/sbin/cron", "cron"],
  ["/usr/sbin/chronyd", "chrony"],
  ["/usr/sbin/nft", "nftables"],
  ["/usr/sbin/chpasswd", "passwd"],
];

export function linuxVerdict(): { run: true } | { run: false; reason: string } {
  const missing =
    process.platform === "linux" ? needs.filter(([path]) => !existsSync(path)) : [["Linux", "a Linux"] as const];
  const reasons = missing.map(([path, what]) => `${path} (apt-get install -y --no-install-recommends ${what})`);
  if (process.getuid?.() !== 0) reasons.push("root (namespaces)");
  if (reasons.length === 0) return { run: true };
  const reason = `the Linux host needs ${reasons.join(", ")}`;
  if (process.env["CI"] === "true") throw new Error(reason);
  return { run: false, reason };
}

const PIPE = `
  const { connect } = require("node:net");
  const socket = connect(22, "127.0.0.1");
  process.stdin.pipe(socket).pipe(process.stdout);
  for (const event of ["error", "close"]) socket.on(event, () => process.exit(0));`;

export async function startLinux(name = "edge-1"): Promise<LinuxHost> {
  const node = await Node.start(name, true);
  try {
    const password = randomBytes(18).toString("base64url");
    const user = "farhand";
    await node.must(["/bin/bash", "-c", files, "linux-files", name, user], { input: `${password}\n` });
    const listening = await poll(
      "sshd",
      async () => ((await node.exec(["ss", "-tln"])).stdout.includes(":22 ") ? true : undefined),
      { within: 10_000 },
    );
    if (!listening) throw new Error("sshd does not listen");
    const [, blob = ""] = readFileSync(`${node.root}/etc/ssh/ssh_host_ed25519_key.pub`, "utf8").split(" ");
    // In its network, with our files.
    const relay = await relayTo(node.outside());
    return {
      port: relay.port,
      hostKeyPublic: blob,
      user,
      password,
      sh: (script) => node.must(["/bin/sh", "-c", script]),
      exec: (argv) => node.exec(argv),
      cut: (refuse = false) => relay.cut(refuse),
      mend: () => relay.mend(),
      stop: async () => {
        relay.close();
        await node.stop();
      },
    };
  } catch (error) {
    await node.stop();
    throw error;
  }
}

async function relayTo(node: Node): Promise<{ port: number; cut(refuse: boolean): void; mend(): void; close(): void }> {
  const open = new Set<Socket>();
  let refuses = false;
  const server = createServer((socket) => {
    socket.on("error", () => socket.destroy());
    if (refuses) return void socket.destroy();
    open.add(socket);
    const child = node.spawn([process.execPath, "-e", PIPE], { stdio: ["pipe", "pipe", "ignore"] });
    child.stdin?.on("error", () => undefined);
    if (child.stdin) socket.pipe(child.stdin);
    child.stdout?.pipe(socket);
    child.once("exit", () => socket.destroy());
    socket.once("close", () => {
      open.delete(socket);
      child.kill("SIGKILL");
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
  const bound = server.address();
  if (bound === null || typeof bound === "string") throw new Error("no port");
  const cutAll = (): void => {
    for (const socket of open) socket.destroy();
  };
  return {
    port: bound.port,
    cut: (refuse) => {
      refuses = refuse;
      cutAll();
    },
    mend: () => (refuses = false),
    close: () => {
      cutAll();
      server.close();
    },
  };
}
