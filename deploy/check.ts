/** `npm run check`: everything that can be said about the repository without running it, in parallel, one line per step. */
import { spawn } from "node:child_process";
import { join } from "node:path";

const root = join(import.meta.dirname, "..");
const tool = (name: string): string => join(root, "node_modules", ".bin", name);

const steps: { name: string; command: string[] }[] = [
  { name: "types", command: [tool("tsc"), "--noEmit"] },
  { name: "lint", command: [tool("oxlint")] },
  { name: "format", command: [tool("oxfmt"), "--check"] },
  { name: "arrows", command: [process.execPath, "test/house/arrows.ts"] },
  { name: "dependencies", command: [process.execPath, "deploy/audit.ts"] },
];

interface Outcome {
  passed: boolean;
  output: string;
  seconds: number;
}

function run(command: string[]): Promise<Outcome> {
  const startedMs = performance.now();
  const [file = "", ...rest] = command;
  return new Promise((resolve) => {
    const child = spawn(file, rest, { cwd: root, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    const finish = (passed: boolean) =>
      resolve({ passed, output: output.trim(), seconds: (performance.now() - startedMs) / 1000 });
    child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
    child.stderr.on("data", (chunk: Buffer) => (output += chunk.toString()));
    child.on("error", (error) => {
      output += error.message;
      finish(false);
    });
    child.on("close", (code) => finish(code === 0));
  });
}

const outcomes = await Promise.all(
  steps.map(async ({ name, command }) => {
    const outcome = await run(command);
    const note = name === "dependencies" && outcome.passed ? `  ${outcome.output}` : "";
    console.log(`${outcome.passed ? "ok    " : "FAILED"} ${name.padEnd(12)} ${outcome.seconds.toFixed(1)} s${note}`);
    return { name, ...outcome };
  }),
);

const failed = outcomes.filter(({ passed }) => !passed);
for (const { name, output } of failed) console.log(`\n── ${name}\n${output}`);
process.exitCode = failed.length === 0 ? 0 : 1;
