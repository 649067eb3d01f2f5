import { diffArrays } from "diff";
import type { DiffEntry } from "../diff.ts";
import { byPath, headerOf, type Host, type HostFile, serviceLine } from "./host.ts";

/**
 * The diff of two hosts, line for line. In a file the order is the meaning, so every line tells its number: a removed one that of the old
 * file, an added one that of the new. So the new file follows from the old one and the diff. Files come in the order of their paths, then services.
 */
export function diffHosts(before: Host, after: Host): DiffEntry[] {
  const out: DiffEntry[] = [];
  const top = (op: DiffEntry["op"], line: string): void => void out.push({ op, path: [], line });
  const paths = [before.files, after.files, before.foreign, after.foreign].flatMap((map) => [...map.keys()]);
  for (const path of [...new Set(paths)].toSorted((a, b) => byPath({ path: a }, { path: b }))) {
    const [was, is] = [before.files.get(path), after.files.get(path)];
    const heads = [was && headerOf(was), is && headerOf(is)] as const;
    if (heads[0] !== heads[1]) {
      if (heads[0] !== undefined) top("remove", heads[0]);
      if (heads[1] !== undefined) top("add", heads[1]);
    }
    const [odd, isOdd] = [before.foreign.get(path)?.line, after.foreign.get(path)?.line];
    if (odd !== isOdd) {
      if (odd !== undefined) top("remove", odd);
      if (isOdd !== undefined) top("add", isOdd);
    }
    out.push(...diffFile(path, was, is));
  }
  const names = [...new Set([...before.services.keys(), ...after.services.keys()])].toSorted();
  for (const name of names) {
    const [was, is] = [before.services.get(name), after.services.get(name)];
    if (was && is && serviceLine(was) === serviceLine(is)) continue;
    if (was) top("remove", serviceLine(was));
    if (is) top("add", serviceLine(is));
  }
  return out;
}

/** Beyond this many changed lines in one file all of what differs counts as replaced: the search costs their square. */
const EDITS_MAX = 1_000;

function diffFile(path: string, was: HostFile | undefined, is: HostFile | undefined): DiffEntry[] {
  const [old, now] = [was?.lines ?? [], is?.lines ?? []];
  const out: DiffEntry[] = [];
  const entry = (op: DiffEntry["op"], line: string): void => void out.push({ op, path: [`file ${path}`], line });
  let start = 0;
  while (start < old.length && start < now.length && old[start] === now[start]) start++;
  let [oldEnd, newEnd] = [old.length, now.length];
  while (oldEnd > start && newEnd > start && old[oldEnd - 1] === now[newEnd - 1])
    [oldEnd, newEnd] = [oldEnd - 1, newEnd - 1];
  const [oldPart, newPart] = [old.slice(start, oldEnd), now.slice(start, newEnd)];
  const parts = diffArrays([...oldPart], [...newPart], { maxEditLength: EDITS_MAX }) ?? [
    { removed: true, added: false, value: oldPart },
    { removed: false, added: true, value: newPart },
  ];
  let [oldAt, newAt] = [start, start];
  for (const { removed, added, value } of parts) {
    for (const line of value) {
      if (!added) oldAt++;
      if (!removed) newAt++;
      if (removed) entry("remove", `${oldAt}|${line}`);
      else if (added) entry("add", `${newAt}|${line}`);
    }
  }
  if (was?.ended === false && is?.ended !== false) entry("remove", "\\");
  if (is?.ended === false && was?.ended !== false) entry("add", "\\");
  return out;
}
