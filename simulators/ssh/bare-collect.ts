/**
 * The least that a client can do to read a configuration: ssh2, a shell, three lines typed, the last line watched. No checks of what
 * came, no redaction, no journal. It is the bound beside which `npm run bench -- collect` shows the product's speed.
 *
 * Reads {"concurrency", "command", "devices": [{"host", "port", "username", "password", "hostKey"}]} from standard input.
 */
import ssh2 from "ssh2";
import { z } from "zod";

const Job = z.object({
  concurrency: z.int().min(1),
  command: z.string(),
  devices: z.array(
    z.object({ host: z.string(), port: z.int(), username: z.string(), password: z.string(), hostKey: z.string() }),
  ),
});
type Target = z.infer<typeof Job>["devices"][number];

const PROMPT = /[\w.-]+#\s?$/;

function collect(target: Target, command: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const client = new ssh2.Client();
    client.once("error", reject);
    client.once("ready", () => {
      client.shell({ cols: 511, rows: 100, term: "vt100" }, (error, channel) => {
        if (error) {
          reject(error);
          return;
        }
        const lines = ["terminal length 0", command, "exit"];
        let bytes = 0;
        let tail = "";
        channel.on("data", (chunk: Buffer) => {
          bytes += chunk.length;
          tail = (tail + chunk.toString("latin1")).slice(-200);
          if (!PROMPT.test(tail)) return;
          tail = "";
          channel.write(`${lines.shift() ?? "exit"}\n`);
        });
        channel.once("close", () => {
          client.end();
          resolve(bytes);
        });
      });
    });
    client.connect({
      host: target.host,
      port: target.port,
      username: target.username,
      password: target.password,
      readyTimeout: 120_000,
      hostVerifier: (key: Buffer) => key.toString("base64") === target.hostKey,
    });
  });
}

const job = Job.parse(JSON.parse(await Bun.stdin.text()));
const started = performance.now();
const queue = [...job.devices];
let [bytes, collected] = [0, 0];
await Promise.all(
  Array.from({ length: job.concurrency }, async () => {
    for (let target = queue.pop(); target; target = queue.pop()) {
      bytes += await collect(target, job.command);
      collected++;
    }
  }),
);
process.stdout.write(
  `${JSON.stringify({ collected, bytes, seconds: (performance.now() - started) / 1000, peakMiB: process.resourceUsage().maxRSS / 1024 })}\n`,
);
process.exit(0);
