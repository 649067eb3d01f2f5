// A local port whose connections come out in the lab's agent host: the driver under test runs in this process, which is not in the lab.
import { createServer, type Socket } from "node:net";
import type { Lab } from "../lab/lab.ts";

export interface Forward {
  readonly port: number;
  close(): void;
}

const PIPE = `
  const { connect } = require("node:net");
  const [host, port] = process.argv.slice(-2);
  const socket = connect(Number(port), host);
  process.stdin.pipe(socket).pipe(process.stdout);
  for (const event of ["error", "close"]) socket.on(event, () => process.exit(0));`;

export async function forwarded(lab: Lab, address: string, to: number): Promise<Forward> {
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    open.add(socket);
    const child = lab.spawn("agent", [process.execPath, "-e", PIPE, address, String(to)], {
      stdio: ["pipe", "pipe", "ignore"],
    });
    socket.on("error", () => socket.destroy());
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
  return {
    port: bound.port,
    close: () => {
      for (const socket of open) socket.destroy();
      server.close();
    },
  };
}
