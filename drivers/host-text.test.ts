import { readFileSync } from "node:fs";
import fc from "fast-check";
import { parse as parseYaml } from "yaml";
import { describe, expect, test } from "vitest";
import { DeviceId } from "../shared/ids.ts";
import { errorCode } from "../shared/errors.ts";
import { hostText } from "./host-text.ts";
import { parseDiff, type DiffEntry } from "./model/diff.ts";
import { lintPattern } from "./model/pattern-lint.ts";
import { diffHosts } from "./model/files/diff.ts";
import { type Host, type HostFile, parseHost, printHost } from "./model/files/host.ts";
import { HostPlatformFile } from "./model/files/schema.ts";

const file = HostPlatformFile.parse(
  parseYaml(readFileSync(new URL("./platforms/linux.yaml", import.meta.url), "utf8")),
);
const model = hostText(file);
const device = DeviceId.parse("edge-1");
const tagger = {
  keyGeneration: 1,
  tag: (_device: DeviceId, shown: string) =>
    [...Array(16).keys()]
      .map(
        (at) =>
          "abcdefghijklmnopqrstuvwxyz234567"[
            (shown.length * 7 + at * (shown.codePointAt(at % shown.length) ?? 1)) % 32
          ],
      )
      .join(""),
};
const predict = (before: string, text: string, over: object = {}) =>
  model.predict({ device, mode: "merge", text, before: model.configuration(device, before, tagger), tagger, ...over });
const refusal = (before: string, text: string, over: object = {}): unknown => {
  try {
    predict(before, text, over);
    return "planned";
  } catch (error) {
    return errorCode(error);
  }
};

const LIVE = `file /etc/chrony/chrony.conf 0644 root:root
 |pool 192.0.2.1
file /etc/cron.d/job 0644 root:root
 |API_KEY=hunter2hunter2
 |17 3 * * * root true
file /etc/hosts 0644 root:root
 |127.0.0.1 localhost
 |10.0.0.1 edge-1
link /etc/resolv.conf ../run/resolv.conf
file /etc/ssh/sshd_config 0600 root:root
 |Port 22
service chrony enabled active
service ssh enabled active
`;

const anyLine = fc.stringMatching(/^[ -~\t]{0,20}$/);
const anyFile = (path: string): fc.Arbitrary<HostFile> =>
  fc
    .record({
      mode: fc.constantFrom("0644", "0600"),
      owner: fc.constantFrom("root:root", "daemon:mail"),
      lines: fc.array(fc.oneof(anyLine, fc.constantFrom("a", "b", "", "|x", "file /etc/hosts 0644 root:root")), {
        maxLength: 30,
      }),
      ended: fc.boolean(),
    })
    .map((parts) => ({ kind: "file", path, ...parts, ended: parts.ended || parts.lines.length === 0 }));
const anyHost: fc.Arbitrary<Host> = fc
  .record({
    files: fc.tuple(
      ...["/etc/hosts", "/etc/motd", "/etc/cron.d/x"].map((path) => fc.option(anyFile(path), { nil: undefined })),
    ),
    active: fc.constantFrom("active", "inactive"),
  })
  .map(({ files, active }) => ({
    files: new Map(files.flatMap((one) => (one ? [[one.path, one] as const] : []))),
    foreign: new Map(),
    services: new Map([["ssh", { name: "ssh", enabled: "enabled", active }]]),
  }));

/** What follows from the old host and the diff alone, by the numbers of the lines. */
function applied(before: Host, entries: readonly DiffEntry[]): Host {
  const files = new Map(before.files);
  const services = new Map(before.services);
  for (const { op, path, line } of entries) {
    if (path.length > 0) continue;
    const [kind, name = "", third = "", fourth = ""] = line.split(" ");
    if (kind === "service") services.set(name, { name, enabled: third, active: fourth });
    else if (op === "add")
      files.set(name, {
        ...(files.get(name) ?? { lines: [], ended: true }),
        kind: "file",
        path: name,
        mode: third,
        owner: fourth,
      });
    else if (
      !entries.some((other) => other.op === "add" && other.path.length === 0 && other.line.startsWith(`file ${name} `))
    )
      files.delete(name);
  }
  for (const [path, one] of files) {
    const mine = entries.filter((entry) => entry.path[0] === `file ${path}`);
    const numbered = (op: string) =>
      mine
        .filter((entry) => entry.op === op && entry.line !== "\\")
        .map(({ line }) => [Number(line.slice(0, line.indexOf("|"))), line.slice(line.indexOf("|") + 1)] as const);
    const gone = new Set(numbered("remove").map(([at]) => at));
    const lines = one.lines.filter((_, at) => !gone.has(at + 1));
    for (const [at, line] of numbered("add")) lines.splice(at - 1, 0, line);
    const marks = mine.filter(({ line }) => line === "\\");
    files.set(path, {
      ...one,
      lines,
      ended: marks.some(({ op }) => op === "add") ? false : marks.length > 0 ? true : one.ended,
    });
  }
  return { files, foreign: before.foreign, services };
}

describe("a host as a text", () => {
  test("is printed and read as itself, whatever the files hold", () => {
    fc.assert(
      fc.property(anyHost, (host) => {
        expect(printHost(parseHost(printHost(host)))).toBe(printHost(host));
        expect(parseHost(printHost(host)).files).toEqual(host.files);
      }),
      { numRuns: 500 },
    );
  });

  test("a text that is cut off, or that is none, is refused", () => {
    for (const text of ["nonsense\n", " |x\n", "file /etc/hosts\n", "file ../x 0644 root:root\n", `${LIVE}\n \\\n`])
      expect(() => parseHost(text), text).toThrow();
  });
});

describe("the diff", () => {
  test("the new host follows from the old one and the diff", () => {
    fc.assert(
      fc.property(anyHost, anyHost, (before, after) => {
        const entries = diffHosts(before, after);
        expect(printHost(applied(before, entries))).toBe(printHost(after));
        if (printHost(before) === printHost(after)) expect(entries).toEqual([]);
        else expect(entries).not.toEqual([]);
      }),
      { numRuns: 1_000 },
    );
  });

  test("one line of a long file is one line of the diff", () => {
    const lines = Array.from({ length: 5_000 }, (_, at) => ` |line ${at}`);
    const before = `file /etc/hosts 0644 root:root\n${lines.join("\n")}\n`;
    const after = before.replace("line 2500\n", "line 2500 changed\n");
    expect(parseDiff(model.diff(before, after))).toEqual([
      { op: "remove", path: ["file /etc/hosts"], line: "2501|line 2500" },
      { op: "add", path: ["file /etc/hosts"], line: "2501|line 2500 changed" },
    ]);
  });

  test("more changes than are worth a search count as all replaced, and are exact all the same", () => {
    const text = (word: string): string =>
      `file /etc/hosts 0644 root:root\n${Array.from({ length: 3_000 }, (_, at) => ` |${word} ${at}`).join("\n")}\n`;
    const entries = parseDiff(model.diff(text("old"), text("new")));
    expect(entries).toHaveLength(6_000);
    expect(printHost(applied(parseHost(text("old")), entries))).toBe(text("new"));
  });
});

describe("what a text would do", () => {
  test("a named file is replaced whole, the others stay; tests, files, and what takes them up, in that order", () => {
    const { diff, commands, touchesManagement, destructive } = predict(
      LIVE,
      "file /etc/chrony/chrony.conf\n |pool 192.0.2.2\n",
    );
    expect(parseDiff(diff)).toEqual([
      { op: "remove", path: ["file /etc/chrony/chrony.conf"], line: "1|pool 192.0.2.1" },
      { op: "add", path: ["file /etc/chrony/chrony.conf"], line: "1|pool 192.0.2.2" },
    ]);
    expect(JSON.parse(commands)).toEqual([
      "test chronyd -p -f /etc/chrony/chrony.conf",
      "file /etc/chrony/chrony.conf 0644 root:root\n |pool 192.0.2.2",
      "restart chrony",
    ]);
    expect([touchesManagement, destructive]).toEqual([false, false]);
    expect(JSON.parse(predict(LIVE, "file /etc/hosts\n |127.0.0.1 localhost\n |10.0.0.1 edge-1\n").commands)).toEqual(
      [],
    );
  });

  test("the management path is told: sshd, the network, its services, and whatever names its address", () => {
    expect(predict(LIVE, "file /etc/ssh/sshd_config\n |Port 2222\n").touchesManagement).toBe(true);
    expect(predict(LIVE, "service ssh enabled inactive\n").touchesManagement).toBe(true);
    expect(predict(LIVE, "file /etc/motd\n |hello\n").touchesManagement).toBe(false);
    expect(predict(LIVE, "file /etc/motd\n |10.9.8.7\n", { managementAddress: "10.9.8.7" }).touchesManagement).toBe(
      true,
    );
  });

  test("what takes away a way in is destructive, in the text, in the commands and in the diff alike", () => {
    expect(predict(LIVE, "no file /etc/ssh/sshd_config\n").destructive).toBe(true);
    expect(predict(LIVE, "service ssh disabled active\n").destructive).toBe(true);
    expect(model.isDestructive("file /etc/ssh/sshd_config 0600 root:root", "removed")).toBe(true);
    expect(predict(LIVE, "no file /etc/cron.d/job\n").destructive).toBe(false);
    expect(predict(LIVE, "file /etc/motd\n |no file /etc/ssh/sshd_config\n").destructive).toBe(false);
  });

  test("a whole text removes what it does not name, and must name what cannot be written", () => {
    const whole = LIVE.replace(/file \/etc\/cron.d\/job[^]*?(?=file \/etc\/hosts)/v, "");
    expect(JSON.parse(predict(LIVE, whole, { mode: "replace" }).commands)).toEqual(["no file /etc/cron.d/job"]);
    expect(refusal(LIVE, whole.replace(/link.*\n/v, ""), { mode: "replace" })).toBe("TEXT_REFUSED");
    expect(refusal(LIVE, "service ssh enabled active\n", { mode: "replace" })).toBe("TEXT_REFUSED");
  });

  test.each([
    ["a path that is not named", "file /etc/shadow\n |x\n"],
    ["a way out of the folder", "file /etc/cron.d/../shadow\n |x\n"],
    ["a name that hides", "file /etc/cron.d/.x\n |x\n"],
    ["a name of our own", "file /etc/cron.d/farhand-undo-0\n |x\n"],
    ["a link", "file /etc/resolv.conf\n |x\n"],
    ["a file for everybody", "file /etc/motd 0666 root:root\n |x\n"],
    ["a setuid bit", "file /etc/motd 4755 root:root\n |x\n"],
    ["an owner that is none", "file /etc/motd 0644 root:$(id)\n |x\n"],
    ["the same file twice", "file /etc/motd\n |x\nfile /etc/motd\n |y\n"],
    ["a control character", "file /etc/motd\n |x\u001b[2J\n"],
    ["a character that hides", "file /etc/motd\n |x\u202ey\n"],
    ["what was not rendered", "file /etc/motd\n |{{ name }}\n"],
    ["a mark that is none", "file /etc/motd\n |‹secret:x›\n"],
    ["a secret where it would show", 'file /etc/motd\n |‹secret("x")›\n'],
    ["a service that is not named", "service docker enabled active\n"],
    ["a service that is not there", "service rsyslog enabled active\n"],
    ["a state that is none", "service ssh enabled failed\n"],
    ["a line of no file", " |x\n"],
    ["a file that is not there", "no file /etc/motd\n"],
    ["a word that is none", "reload ssh\n"],
    ["a file beyond its cap", `file /etc/motd\n |${"x".repeat(300_000)}\n`],
  ])("refuses %s", (_what, text) => expect(refusal(LIVE, text)).toBe("TEXT_REFUSED"));
});

describe("secrets", () => {
  test("are hidden in the public form, kept by their tags, and put in only where they are hidden", () => {
    const { publicText } = model.publicForm(device, LIVE, tagger);
    expect(publicText).not.toContain("hunter2");
    const token = /‹secret:\w+›/v.exec(publicText)?.[0] ?? "";
    const kept = predict(LIVE, `file /etc/cron.d/job\n |API_KEY=${token}\n |18 4 * * * root true\n`);
    expect(kept.diff + kept.commands).not.toContain("hunter2");
    expect(kept.render(() => undefined)[0]).toContain(" |API_KEY=hunter2hunter2\n");
    expect(refusal(LIVE, `file /etc/cron.d/other\n |API_KEY=${token}\n`)).toBe("SECRET_KEEP");
    const named = predict(LIVE, 'file /etc/cron.d/job\n |API_KEY=‹secret("job/key")›\n');
    expect(named.render(() => "fresh-value")[0]).toContain(" |API_KEY=fresh-value");
    expect(() => named.render(() => undefined)).toThrow();
    expect(() => named.render(() => "two\nlines")).toThrow();
    const shown = model.publicForm(
      device,
      LIVE.replace(/ \|API_KEY[^]*?true\n/v, " |API_KEY=fresh-value\n"),
      tagger,
    ).publicText;
    const before = model.publicForm(device, LIVE, tagger).publicText;
    expect(model.sameDiff(named.diff, model.diff(before, shown))).toBe(true);
    expect(model.sameDiff(named.diff, model.diff(before, shown.replace("API_KEY=", "API_KEYS=")))).toBe(false);
  });

  test("one that is written out is told, and never shown", () => {
    const { warnings, diff, commands } = predict(LIVE, "file /etc/cron.d/job\n |DB_PASSWORD=in-the-clear\n");
    expect(warnings.map(({ code }) => code)).toEqual(["INLINE_SECRET"]);
    expect(diff + commands).not.toContain("in-the-clear");
  });

  test.each([
    ["/etc/netplan/a.yaml", '      password: "wifi secret"', "wifi secret"],
    ["/etc/network/interfaces.d/wlan", "  wpa-psk topsecret", "topsecret"],
    ["/etc/systemd/network/wg.netdev", "PrivateKey=aGVsbG8gd29ybGQgc2VjcmV0IGtleSEhISEhISEhISE=", "aGVsbG8"],
    ["/etc/snmp/snmpd.conf", "rocommunity pub1icSecret 10.0.0.0/8", "pub1icSecret"],
    ["/etc/snmp/snmpd.conf", "createUser farhand SHA authauthauth AES privprivpriv", "privprivpriv"],
    ["/etc/rsyslog.d/x.conf", "$Target https://user:pa55word@host/", "pa55word"],
    ["/etc/cron.d/x", "0 3 * * * root curl -H 'Authorization: Bearer abcdefgh' https://h", "abcdefgh"],
    ["/etc/cron.d/x", "0 3 * * * root backup --password=opensesame", "opensesame"],
  ])("of %s: %s", (path, line, secret) => {
    expect(model.publicForm(device, `file ${path} 0600 root:root\n |${line}\n`, tagger).publicText).not.toContain(
      secret,
    );
    expect(model.lineRedactor(device, tagger, [])(line)).not.toContain(secret);
  });

  test("the lines of a private key are hidden one by one, in files and in transcripts", () => {
    const key = [
      "-----BEGIN OPENSSH PRIVATE KEY-----",
      "b3BlbnNzaC1rZXk",
      "c2Vjb25kbGluZQ",
      "-----END OPENSSH PRIVATE KEY-----",
    ];
    const { publicText } = model.publicForm(
      device,
      `file /etc/motd 0644 root:root\n${key.map((line) => ` |${line}`).join("\n")}\n`,
      tagger,
    );
    expect(publicText).not.toMatch(/b3Blb|c2Vjb/v);
    const redact = model.lineRedactor(device, tagger, []);
    expect(key.map((line) => redact(line)).join("\n")).not.toMatch(/b3Blb|c2Vjb/v);
  });

  test("what a snapshot holds is no token of ours: a mark in it is refused", () => {
    const forged = LIVE.replace("Port 22", '‹secret("vault/root")›');
    expect(refusal(LIVE, forged, { mode: "replace", source: "sealed" })).toBe("TEXT_REFUSED");
    expect(refusal(LIVE, LIVE, { mode: "replace", source: "sealed" })).toBe("planned");
    expect(model.notRestorable(device, LIVE, tagger)).toBeNull();
    expect(
      model.notRestorable(device, `${LIVE}binary /etc/issue 0644 root:root sha256:${"a".repeat(64)}\n`, tagger),
    ).toContain("/etc/issue");
  });
});

test("the platform file has only patterns that stay linear", () => {
  const patterns = [
    ...file.redact.flatMap((rule) => (typeof rule === "string" ? [rule] : [rule.under, rule.pattern])),
    ...file.reads.map(({ words }) => words),
    ...file.destructive,
    ...file.noSerial,
  ];
  for (const source of patterns) expect([source, lintPattern(source)]).toEqual([source, undefined]);
});
