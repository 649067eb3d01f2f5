import type { ExecResult } from "./stream.ts";

const MARK = "-- farhand: here begins the answer --";

/**
 * Put before what a host's shell is told. What the login shell's own files print (`.bashrc`, `/etc/profile.d`) comes before every answer, and nobody
 * asked for it: the answer is what stands behind this line.
 */
export const SAY_MARK = `echo '${MARK}'\n`;

/** A fixed program as root, with its arguments. `exec` says a command and hands over its input. */
export async function programAsRoot(
  exec: (command: string, stdin: string) => Promise<ExecResult>,
  program: string,
  words: readonly string[],
): Promise<ReturnType<typeof behindMark>> {
  return behindMark(await exec(`sudo -n sh -s -- ${words.join(" ")}`, `${SAY_MARK}${program}`));
}

/** `began`: whether the shell that was told got to work at all; without it nothing is taken away. */
export function behindMark(result: ExecResult): ExecResult & { readonly began: boolean } {
  const at = result.stdout.indexOf(`${MARK}\n`);
  if (at < 0) return { ...result, began: false };
  return { ...result, stdout: result.stdout.slice(at + MARK.length + 1), began: true };
}
