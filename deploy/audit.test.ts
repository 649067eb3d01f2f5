import { describe, expect, it } from "vitest";
import { checkLocked, readAdvisories, verdict } from "./audit.ts";
import { licenceAllowed } from "./licences.ts";

const integrity = `sha512-${"A".repeat(86)}==`;

function manifest() {
  return {
    dependencies: { one: "1.2.3" } as Record<string, string>,
    devDependencies: { tool: "2.0.0-rc.1" } as Record<string, string>,
    allowScripts: { deep: false } as Record<string, boolean>,
  };
}

type Entry = Record<string, unknown>;

function lock(change: Record<string, Entry> = {}) {
  const packages: Record<string, Entry> = {
    "": { dependencies: { one: "1.2.3" }, devDependencies: { tool: "2.0.0-rc.1" } },
    "node_modules/one": { version: "1.2.3", integrity, license: "MIT" },
    "node_modules/one/node_modules/deep": { version: "0.1.0", integrity, license: "ISC", hasInstallScript: true },
    "node_modules/tool": { version: "2.0.0-rc.1", integrity, license: "MPL-2.0", dev: true },
  };
  for (const [path, entry] of Object.entries(change)) packages[path] = { ...packages[path], ...entry };
  return { lockfileVersion: 3, packages };
}

const unknownLicence = () => undefined;

describe("what the lockfile shows", () => {
  it("passes a lockfile that keeps every rule", () => {
    expect(checkLocked(manifest(), lock(), unknownLicence)).toEqual([]);
  });

  it.each<[string, Record<string, Entry>, string]>([
    [
      "no integrity",
      { "node_modules/one": { integrity: undefined } },
      "one 1.2.3: no SHA-512 integrity in the lockfile",
    ],
    ["SHA-1", { "node_modules/one": { integrity: "sha1-abc=" } }, "one 1.2.3: no SHA-512 integrity in the lockfile"],
    [
      "another host",
      { "node_modules/one": { resolved: "https://example.net/one.tgz" } },
      "one 1.2.3: comes from https://example.net/one.tgz, not from the registry",
    ],
    [
      "a look-alike of the registry",
      { "node_modules/one": { resolved: "https://registry.npmjs.org.example.net/one.tgz" } },
      "one 1.2.3: comes from https://registry.npmjs.org.example.net/one.tgz, not from the registry",
    ],
    [
      "git",
      { "node_modules/one": { resolved: "git+ssh://git@github.com/a/one.git#abc" } },
      "one 1.2.3: comes from git+ssh://git@github.com/a/one.git#abc, not from the registry",
    ],
    [
      "a link",
      { "node_modules/one": { link: true } },
      "one 1.2.3: a link to a folder, not a package from the registry",
    ],
    [
      "a licence",
      { "node_modules/one": { license: "GPL-3.0-only" } },
      "one: licence GPL-3.0-only is not in the allow-list",
    ],
    ["no licence", { "node_modules/one": { license: undefined } }, "one: licence unknown is not in the allow-list"],
    [
      "a new install script",
      { "node_modules/one": { hasInstallScript: true } },
      "one: has an install script that allowScripts in package.json does not decide on",
    ],
    [
      "a decision about nothing",
      { "node_modules/one/node_modules/deep": { hasInstallScript: false } },
      "deep: is in allowScripts and has no install script",
    ],
    ["two truths", { "": { dependencies: { one: "1.2.4" } } }, "one: package.json says 1.2.3, the lockfile 1.2.4"],
  ])("refuses %s", (_, change, problem) => {
    expect(checkLocked(manifest(), lock(change), unknownLicence)).toEqual([problem]);
  });

  it.each(["^1.2.3", "~1.2.3", "1.x", "latest", "*", ">=1.2.3", "git+https://example.net/one", "file:../one"])(
    "refuses the version %s",
    (version) => {
      const changed = manifest();
      changed.dependencies["one"] = version;
      const problems = checkLocked(changed, lock({ "": { dependencies: { one: version } } }), unknownLicence);
      expect(problems).toEqual([`package.json: one ${version}: not an exact version`]);
    },
  );

  it("refuses a lockfile of another version", () => {
    expect(checkLocked(manifest(), { ...lock(), lockfileVersion: 2 }, unknownLicence)).toEqual([
      "the lockfile has version 2, not 3",
    ]);
  });

  it("asks the installed package where the lockfile has no licence", () => {
    const change = { "node_modules/one": { license: undefined } };
    expect(checkLocked(manifest(), lock(change), () => "MIT")).toEqual([]);
  });
});

describe("licences", () => {
  it.each(["MIT", "(MIT OR GPL-3.0-only)", "MIT AND ISC", "(MIT AND (ISC OR GPL-2.0-only))", "0BSD"])(
    "allows %s",
    (text) => {
      expect(licenceAllowed(text)).toBe(true);
    },
  );

  it.each([
    "GPL-3.0-only",
    "MIT AND GPL-3.0-only",
    "(MIT",
    "MIT)",
    "",
    "MIT ISC",
    "OR MIT",
    "SEE LICENSE IN LICENSE.txt",
    "UNLICENSED",
    "GPL-2.0-only WITH Classpath-exception-2.0",
  ])("refuses %s", (text) => {
    expect(licenceAllowed(text)).toBe(false);
  });
});

describe("advisories", () => {
  const report = (severity: string) =>
    JSON.stringify({
      vulnerabilities: { one: { severity, range: "<1.2.4" } },
      metadata: { vulnerabilities: { [severity]: 1 } },
    });

  it.each(["high", "critical"])("refuses a %s one", (severity) => {
    const advisories = readAdvisories(report(severity));
    expect(verdict([], advisories, false)).toEqual({
      passed: false,
      lines: [`one <1.2.4: ${severity} vulnerability known`, "advisories: answered by the registry"],
    });
  });

  it("passes a moderate one", () => {
    expect(verdict([], readAdvisories(report("moderate")), true).passed).toBe(true);
  });

  it("says that a registry without the endpoint was not checked, and fails only where an answer is required", () => {
    const refused = readAdvisories(JSON.stringify({ message: "405 Method Not Allowed", statusCode: 405 }));
    expect(verdict([], refused, false)).toEqual({
      passed: true,
      lines: ["advisories: not answered by this registry; not checked (405 Method Not Allowed)"],
    });
    expect(verdict([], refused, true).passed).toBe(false);
  });

  it.each(["", "{}", "not JSON", `{"vulnerabilities":{}}`])("takes %j for no answer", (printed) => {
    expect(readAdvisories(printed).answered).toBe(false);
  });

  it("does not let an answer hide what the lockfile shows", () => {
    expect(verdict(["a problem"], readAdvisories(report("low")), false).passed).toBe(false);
  });
});
