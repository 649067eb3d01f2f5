/**
 * bun test/support/unix-relay.ts SOCKET HOST PORT: carries connections from a Unix socket to a TCP port.
 * Run in a namespace, it gives this process a way to a hub that lives there: the file system is shared, the network is not.
 */
import { connect, createServer } from "node:net";

const [path, host, port] = process.argv.slice(2);
if (path === undefined || host === undefined || port === undefined) throw new Error("SOCKET HOST PORT");

createServer((inner) => {
  const outer = connect(Number(port), host);
  inner.pipe(outer).pipe(inner);
  inner.on("error", () => outer.destroy());
  outer.on("error", () => inner.destroy());
}).listen(path, () => process.stdout.write("relaying\n"));
process.stdin.resume().once("end", () => process.exit(0));
