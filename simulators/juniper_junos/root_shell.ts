/** The Unix shell that root lands in, as far as tools use it to put a configuration file on the box: `echo >>`, `cat`, `rm`, `cli`. */
import type { JunosSession } from "./session.ts";

const FILES_MAX_BYTES = 4 * 1024 * 1024;
const FILES_MAX = 100;

export async function shellCommand(session: JunosSession, text: string): Promise<"logout" | undefined> {
  const { term } = session.shell;
  const { files } = session.device;
  const line = text.trim();
  if (line === "") return undefined;
  if (line === "exit" || line === "logout") {
    session.shells.pop();
    if (session.shells.length > 0 || session.shell.user === "root") return "logout";
    await term.write("exit\n");
    return undefined;
  }
  if (line === "cli") {
    session.shells.pop();
    return undefined;
  }
  const echo = /^echo\s+(>>?)\s*(\S+)\s+'(.*)'$/.exec(line);
  if (echo) {
    const [, how, name = "", said = ""] = echo;
    const before = how === ">" ? "" : (files.get(name) ?? "");
    if (before.length + said.length > FILES_MAX_BYTES || (files.size >= FILES_MAX && !files.has(name)))
      await term.write(`${name}: No space left on device\n`);
    else files.set(name, `${before}${said}\n`);
    return undefined;
  }
  const [command, ...names] = line.split(/\s+/);
  if (command === "rm" || command === "cat") {
    for (const name of names.filter((word) => !word.startsWith("-"))) {
      const there = files.get(name);
      if (there === undefined) await term.write(`${command}: ${name}: No such file or directory\n`);
      else if (command === "rm") files.delete(name);
      else await session.shell.print(there);
    }
    return undefined;
  }
  if (command === "ls") {
    await term.write([...files.keys()].map((name) => `${name}\n`).join(""));
    return undefined;
  }
  await term.write(`${command ?? ""}: Command not found.\n`);
  return undefined;
}
