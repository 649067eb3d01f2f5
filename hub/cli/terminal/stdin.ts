import { createInterface } from "node:readline/promises";
import { Writable } from "node:stream";
import type { Stdin } from "../context.ts";

const SILENT = new Writable({ write: (_chunk, _encoding, done) => done() });

/** Questions go to standard error, so that standard output stays data. */
export const processStdin: Stdin = {
  get isTTY() {
    return process.stdin.isTTY;
  },
  ask: (question) => prompt(question, true),
  askSecret: (question) => prompt(question, false),
};

async function prompt(question: string, echo: boolean): Promise<string> {
  process.stderr.write(question);
  const lines = createInterface({ input: process.stdin, output: echo ? process.stderr : SILENT, terminal: true });
  // In raw mode Ctrl-C is a byte and not a signal: end as the signal would.
  lines.on("SIGINT", () => {
    lines.close();
    process.stderr.write("\n");
    process.exit(130);
  });
  try {
    return await lines.question("");
  } finally {
    lines.close();
    if (!echo) process.stderr.write("\n");
  }
}
