import { errorCode } from "../../shared/errors.ts";
import type { StandingFile } from "../model/standing-file.ts";
import type { Facts } from "../types.ts";

type Standing = Pick<Facts, "cluster" | "contexts" | "managedBy">;

const MEMBERS_MAX = 32;
const CONTEXTS_MAX = 256;

/** Asks what the file names, each command once. `ask` throws COMMAND_REFUSED where the device does not know it. */
export async function standing(
  file: StandingFile,
  ask: (command: string) => Promise<string>,
  redacted: (text: string) => string,
): Promise<Standing> {
  const said = new Map<string, Promise<string>>();
  const answer = (command: string): Promise<string> => {
    const known = said.get(command) ?? ask(command).catch(nothing);
    said.set(command, known);
    return known;
  };
  const cluster = await clusterOf(file, answer, redacted);
  const contexts = await contextsOf(file, answer, redacted);
  const managedBy = await managerOf(file, answer);
  return {
    ...(file.cluster.length > 0 && { cluster }),
    ...(file.contexts.length > 0 && { contexts }),
    ...(file.managed.length > 0 && { managedBy }),
  };
}

function nothing(error: unknown): string {
  if (errorCode(error) === "COMMAND_REFUSED") return "";
  throw error;
}

type Ask = (command: string) => Promise<string>;

async function clusterOf(
  file: StandingFile,
  answer: Ask,
  redacted: (text: string) => string,
): Promise<NonNullable<Facts["cluster"]> | null> {
  for (const { kind, send, when, member, self, standby, synced } of file.cluster) {
    const text = await answer(send);
    if (!new RegExp(when, "mv").test(text)) continue;
    const own = new RegExp(self, "mv").exec(text)?.groups?.["role"]?.trim() ?? null;
    const members = [...text.matchAll(new RegExp(member, "gmv"))].slice(0, MEMBERS_MAX).map(({ groups }) => ({
      id: redacted(groups?.["id"]?.trim() ?? ""),
      role: redacted(groups?.["role"]?.trim() ?? ""),
      state: redacted(groups?.["state"]?.trim() ?? ""),
      serial: groups?.["serial"] === undefined ? null : redacted(groups["serial"].trim()),
    }));
    return {
      kind,
      role: own === null ? null : redacted(own),
      isStandby: own !== null && new RegExp(standby, "v").test(own),
      isSynced: new RegExp(synced, "mv").test(text),
      members,
    };
  }
  return null;
}

async function contextsOf(
  file: StandingFile,
  answer: Ask,
  redacted: (text: string) => string,
): Promise<NonNullable<Standing["contexts"]>> {
  const found: { kind: string; name: string }[] = [];
  for (const { kind, send, each } of file.contexts) {
    for (const { groups } of (await answer(send)).matchAll(new RegExp(each, "gmv"))) {
      const name = redacted(groups?.["name"] ?? "");
      if (name !== "" && found.length < CONTEXTS_MAX && !found.some((one) => one.name === name && one.kind === kind))
        found.push({ kind, name });
    }
  }
  return found;
}

async function managerOf(file: StandingFile, answer: Ask): Promise<string | null> {
  for (const { manager, send, marker } of file.managed)
    if (new RegExp(marker, "mv").test(await answer(send))) return manager;
  return null;
}
