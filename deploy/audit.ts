/**
 * The dependency gate. What the lockfile and package.json say is always checked, offline; known vulnerabilities are asked
 * of the registry. A registry without an advisories endpoint does not fail the gate unless FARHAND_AUDIT=required.
 */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { licenceAllowed } from "./licences.ts";

const Names = z.record(z.string(), z.string()).default({});

const Manifest = z.object({
  dependencies: Names,
  devDependencies: Names,
  optionalDependencies: Names,
  allowScripts: z.record(z.string(), z.boolean()).default({}),
});
type Manifest = z.output<typeof Manifest>;

const LockedPackage = z.object({
  version: z.string().optional(),
  resolved: z.string().optional(),
  integrity: z.string().optional(),
  license: z.string().optional(),
  optionalDependencies: Names,
  hasInstallScript: z.boolean().default(false),
  dev: z.boolean().default(false),
  link: z.boolean().default(false),
});

const Lockfile = z.object({
  lockfileVersion: z.number(),
  packages: z.record(z.string(), LockedPackage.extend({ dependencies: Names, devDependencies: Names })),
});
type Lockfile = z.output<typeof Lockfile>;

const registry = "https://registry.npmjs.org/";
const exactVersion = /^\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?$/;
const strongHash = /^sha512-[A-Za-z0-9+/]{86}==$/;

const nameIn = (path: string): string => path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length);

function inexactVersions(manifest: Manifest): string[] {
  const wanted = { ...manifest.dependencies, ...manifest.devDependencies, ...manifest.optionalDependencies };
  return Object.entries(wanted)
    .filter(([, version]) => !exactVersion.test(version))
    .map(([name, version]) => `package.json: ${name} ${version}: not an exact version`);
}

function outOfStep(manifest: Manifest, lock: Lockfile): string[] {
  const root = lock.packages[""];
  const locked = { ...root?.dependencies, ...root?.devDependencies };
  const wanted = { ...manifest.dependencies, ...manifest.devDependencies };
  return [...new Set([...Object.keys(locked), ...Object.keys(wanted)])]
    .filter((name) => locked[name] !== wanted[name])
    .map(
      (name) => `${name}: package.json says ${wanted[name] ?? "nothing"}, the lockfile ${locked[name] ?? "nothing"}`,
    );
}

function origins(path: string, entry: z.output<typeof LockedPackage>): string[] {
  const label = `${nameIn(path)} ${entry.version ?? ""}`.trim();
  if (entry.link) return [`${label}: a link to a folder, not a package from the registry`];
  const problems: string[] = [];
  // npm leaves `resolved` out where it is the registry's own address for that name and version.
  if (entry.resolved !== undefined && !entry.resolved.startsWith(registry)) {
    problems.push(`${label}: comes from ${entry.resolved}, not from the registry`);
  }
  if (!strongHash.test(entry.integrity ?? "")) problems.push(`${label}: no SHA-512 integrity in the lockfile`);
  return problems;
}

/** npm drops an optional package that a registry lacks from the lockfile without a word, and `npm ci` then refuses. */
function leftOut(lock: Lockfile): string[] {
  const locked = new Set(Object.keys(lock.packages).map(nameIn));
  return Object.entries(lock.packages).flatMap(([path, entry]) =>
    Object.keys(entry.optionalDependencies)
      .filter((name) => !locked.has(name))
      .map((name) => `${name}: is wanted by ${nameIn(path)} on some machines and is not in the lockfile`),
  );
}

function scripts(manifest: Manifest, lock: Lockfile): string[] {
  const withScripts = Object.entries(lock.packages)
    .filter(([path, entry]) => path !== "" && entry.hasInstallScript)
    .map(([path]) => nameIn(path));
  const undecided = withScripts.filter((name) => manifest.allowScripts[name] === undefined);
  const stale = Object.keys(manifest.allowScripts).filter((name) => !withScripts.includes(name));
  return [
    ...undecided.map((name) => `${name}: has an install script that allowScripts in package.json does not decide on`),
    ...stale.map((name) => `${name}: is in allowScripts and has no install script`),
  ];
}

export type LicenceOf = (path: string) => string | undefined;

/** Every problem that the two files show by themselves. `licenceOf` answers where the lockfile holds no licence. */
export function checkLocked(manifestDocument: unknown, lockDocument: unknown, licenceOf: LicenceOf): string[] {
  const manifest = Manifest.parse(manifestDocument);
  const lock = Lockfile.parse(lockDocument);
  const packages = Object.entries(lock.packages).filter(([path]) => path !== "");
  const licences = packages
    .filter(([, entry]) => !entry.dev)
    .map(([path, entry]) => ({ path, licence: entry.license ?? licenceOf(path) }))
    .filter(({ licence }) => licence === undefined || !licenceAllowed(licence))
    .map(({ path, licence }) => `${nameIn(path)}: licence ${licence ?? "unknown"} is not in the allow-list`);
  return [
    ...(lock.lockfileVersion === 3 ? [] : [`the lockfile has version ${lock.lockfileVersion}, not 3`]),
    ...inexactVersions(manifest),
    ...outOfStep(manifest, lock),
    ...packages.flatMap(([path, entry]) => origins(path, entry)),
    ...leftOut(lock),
    ...scripts(manifest, lock),
    ...licences,
  ];
}

export type Advisories =
  | { answered: true; problems: string[] }
  /** The registry said nothing about vulnerabilities; `reason` is its answer or the network's. */
  | { answered: false; reason: string };

const AuditReport = z.object({
  vulnerabilities: z.record(z.string(), z.object({ severity: z.string(), range: z.string().default("") })),
  metadata: z.object({ vulnerabilities: z.record(z.string(), z.number()) }),
});
const AuditRefusal = z.object({ message: z.string() });

/** Reads what `npm audit --json` printed. Anything but a whole report counts as no answer. */
export function readAdvisories(printed: string): Advisories {
  let document: unknown;
  try {
    document = JSON.parse(printed);
  } catch {
    return { answered: false, reason: "npm audit printed no JSON" };
  }
  const report = AuditReport.safeParse(document);
  if (report.success) {
    const problems = Object.entries(report.data.vulnerabilities)
      .filter(([, { severity }]) => severity === "high" || severity === "critical")
      .map(([name, { severity, range }]) => `${name} ${range}: ${severity} vulnerability known`);
    return { answered: true, problems };
  }
  const refusal = AuditRefusal.safeParse(document);
  return { answered: false, reason: refusal.success ? refusal.data.message : "npm audit printed no report" };
}

/** What the gate says and whether it lets pass. */
export function verdict(
  local: string[],
  advisories: Advisories,
  required: boolean,
): { passed: boolean; lines: string[] } {
  if (advisories.answered) {
    const lines = [...local, ...advisories.problems];
    return { passed: lines.length === 0, lines: [...lines, "advisories: answered by the registry"] };
  }
  const unanswered = `advisories: not answered by this registry; not checked (${advisories.reason})`;
  const demanded = required ? ["FARHAND_AUDIT=required: an answer about advisories is needed"] : [];
  return { passed: local.length === 0 && !required, lines: [...local, unanswered, ...demanded] };
}

const OldLicence = z.object({
  license: z.string().optional(),
  licenses: z.array(z.object({ type: z.string() })).optional(),
});

/** Old packages list their licences in a form that npm does not copy into the lockfile. */
function installedLicence(root: string): LicenceOf {
  return (path) => {
    const manifest = join(root, path, "package.json");
    if (!existsSync(manifest)) return undefined;
    const { license, licenses } = OldLicence.parse(JSON.parse(readFileSync(manifest, "utf8")));
    return license ?? licenses?.map(({ type }) => type).join(" OR ");
  };
}

function askRegistry(root: string): Advisories {
  const arguments_ = ["audit", "--audit-level=high", "--json", "--fetch-retries=0", "--fetch-timeout=15000"];
  const asked = spawnSync("npm", arguments_, { cwd: root, encoding: "utf8", timeout: 30_000 });
  if (asked.error) return { answered: false, reason: asked.error.message };
  return readAdvisories(asked.stdout);
}

if (import.meta.main) {
  const root = join(import.meta.dirname, "..");
  const read = (name: string): unknown => JSON.parse(readFileSync(join(root, name), "utf8"));
  const local = checkLocked(read("package.json"), read("package-lock.json"), installedLicence(root));
  const { passed, lines } = verdict(local, askRegistry(root), process.env["FARHAND_AUDIT"] === "required");
  for (const line of lines) console.log(line);
  process.exitCode = passed ? 0 : 1;
}
