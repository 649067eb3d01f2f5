/**
 * The arrows between folders (the design's "The house"): who may import whom.
 * `bun test/house/arrows.ts` prints each forbidden import as `file:line → target: why` and exits 1 if there is one.
 */
import { existsSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";
import { filesUnder, isSource, isTest, repositoryRoot } from "./files.ts";
import { readSource, type Source } from "./imports.ts";

export interface Violation {
  file: string;
  line: number;
  target: string;
  why: string;
}

interface Zone {
  /** Path prefixes that this zone owns. A file belongs to the first zone that owns it. */
  owns: string[];
  /** Path prefixes that it may import. */
  imports: string[];
  /** Prefixes taken out of `imports`. */
  but?: string[];
  /** A core: nothing but `imports`, no library, and nothing that reads a clock or does I/O behind them. */
  pure?: "core" | "browser";
}

/** The seam's words and what is computed from texts alone; the operator's tools see only `drivers/model/` of it. */
const pureDrivers = ["drivers/model/", "drivers/platforms/", "drivers/types.ts", "drivers/platform.ts"];
const operatorTool = ["shared/", "drivers/model/", "hub/api/client"];
const hubRoots = ["hub/main.ts", "hub/serve.ts"];

const zones: Zone[] = [
  { owns: ["shared/"], imports: ["shared/"] },
  { owns: pureDrivers, imports: ["shared/", ...pureDrivers] },
  { owns: ["drivers/"], imports: ["shared/", "drivers/"] },
  { owns: ["agent/core/"], imports: ["shared/", "agent/core/"], pure: "core" },
  { owns: ["agent/"], imports: ["shared/", "drivers/", "agent/", "package.json"] },
  { owns: ["hub/core/"], imports: ["shared/", "hub/core/"], pure: "core" },
  { owns: ["hub/api/client"], imports: ["shared/", "hub/api/client", "hub/api/contract/"] },
  { owns: ["hub/cli/"], imports: [...operatorTool, "hub/cli/"] },
  { owns: ["hub/desk/"], imports: [...operatorTool, "hub/desk/"] },
  { owns: ["hub/console/"], imports: ["shared/", "hub/api/client", "hub/console/"], pure: "browser" },
  { owns: hubRoots, imports: ["shared/", "hub/", "package.json"] },
  { owns: ["hub/"], imports: ["shared/", "hub/"], but: ["hub/cli/", "hub/desk/", "hub/console/", ...hubRoots] },
  { owns: ["simulators/"], imports: ["shared/", "simulators/"] },
  { owns: ["deploy/"], imports: ["shared/", "deploy/"] },
  { owns: ["test/", ""], imports: [""] },
];

/** The only doors to a library that accepts any host key unless it is told not to. */
const ssh2Doors = [/^drivers\/engines\/ssh\/client\.ts$/, /^simulators\/ssh\/[^/]+\.ts$/];

const startsWithOneOf = (path: string, prefixes: string[]): boolean => prefixes.some((one) => path.startsWith(one));

function zoneOf(path: string): Zone {
  const zone = zones.find((candidate) => startsWithOneOf(path, candidate.owns));
  if (!zone) throw new Error(`${path} belongs to no zone`);
  return zone;
}

const isRelative = (specifier: string): boolean => /^\.{1,2}(\/|$)/.test(specifier);
const isRuntime = (specifier: string): boolean => /^(node:|bun$|bun:)/.test(specifier);

class House {
  readonly #root: string;
  readonly #sources = new Map<string, Source>();

  constructor(root: string) {
    this.#root = root;
  }

  source(path: string): Source {
    let source = this.#sources.get(path);
    if (!source) {
      source = readSource(path, readFileSync(join(this.#root, path), "utf8"));
      this.#sources.set(path, source);
    }
    return source;
  }

  has(path: string): boolean {
    return this.#sources.has(path) || existsSync(join(this.#root, path));
  }
}

function forbiddenBecause(file: string, zone: Zone, specifier: string): { target: string; why: string } | undefined {
  if (specifier.startsWith("/") || specifier.startsWith("file:")) {
    return { target: specifier, why: "an absolute path is not part of the repository" };
  }
  if (!isRelative(specifier)) {
    if (/^ssh2(\/|$)/.test(specifier) && !ssh2Doors.some((door) => door.test(file))) {
      return { target: specifier, why: "ssh2 is imported only in drivers/engines/ssh/client.ts and simulators/ssh/" };
    }
    if (zone.pure === "core" && !isTest(file)) return { target: specifier, why: "a core imports no library" };
    if (zone.pure === "browser" && isRuntime(specifier) && !isTest(file)) {
      return { target: specifier, why: "the console runs in a browser" };
    }
    return undefined;
  }
  const target = posix.join(posix.dirname(file), specifier);
  const allowed = startsWithOneOf(target, zone.imports) && !startsWithOneOf(target, zone.but ?? []);
  if (allowed) return undefined;
  const may = zone.imports.join(", ") + (zone.but ? ` but not ${zone.but.join(", ")}` : "");
  return { target, why: `${zone.owns.join(", ")} may import ${may}` };
}

/** What a pure zone reaches at run time through shared/ must be pure too. */
function impureBehind(house: House, file: string, start: string): string | undefined {
  const seen = new Set([file]);
  const queue = [start];
  for (let path = queue.pop(); path !== undefined; path = queue.pop()) {
    if (seen.has(path) || !isSource(path) || !house.has(path)) continue;
    seen.add(path);
    const source = house.source(path);
    const use = source.impure[0];
    if (use) return `${path}:${use.line} uses ${use.what}`;
    for (const one of source.imports) {
      if (one.typeOnly || one.specifier === undefined) continue;
      if (isRuntime(one.specifier)) return `${path}:${one.line} imports ${one.specifier}`;
      if (isRelative(one.specifier)) queue.push(posix.join(posix.dirname(path), one.specifier));
    }
  }
  return undefined;
}

export function checkArrows(root: string): Violation[] {
  const house = new House(root);
  const violations: Violation[] = [];
  for (const file of filesUnder(root).filter(isSource)) {
    const zone = zoneOf(file);
    for (const one of house.source(file).imports) {
      const report = (target: string, why: string) => violations.push({ file, line: one.line, target, why });
      if (one.specifier === undefined) {
        if (!file.startsWith("test/")) report("?", "a computed import cannot be held to the arrows");
        continue;
      }
      const forbidden = forbiddenBecause(file, zone, one.specifier);
      if (forbidden) {
        report(forbidden.target, forbidden.why);
        continue;
      }
      if (zone.pure !== "core" || one.typeOnly || isTest(file) || !isRelative(one.specifier)) continue;
      const target = posix.join(posix.dirname(file), one.specifier);
      const impure = target.startsWith("shared/") ? impureBehind(house, file, target) : undefined;
      if (impure !== undefined) report(target, `a core imports only pure modules of shared/, and ${impure}`);
    }
  }
  return violations;
}

export function printed(violation: Violation): string {
  return `${violation.file}:${violation.line} → ${violation.target}: ${violation.why}`;
}

if (import.meta.main) {
  const violations = checkArrows(repositoryRoot);
  for (const violation of violations) console.log(printed(violation));
  process.exitCode = violations.length === 0 ? 0 : 1;
}
