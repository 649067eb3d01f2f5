import { readFileSync } from "node:fs";
import { FarhandError } from "../../shared/errors.ts";

const INPUT_BYTES_MAX = 64 * 1024;

/** A file, or standard input for `-`. */
export async function readSecretFile(path: string): Promise<string> {
  if (path === "-") return readAll();
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new FarhandError("IO", path, { cause: error });
  }
}

async function readAll(): Promise<string> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of process.stdin as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > INPUT_BYTES_MAX) throw new FarhandError("USAGE", "standard input is too long");
    parts.push(chunk);
  }
  return Buffer.concat(parts).toString("utf8");
}

/** One answer per question: lines of standard input, or typed without echo when a person sits there. */
export async function askSecrets(
  questions: readonly string[],
  stderr: { write(text: string): unknown },
): Promise<string[]> {
  if (!process.stdin.isTTY) {
    const lines = (await readAll()).split(/\r?\n/);
    return questions.map((question, index) => requireAnswer(lines[index] ?? "", question));
  }
  const answers: string[] = [];
  for (const question of questions) {
    stderr.write(`${question}: `);
    answers.push(requireAnswer(await typedUnseen(), question));
    stderr.write("\n");
  }
  return answers;
}

function requireAnswer(answer: string, question: string): string {
  if (answer === "") throw new FarhandError("USAGE", `${question}: nothing was given on standard input`);
  return answer;
}

const ETX = "\u0003";
const BACKSPACES = ["\u0008", "\u007f"];

function typedUnseen(): Promise<string> {
  const { stdin } = process;
  return new Promise((resolve, reject) => {
    let typed = "";
    const end = (act: () => void): void => {
      stdin.setRawMode(false);
      stdin.pause();
      stdin.off("data", onData);
      act();
    };
    const onData = (chunk: Buffer): void => {
      for (const character of chunk.toString("utf8")) {
        if (character === ETX) end(() => reject(new FarhandError("CANCELED")));
        else if (character === "\r" || character === "\n") end(() => resolve(typed));
        else if (BACKSPACES.includes(character)) typed = typed.slice(0, -1);
        else if (typed.length < INPUT_BYTES_MAX) typed += character;
      }
    };
    stdin.setRawMode(true);
    stdin.resume();
    stdin.on("data", onData);
  });
}

/** One line that a person types, seen. Standard input is read no further. */
export function askLine(): Promise<string> {
  const { stdin } = process;
  return new Promise((resolve) => {
    stdin.once("data", (chunk: Buffer) => {
      stdin.pause();
      resolve(chunk.subarray(0, INPUT_BYTES_MAX).toString("utf8").split(/\r?\n/)[0]?.trim() ?? "");
    });
    stdin.resume();
  });
}
