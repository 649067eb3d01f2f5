import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { errorCode } from "../../../shared/errors.ts";
import { readConsoleFile } from "./console.ts";
import { fingerprintOf } from "./fingerprint.ts";
import { readKnownHosts } from "./known-hosts.ts";

const KEYGEN = "/usr/bin/ssh-keygen";
const A = "AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
const B = "AAAAC3NzaC1lZDI1NTE5AAAAIAEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEB";
const at = (address: string, port = 22) => ({ address, port });
const keys = (text: string, address: string, port = 22): string[] =>
  readKnownHosts(text)
    .keysOf(at(address, port))
    .map(({ publicKey }) => publicKey);

describe("a known_hosts file", () => {
  it("names hosts, several in a line, in any case, by their port where it is not 22", () => {
    const text = `# people\n\nedge-1,192.0.2.1 ssh-ed25519 ${A} ann@desk\n[192.0.2.1]:2222 ssh-ed25519 ${B}\nEDGE-2 ssh-ed25519 ${B}\n`;
    expect(keys(text, "192.0.2.1")).toEqual([A]);
    expect(keys(text, "Edge-1")).toEqual([A]);
    expect(keys(text, "edge-2")).toEqual([B]);
    expect(keys(text, "192.0.2.1", 2222)).toEqual([B]);
    expect(keys(text, "192.0.2.1", 23)).toEqual([]);
    expect(keys(text, "192.0.2.2")).toEqual([]);
  });

  it.skipIf(!existsSync(KEYGEN))(
    `is read as OpenSSH hashes it${existsSync(KEYGEN) ? "" : ` (skipped: ${KEYGEN} is not installed)`}`,
    () => {
      const folder = mkdtempSync(join(tmpdir(), "farhand-known-"));
      const file = join(folder, "known_hosts");
      writeFileSync(file, `192.0.2.1 ssh-ed25519 ${A}\n[2001:db8::1]:830 ssh-ed25519 ${B}\n`);
      expect(spawnSync(KEYGEN, ["-H", "-f", file]).status).toBe(0);
      const hashed = readFileSync(file, "utf8");
      rmSync(folder, { recursive: true });
      expect(hashed).not.toContain("192.0.2.1");
      expect(keys(hashed, "192.0.2.1")).toEqual([A]);
      expect(keys(hashed, "192.0.2.1", 830)).toEqual([]);
      expect(keys(hashed, "2001:db8::1", 830)).toEqual([B]);
      expect(readKnownHosts(hashed).notes).toEqual([]);
    },
  );

  it("revokes a key whichever host it is revoked for, and never offers it as a host's own", () => {
    const known = readKnownHosts(`@revoked * ssh-ed25519 ${A}\nedge-1 ssh-ed25519 ${B}\n`);
    expect([...known.revoked]).toEqual([fingerprintOf(A)]);
    expect(known.keysOf(at("edge-1"))).toHaveLength(1);
    expect(known.keysOf(at("*"))).toEqual([]);
  });

  it.each([
    ["a certificate authority", `@cert-authority *.example.net ssh-ed25519 ${A}`, "@cert-authority is not understood"],
    ["a pattern", `*.example.net ssh-ed25519 ${A}`, "a pattern names no one host"],
    ["an exception", `!edge-1,edge-2 ssh-ed25519 ${A}`, "a pattern names no one host"],
    ["a hash of another form", `|2|abc|def ssh-ed25519 ${A}`, "a pattern names no one host"],
    ["a type that is none of ours", `edge-1 ssh-dss ${A}`, "no host key of a known type"],
    ["a key under another type's name", `edge-1 ssh-rsa ${A}`, "no host key of a known type"],
    ["half a key", `edge-1 ssh-ed25519 ${A.slice(0, 12)}!`, "no host key of a known type"],
    ["an unknown marker", `@trusted edge-1 ssh-ed25519 ${A}`, "an unknown marker"],
    ["a revocation of nothing", "@revoked edge-1 ssh-ed25519", "@revoked without a key"],
    ["a line without end", `edge-1 ssh-ed25519 ${A} ${"x".repeat(20_000)}`, "longer than 16 KiB"],
  ])("does not use %s, and says so", (_what, line, why) => {
    const known = readKnownHosts(`${line}\n`);
    expect(known.notes).toEqual([expect.stringContaining(`line 1: ${why}`)]);
    expect(known.keysOf(at("edge-1"))).toEqual([]);
  });

  it("says of many such lines how many there are", () => {
    const { notes } = readKnownHosts(`*.example.net ssh-ed25519 ${A}\n`.repeat(50));
    expect(notes).toHaveLength(21);
    expect(notes.at(-1)).toBe("and 30 lines more");
  });
});

describe("what was read on a console", () => {
  it("is a fingerprint or a key for each line", () => {
    const lines = readConsoleFile(
      "rack.txt",
      `# rack 12\nams-r1 ${fingerprintOf(A)} # by ann\nams-r2 ssh-ed25519 ${B}\nams-r1 ${fingerprintOf(B)}\n`,
    );
    expect(lines.get("ams-r1")).toEqual([{ fingerprint: fingerprintOf(A) }, { fingerprint: fingerprintOf(B) }]);
    expect(lines.get("ams-r2")).toEqual([{ algorithm: "ssh-ed25519", publicKey: B }]);
  });

  it.each(["ams-r1", "ams-r1 MD5:00:11", "ams-r1 SHA256:short", `ams-r1 ssh-rsa ${A}`])(
    "stops at a line that is not understood: %s",
    (line) => {
      expect(() => readConsoleFile("rack.txt", `\n${line}\n`)).toThrow("rack.txt:2");
      try {
        readConsoleFile("rack.txt", line);
      } catch (error) {
        expect(errorCode(error)).toBe("USAGE");
      }
    },
  );
});
