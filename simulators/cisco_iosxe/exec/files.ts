/** Flash: `dir`, `more`, `delete`, `copy`, and the Tcl shell that people use as an upload. */
import type { Terminal } from "../../ssh/terminal.ts";
import { fileFromShown } from "../config/banner.ts";
import { fileTime } from "../dates.ts";
import { fileKey, type Device } from "../device.ts";

export interface FileContext {
  device: Device;
  term: Terminal;
  user: string;
  sessionId: number;
}

const TOTAL_BYTES = 6_286_540_800;

export function dir(device: Device): string {
  const rows = [...device.files]
    .toSorted(([a], [b]) => a.localeCompare(b))
    .map(
      ([name, file], index) =>
        `${String(index + 11).padStart(5)}  -rw-  ${String(Buffer.byteLength(file.text)).padStart(15)}  ${fileTime(file.atMs)}  ${name}\n`,
    );
  const used = [...device.files.values()].reduce((sum, file) => sum + Buffer.byteLength(file.text), 0);
  return `Directory of bootflash:/\n\n${rows.join("")}\n${TOTAL_BYTES} bytes total (${device.faults.conditions.freeBytes ?? TOTAL_BYTES - 796_291_072 - used} bytes free)\n`;
}

export function more(device: Device, url: string): string {
  const text = device.readConfig(url);
  return text === undefined
    ? `%Error opening ${url} (No such file or directory)\n`
    : `${text}${text.endsWith("\n") ? "" : "\n"}`;
}

function quiet(device: Device): boolean {
  return device.has("file prompt quiet");
}

export async function deleteFile({ device, term }: FileContext, url: string, force: boolean): Promise<string> {
  const name = fileKey(url);
  if (!force && !quiet(device)) {
    if ((await term.ask(`Delete filename [${name}]? `)) === undefined) return "";
    if (!(await term.confirm(`Delete bootflash:/${name}? [confirm]`)))
      return "Delete of bootflash:/" + name + " aborted!\n";
  }
  if (!device.files.has(name)) return `%Error deleting bootflash:/${name} (No such file or directory)\n`;
  device.files.delete(name);
  return "\n";
}

function isRunning(url: string): boolean {
  return /^(?:system:\/?)?running-config$/i.test(expand(url));
}

function isStartup(url: string): boolean {
  return /^(?:nvram:\/?)?startup-config$/i.test(expand(url));
}

/** `run` and `start` are how people write them. */
function expand(url: string): string {
  if (/^runn?i?n?g?$|^running-c?o?n?f?i?g?$/i.test(url)) return "running-config";
  if (/^star?t?u?p?$|^startup-c?o?n?f?i?g?$/i.test(url)) return "startup-config";
  return url;
}

export async function copy(context: FileContext, from: string, to: string): Promise<string> {
  const { device, term, user } = context;
  const target = isRunning(to) ? "running-config" : isStartup(to) ? "startup-config" : fileKey(to);
  let destination = target;
  if (!quiet(device)) {
    const answer = await term.ask(`Destination filename [${target}]? `);
    if (answer === undefined) return "%Copy aborted\n";
    if (answer.trim() !== "") destination = answer.trim();
  }
  const text = device.readConfig(expand(from));
  if (text === undefined) return `%Error opening ${from} (No such file or directory)\n`;
  const size = Buffer.byteLength(text);
  if (isStartup(to) && isRunning(from)) {
    device.save(user);
    return "Building configuration...\n[OK]\n";
  }
  if (isStartup(to)) {
    device.startup = text;
    device.record({ kind: "saved", by: user });
    return `[OK]\n${size} bytes copied in 0.342 secs (${Math.round(size / 0.342)} bytes/sec)\n\n`;
  }
  const report = `${size} bytes copied in 0.342 secs (${Math.round(size / 0.342)} bytes/sec)\n\n`;
  if (isRunning(to)) return mergeInto(context, device.files.get(fileKey(from))?.text ?? fileFromShown(text)) + report;
  device.writeFile(destination, device.files.get(fileKey(from))?.text ?? fileFromShown(text));
  return report;
}

/** A merge goes on after a refused line. That is why nobody should call it a transaction. */
function mergeInto({ device, user }: FileContext, text: string): string {
  const apply = device.beginApply("copy", user);
  const lines = text.split(/\r?\n/);
  const complaints: string[] = [];
  let path: string[] = [];
  let number = 0;
  for (let at = 0; at < lines.length; at += 1) {
    const line = (lines[at] ?? "").trim();
    if (line === "" || line.startsWith("!")) continue;
    if (line === "end") break;
    if (line === "exit") {
      path = path.slice(0, -1);
      continue;
    }
    number += 1;
    const fault = device.faults.forLine(line, number);
    let result = fault ? undefined : device.edit(path, line, user, { confirmed: true });
    if (result?.kind === "needs-body") {
      const { isLast } = result;
      const length = lines.slice(at + 1).findIndex((next) => isLast(next)) + 1;
      result = device.edit(path, line, user, { confirmed: true, body: lines.slice(at + 1, at + 1 + length) });
      at += length;
    }
    if (result?.kind === "ok") {
      path = result.path;
      apply.lines.push(line);
      device.afterEdit();
    } else {
      complaints.push(
        result?.kind === "refused"
          ? `${result.message}\n`
          : (fault?.message ?? `${line}\n^\n% Invalid input detected at '^' marker.\n`),
      );
    }
  }
  device.afterApply();
  return complaints.map((complaint) => `${complaint}\n`).join("");
}

const PUTS = /^puts\s+(?:-nonewline\s+)?\[\s*open\s+"([^"]+)"\s+(w\+?|a\+?)\s*\]\s+\{/;

/** Enough Tcl for `puts [open "flash:x" w+] {…}` and nothing else. */
export async function tclShell(context: FileContext): Promise<void> {
  const { device, term } = context;
  for (;;) {
    const first = await term.readLine({ prompt: `${device.hostname}(tcl)#` });
    if (first.kind === "cancel" || first.kind === "help" || first.kind === "end") continue;
    const command = first.text.trim();
    if (command === "") continue;
    if (/^(?:tclquit|exit|quit)$/.test(command)) return;
    const found = PUTS.exec(command);
    if (!found) {
      await term.write(`invalid command name "${command.split(" ")[0]}"\n`);
      continue;
    }
    const text = await tclBraces(term, command.slice(found[0].length));
    if (text === undefined) continue;
    const name = found[1] ?? "";
    const before = found[2]?.startsWith("a") ? (device.files.get(fileKey(name))?.text ?? "") : "";
    device.writeFile(name, `${before}${text}\n`);
  }
}

/** Reads on until the braces balance. Ctrl-C, which is what a pasted banner delimiter is, throws everything away. */
async function tclBraces(term: Terminal, start: string): Promise<string | undefined> {
  let text = start;
  for (;;) {
    let depth = 1;
    for (let at = 0; at < text.length; at += 1) {
      if (text[at] === "\\") at += 1;
      else if (text[at] === "{") depth += 1;
      else if (text[at] === "}") depth -= 1;
      if (depth === 0) return text.slice(0, at);
    }
    const next = await term.readLine({ prompt: "+>" });
    switch (next.kind) {
      case "cancel":
        return undefined;
      case "line":
      case "end":
      case "help":
        text += `\n${next.text}`;
        break;
      default:
        next satisfies never;
    }
  }
}
