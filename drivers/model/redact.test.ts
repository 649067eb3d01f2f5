import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { device, loadLanguage, tagger } from "./fixtures/platform.ts";
import { FRR_SECRETS, IOS_SECRETS } from "./fixtures/secrets.ts";
import { normalise } from "./normalise.ts";
import { publicForm } from "./public-form.ts";
import { redactStream } from "./redact-stream.ts";
import { scan } from "./lines.ts";
import { print, parse } from "./tree.ts";

const ios = loadLanguage("cisco_iosxe");
const frr = loadLanguage("frr_linux");
const publicText = (raw: string): string => publicForm(ios, device, raw, tagger).publicText;

describe("the normalised form", () => {
  test("is the same for two reads that differ in volatile lines and blanks only", () => {
    const read = (bytes: number, at: string, end: string): string =>
      `Building configuration...${end}${end}Current configuration : ${bytes} bytes${end}!${end}! Last configuration change at ${at} by bob${end}!${end}hostname r1${end}ntp clock-period ${bytes}${end}end${end}${end}`;
    expect(normalise(ios, read(12, "09:37:40 CEST", "\r\n"))).toBe(normalise(ios, read(13, "10:00:00 CEST", " \n")));
    expect(normalise(ios, read(12, "1", "\n"))).toBe("!\n!\nhostname r1\nend\n");
  });

  test("drops a bandwidth only where it is automatic", () => {
    const tunnel = "interface Tunnel1\n tunnel mpls traffic-eng bandwidth 12\n";
    expect(normalise(ios, tunnel)).toBe(tunnel);
    expect(normalise(ios, `${tunnel} tunnel mpls traffic-eng auto-bw\n`)).toBe(
      "interface Tunnel1\n tunnel mpls traffic-eng auto-bw\n",
    );
  });

  test("keeps a banner's blanks and what looks volatile in it", () => {
    const text = "banner motd ^C\nCurrent configuration : 12 bytes  \n\n^C\n";
    expect(normalise(ios, text)).toBe(text);
  });
});

describe("one pattern before the fifty", () => {
  const words = [...IOS_SECRETS, ...FRR_SECRETS].flatMap(([line]) => line.split(" "));
  const line = fc
    .array(fc.oneof(fc.constantFrom(...words), fc.constantFrom("key", "7", "password", "//u:p@h", "no", "x")), {
      maxLength: 9,
    })
    .map((parts) => parts.join(" "));

  test.for([
    ["cisco_iosxe", ios],
    ["frr_linux", frr],
  ] as const)("matches exactly where any of them does: %s", ([, language]) => {
    const anyOf = (text: string): boolean => language.redact.some(({ pattern }) => pattern.test(text));
    let hits = 0;
    fc.assert(
      fc.property(line, (text) => {
        if (anyOf(text)) hits++;
        expect(language.mayHoldSecret.test(text)).toBe(anyOf(text));
      }),
      { numRuns: 3000 },
    );
    expect(hits).toBeGreaterThan(100);
    for (const { pattern } of language.redact) expect(pattern.source).not.toMatch(/\\k<|\\[1-9]/v);
  });
});

describe("the public form", () => {
  test("shows that a secret changed, not what it is", () => {
    const [a, b] = ["enable secret 9 $9$abc", "enable secret 9 $9$abd"].map(publicText);
    expect(a).toMatch(/^enable secret 9 ‹secret:[a-z2-7]{16}›$/mv);
    expect(a).not.toBe(b);
    expect(publicText("enable secret 9 $9$abc")).toBe(a);
  });

  test("hides the same value by the same tag wherever it stands", () => {
    const tags = publicText("tacacs-server key 7 abc123\nradius-server key 7 abc123").match(/‹.*?›/gv);
    expect(new Set(tags).size).toBe(1);
  });

  test("hides a number under a TACACS server and shows the number of a key", () => {
    expect(publicText("tacacs server T\n key 1234\nkey chain K\n key 1\n  key-string 7 abc")).toMatch(
      /^tacacs server T\n key ‹.*›\nkey chain K\n key 1\n  key-string 7 ‹.*›\n$/v,
    );
  });

  test("has a line for every line of the raw form, and parses to the same shape", () => {
    const raw = normalise(
      ios,
      `line vty 0 4\n password x\nbanner motd ^C\npassword in a banner\nsecret word^C\n${IOS_SECRETS.map(([line]) => ` ${line}`).join("\n")}\n`,
    );
    const shown = publicText(raw);
    expect(scan(ios, shown).map((line) => line.number)).toEqual(scan(ios, raw).map((line) => line.number));
    expect(publicText(shown)).toBe(shown);
  });

  test("holds no known secret, for any mix of lines and indents", () => {
    // Whether a bare number is a key or its name depends on the section.
    const cases = fc.constantFrom(...IOS_SECRETS.filter(([line]) => line !== "key 123456"));
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.constantFrom("", " ", "   ", "\t"), cases), { maxLength: 20 }), (rows) => {
        const shown = publicText(rows.map(([indent, [line]]) => indent + line).join("\n"));
        for (const [, [, values]] of rows)
          for (const value of values)
            expect(shown).not.toMatch(new RegExp(`(?<![\\w])${RegExp.escape(value)}(?![\\w])`, "v"));
        expect(print(ios, parse(ios, shown))).toBe(print(ios, parse(ios, publicText(shown))));
      }),
    );
  });
});

describe("redaction of a stream", () => {
  const SECRETS = ["hunter2-long", "päss wörd&/+", "-----BEGIN KEY-----\nMIIabcdefgh\n-----END KEY-----"];
  const chunked = (text: string, sizes: readonly number[], language = frr): string => {
    const stream = redactStream(language, device, tagger, SECRETS);
    let out = "";
    let at = 0;
    for (const size of sizes) {
      out += stream.push(text.slice(at, at + size));
      at += size;
    }
    return out + stream.push(text.slice(at)) + stream.flush();
  };

  test("finds known values raw, in base64 at every alignment, and url-encoded", () => {
    for (const secret of SECRETS.slice(0, 2)) {
      for (const before of ["", "u", "u:", "us:"]) {
        expect(chunked(`x ${Buffer.from(before + secret).toString("base64")} y`, [])).toMatch(
          /^x \S*‹secret:\w{16}›\S* y$/v,
        );
        expect(chunked(`x ${Buffer.from(`${before}${secret}!`).toString("base64url")} y`, [])).toMatch(/‹secret:/v);
      }
      expect(chunked(`GET /?p=${encodeURIComponent(secret)}`, [])).toMatch(/^GET \/\?p=‹secret:\w{16}›$/v);
      expect(chunked(`GET /?p=${encodeURIComponent(secret).toLowerCase()}`, [])).toMatch(
        /^GET \/\?p=‹secret:\w{16}›$/v,
      );
    }
    expect(chunked("MIIabcdefgh", [])).toMatch(/^‹secret/v);
  });

  test("never lets a known value through, whatever it is, in whatever form, whatever the chunks are", () => {
    const secret = fc
      .string({ unit: "binary-ascii", minLength: 4, maxLength: 40 })
      .filter((s) => /^[!-~]{4,}$/v.test(s));
    const form = fc.constantFrom<(s: string) => string>(
      (s) => s,
      (s) => encodeURIComponent(s),
      (s) => JSON.stringify(s).slice(1, -1),
      (s) => `'${s.replaceAll("'", String.raw`'\''`)}'`,
      (s) => s.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;"),
      (s) => Buffer.from(s).toString("hex"),
      (s) => Buffer.from(s).toString("base64"),
    );
    fc.assert(
      fc.property(secret, form, fc.array(fc.integer({ min: 1, max: 12 })), (value, shape, sizes) => {
        const shown = shape(value);
        const stream = redactStream(frr, device, tagger, [value]);
        const text = `~~ ${shown} ~~`;
        let out = "";
        let at = 0;
        for (const size of sizes) {
          out += stream.push(text.slice(at, at + size));
          at += size;
        }
        out += stream.push(text.slice(at)) + stream.flush();
        expect(out.replaceAll(/‹secret:\w+›/gv, "")).not.toContain(shown);
        expect(out).toContain("‹secret:");
      }),
      { numRuns: 500 },
    );
  });

  test("hides what was typed behind a prompt, in a diff, and in a log of commands", () => {
    for (const before of [
      "r1(config)# ",
      "r1(config-router)#",
      "+",
      "- ",
      "  ",
      "r1# do ",
      "%PARSER-5-CFGLOG_LOGGEDCMD: User:bob  logged command:",
      "no ",
    ]) {
      for (const [line, values] of FRR_SECRETS) {
        const out = chunked(before + line, []);
        for (const value of values) expect([before, line, out.includes(value)]).toEqual([before, line, false]);
      }
    }
  });

  test("gives the same whatever the chunks are", () => {
    const text = `show run\r\nr1# neighbor 10.0.0.1 password abcdefg\r\n x hunter2-long y ${"z".repeat(50)} hunter2-long\nlast päss wörd&/+ end`;
    const whole = chunked(text, []);
    expect(whole).not.toMatch(/hunter2|abcdefg|päss/v);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 40 })), (sizes) => {
        expect(chunked(text, sizes)).toBe(whole);
      }),
    );
  });

  test("holds little of an endless line, loses none of it, and shows no secret across any cut", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 40_000 }), fc.integer({ min: 1, max: 9000 }), (before, size) => {
        const text = `${"x ".repeat(before / 2)}hunter2-long ${"y ".repeat(22_000)}neighbor 1.1.1.1 password`;
        const stream = redactStream(frr, device, tagger, SECRETS);
        let out = "";
        let heldMax = 0;
        for (let at = 0; at < text.length; at += size) {
          out += stream.push(text.slice(at, at + size));
          heldMax = Math.max(heldMax, at + size - out.length);
        }
        out += stream.flush();
        expect(heldMax).toBeLessThan(50_000);
        expect(out.replace(/‹secret:\w+›/v, "hunter2-long")).toBe(text);
      }),
      { numRuns: 60 },
    );
  });

  test("hides a value that is longer than all that may be held", () => {
    const stream = redactStream(ios, device, tagger, []);
    let out = stream.push("username bob password ");
    for (let at = 0; at < 100; at++) out += stream.push("s3cret".repeat(200));
    out += stream.push("\nhostname r1\n") + stream.flush();
    expect(out.length).toBeLessThan(2000);
    expect(out).toMatch(/\nhostname r1\n$/v);
  });

  test("lets ordinary output through unchanged, prompts included", () => {
    const text = "interface Gi1 is up\r\n  5 minute input rate 0 bits/sec\r\n\r\nr1#";
    expect(chunked(text, [3, 9])).toBe(text);
  });
});
