/** `show running-config` as eAPI's JSON has it: each line a key, its section below `cmds`. */
import type { ConfigNode } from "../config/tree.ts";
import type { EosDevice } from "../device.ts";
import type { Json, Model } from "../outcome.ts";

function commands(nodes: readonly ConfigNode[]): Model {
  return Object.fromEntries(
    nodes.map((entry): [string, Json] => [
      entry.body ? `${entry.line}\n${entry.body.join("\n")}` : entry.line,
      entry.children.length > 0 || entry.line.startsWith("interface ")
        ? { comments: [], cmds: commands(entry.children) }
        : null,
    ]),
  );
}

export function configModel(device: EosDevice, tree: readonly ConfigNode[]): Model {
  const header = device.lines(tree)[0] ?? "";
  return { header: [header], cmds: commands(tree), comments: [] };
}
