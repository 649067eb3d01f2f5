/** What keeps the house in order beyond its arrows: where things stand, how long a file may grow, what is never written. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { filesUnder, folders, isSource } from "./files.ts";

export interface Untidy {
  file: string;
  line?: number;
  why: string;
}

const topLevelFiles = new Set([
  ".editorconfig",
  ".gitattributes",
  ".gitignore",
  ".npmrc",
  ".oxfmtrc.json",
  ".oxlintrc.json",
  "CHANGELOG.md",
  "LICENSE",
  "README.md",
  "package-lock.json",
  "package.json",
  "tsconfig.json",
  "vitest.config.ts",
]);
const topLevelFolders = new Set<string>([...folders, ".ci"]);

export const longestFile = 500;

/** Files that may be longer than `longestFile`, each with its reason. */
const mayBeLonger: Record<string, string> = {};

interface Banned {
  pattern: RegExp;
  why: string;
  /** Where it may stand, each for a reason. */
  except?: RegExp;
  /** Only in files whose path matches. */
  only?: RegExp;
}

const banned: Banned[] = [
  { pattern: /rejectUnauthorized["']?\s*[:=]\s*(false|!1|0)\b/, why: "every hop is verified" },
  {
    pattern: /NODE_TLS_REJECT_UNAUTHORIZED/,
    why: "only the refusal to start under it may name it",
    except: /(^|\/)refuse-[a-z-]+(\.test)?\.ts$|\.md$|^test\//,
  },
  {
    pattern: /StrictHostKeyChecking[=\s"',]+no\b|UserKnownHostsFile[=\s"',]+\/dev\/null/i,
    why: "host keys are pinned, in tests too",
  },
  { pattern: /\b(it|test|describe|bench|suite)(\.\w+)*\.only\b/, why: "a test left alone hides the others" },
  { pattern: /\b(FIXME|TODO|XXX|HACK)\b/, why: "left over; an issue holds what is to be done" },
  {
    pattern: /-----BEGIN ([A-Z0-9]+ )*PRIVATE KEY-----(\s*$|(\\n)+[\w+/]{16})/,
    why: "keys are made at run time, never committed",
  },
  { pattern: /@ts-(ignore|nocheck)|@ts-expect-error(?!\s*:?\s*\S)/, why: "silences the compiler without a reason" },
  { pattern: /(ox|es)lint-disable/, only: /^(agent|hub)\/core\//, why: "the rules of a core have no exception" },
];

/** The rules and their own proof have to write down what they forbid. */
const holdsTheRules = /^test\/house\/(tidy|lint)(\.test)?\.ts$/;

const isText = (path: string): boolean =>
  isSource(path) || /\.(js|mjs|json|jsonc|ya?ml|sh|service|md|html|css|sql|toml|conf|txt|pem|key)$/.test(path);

/** `entries` are the names that are committed, or would be, at the top. */
export function misplaced(entries: { name: string; isFolder: boolean }[]): Untidy[] {
  return entries
    .filter(({ name, isFolder }) => !(isFolder ? topLevelFolders : topLevelFiles).has(name))
    .map(({ name }) => ({ file: name, why: "nobody expects it at the top level (test/house/tidy.ts has the list)" }));
}

export function withoutCharter(root: string): Untidy[] {
  return folders
    .filter((folder) => existsSync(join(root, folder)) && !existsSync(join(root, folder, "README.md")))
    .map((folder) => ({ file: `${folder}/README.md`, why: "each top-level folder says what lives in it" }));
}

function lengthOf(path: string, lines: number): Untidy[] {
  if (!isSource(path) || lines <= longestFile || path in mayBeLonger) return [];
  return [{ file: path, why: `${lines} lines; a file holds one idea, in at most ${longestFile}` }];
}

function bannedIn(path: string, lines: string[]): Untidy[] {
  if (holdsTheRules.test(path)) return [];
  const rules = banned.filter((rule) => !rule.except?.test(path) && (rule.only?.test(path) ?? true));
  return lines.flatMap((text, index) =>
    rules
      .filter((rule) => rule.pattern.test(text))
      .map((rule) => ({ file: path, line: index + 1, why: `${text.trim().slice(0, 80)}: ${rule.why}` })),
  );
}

export function untidyFiles(root: string): Untidy[] {
  return filesUnder(root)
    .filter((path) => isText(path) && path !== "package-lock.json")
    .flatMap((path) => {
      const lines = readFileSync(join(root, path), "utf8").replace(/\n$/, "").split("\n");
      return [...lengthOf(path, lines.length), ...bannedIn(path, lines)];
    });
}

export function printed({ file, line, why }: Untidy): string {
  return line === undefined ? `${file}: ${why}` : `${file}:${line}: ${why}`;
}
