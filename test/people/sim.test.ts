// What simulators/README.md tells a newcomer to type, typed: the fleet by npm, the login by OpenSSH's own client, a change and its undo.
import { spawn } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { BUN, Child, ROOT } from "../support/child.ts";

const README = readFileSync(join(ROOT, "simulators/README.md"), "utf8");
const section = README.slice(README.indexOf("## Try one by hand"), README.indexOf("## Use"));
const [, shell = "", typed = ""] = /```sh\n([^`]+)```[^`]*(?:`[^`\n]+`[^`]*)*```text\n([^`]+)```/.exec(section) ?? [];

const SSH = "/usr/bin/ssh";
const hasSsh = existsSync(SSH);

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "farhand-sim-"));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

/** The whole session as the terminal shows it. */
function session(args: readonly string[], password: string, lines: string): Promise<string> {
  const ask = join(dir, "ask");
  writeFileSync(ask, `#!/bin/sh\necho '${password}'\n`);
  chmodSync(ask, 0o700);
  const known = join(dir, "known_hosts");
  const options = ["-tt", "-o", "StrictHostKeyChecking=accept-new", "-o", `UserKnownHostsFile=${known}`];
  const child = spawn(SSH, [...options, ...args], {
    env: { PATH: process.env["PATH"] ?? "", HOME: dir, SSH_ASKPASS: ask, SSH_ASKPASS_REQUIRE: "force", TERM: "vt100" },
    stdio: ["pipe", "pipe", "pipe"],
  });
  let shown = "";
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (chunk: Buffer) => {
      shown += chunk.toString("utf8");
    });
  // Each line once the device asks for it, as a person waits for the prompt.
  const left = lines.split("\n").filter((line) => line !== "");
  let seen = 0;
  child.stdout.on("data", () => {
    if (!/[>#] ?$/.test(shown) || shown.length === seen) return;
    seen = shown.length;
    const line = left.shift();
    if (line !== undefined) child.stdin.write(`${line}\r`);
  });
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", () => resolve(shown));
  });
}

it.skipIf(!hasSsh)(
  `devices for people: started by npm, logged in to, changed and undone${hasSsh ? "" : ": there is no OpenSSH client here"}`,
  { timeout: 60_000 },
  async () => {
    const command = shell.trim().split(/\s+/);
    expect(command.slice(0, 3)).toEqual(["npm", "run", "sim"]);
    const script = (JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as { scripts: Record<string, string> })
      .scripts["sim"];
    expect(script).toBe("bun simulators/sim.ts");
    // npm's own start is not what is tried here, and its wrapper keeps the signal from the fleet.
    const fleet = new Child({ argv: [BUN, join(ROOT, "simulators/sim.ts"), ...command.slice(4)], cwd: ROOT });
    try {
      const password = await fleet.waitFor(
        "the fleet",
        (line) => /^password (\S+); Ctrl-C stops them$/.exec(line)?.[1],
        30_000,
      );
      const devices = fleet.stdout.flatMap((line) => {
        const args = / {2}ssh (?<args>-p \d+ \S+@\S+) {2}/.exec(line)?.groups?.["args"];
        return args === undefined ? [] : [args.split(" ")];
      });
      expect(devices).toHaveLength(2);
      const shown = await session(devices[0] ?? [], password, typed);
      const answers = shown.replaceAll("\r", "").split("\n");
      const shows = answers.flatMap((line, at) => (line.includes("show running-config |") ? [at] : []));
      expect(shows, shown).toHaveLength(2);
      expect(answers[(shows[0] ?? 0) + 1], shown).toBe("ntp server 192.0.2.99");
      expect(answers.slice((shows[1] ?? 0) + 1).join("\n"), shown).not.toContain("ntp server 192.0.2.99\n");
      expect(fleet.exit).toBeUndefined();
    } finally {
      await fleet.stop();
    }
  },
);
