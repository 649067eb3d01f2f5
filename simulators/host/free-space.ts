/** `df` of a host: how much of its disk is free is one of its conditions, the rest is so. */
import type { Conditions } from "../conditions.ts";
import type { Call } from "./calls.ts";
import type { Jail, JailProgram } from "./jail.ts";

/** `jail` is asked for when the program runs: it is made with it in it. */
export function dfProgram(conditions: () => Conditions, jail: () => Pick<Jail, "run">): JailProgram {
  const serve = async ({ argv, out, err }: Call): Promise<number> => {
    const words = argv.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(" ");
    const { code, stdout, stderr } = await jail().run(`/usr/bin/df ${words}`);
    const { freeBytes } = conditions();
    const told = (_whole: string, before: string): string => `${before}${Math.floor((freeBytes ?? 0) / 1024)}`;
    out(freeBytes === undefined ? stdout : stdout.replaceAll(/^(\S+ +\d+ +\d+ +)\d+/gm, told));
    err(stderr);
    return code;
  };
  return { path: "/usr/local/sbin/df", serve };
}
