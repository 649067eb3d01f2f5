import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { answerTo, type ReplayPlatform } from "./platforms.ts";
import { recordings } from "./recordings.ts";

export interface Named {
  readonly name: string;
  readonly text: string;
}

/** Every configuration of such a device in the corpus: what devices showed, and what people wrote for them. */
export function configurations(platform: ReplayPlatform, root: string): Named[] {
  const { batfish, napalm, hier, oxidized } = platform;
  const below = (path: string, fits: (name: string) => boolean): Named[] => {
    const folder = join(root, path);
    if (!existsSync(folder)) return [];
    return readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && fits(entry.name))
      .map((entry) => {
        const file = join(entry.parentPath, entry.name);
        return { name: file.slice(root.length + 1), text: readFileSync(file, "utf8") };
      });
  };
  const named = (folder: string | undefined, path: string, fits: (name: string) => boolean): Named[] =>
    folder === undefined ? [] : below(path, fits);
  return [
    ...named(batfish, `batfish/${batfish ?? ""}`, (name) => name !== "BUILD.bazel"),
    ...named(napalm, `napalm/${napalm ?? ""}`, (name) => /\.conf$|_config.*\.(?:txt|text|xml)$/.test(name)),
    ...named(hier, "hier_config", (name) => new RegExp(`^${hier ?? ""}_(?:running|generated)`).test(name)),
    ...named(oxidized, "oxidized", (name) => new RegExp(`^${oxidized ?? ""}__.*__output\\.txt$`).test(name)),
    ...recordings(platform, root).map(({ recording }) => ({
      name: recording.name,
      text: answerTo(recording, ...platform.shown),
    })),
  ];
}
