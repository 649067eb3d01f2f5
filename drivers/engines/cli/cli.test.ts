// The engine on a scripted device: what it types, in order, and what it makes of the answers.
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { ManualClock } from "../../../shared/clock.ts";
import { errorCode } from "../../../shared/errors.ts";
import { Secret } from "../../../shared/secret.ts";
import { readPlatform } from "../../model/platform-files.ts";
import { device, tagger } from "../../model/fixtures/platform.ts";
import { deviceText } from "../../text.ts";
import type { ByteStream } from "../ssh/stream.ts";
import { Cli, type CliOptions } from "./cli.ts";

const file = readPlatform(readFileSync(new URL("../../platforms/cisco_iosxe.yaml", import.meta.url), "utf8"));
const encoder = new TextEncoder();

/** Answers each line that is typed; `cut` says how its bytes are handed over. */
class Scripted implements ByteStream {
  readonly typed: string[] = [];
  readonly #queue: Uint8Array[] = [];
  #wake: (() => void) | undefined;
  #closed = false;
  reads = 0;
  readonly #answer: (line: string) => string;
  readonly #cut: (data: Uint8Array) => Uint8Array[];

  constructor(
    greeting: string,
    answer: (line: string) => string,
    cut: (data: Uint8Array) => Uint8Array[] = (data) => [data],
  ) {
    this.#answer = answer;
    this.#cut = cut;
    this.say(greeting);
  }

  say(text: string): void {
    this.give(encoder.encode(text));
  }

  give(data: string | Uint8Array): void {
    this.#queue.push(...this.#cut(typeof data === "string" ? encoder.encode(data) : data));
    this.#wake?.();
  }

  async read(): Promise<Uint8Array | null> {
    this.reads += 1;
    while (this.#queue.length === 0 && !this.#closed) await new Promise<void>((resolve) => (this.#wake = resolve));
    return this.#queue.shift() ?? null;
  }

  write(text: string): Promise<void> {
    this.typed.push(text);
    this.say(this.#answer(text.replace(/\r$/, "")));
    return Promise.resolve();
  }

  close(): void {
    this.#closed = true;
    this.#wake?.();
  }
}

const ORDINARY: Readonly<Record<string, string>> = {
  "": "\r\nr1#",
  "show x": "show x\r\nr1#not a prompt\r\n#\r\nother#\r\nlast\r\nr1#",
  "show y": "show y\r\none\r\n --More-- ",
  " ": "\b\b\b\b\b\b\b\b\b        \b\b\b\b\b\b\b\b\btwo\r\nr1#",
  "configure terminal": "configure terminal\r\nEnter configuration commands, one per line.\r\nr1(config)#",
  "no username old":
    "no username old\r\nThis operation will remove all username related configurations. Do you want to continue? [confirm]",
  end: "end\r\nr1#",
  bad: "bad\r\n   ^\r\n% Invalid input detected at '^' marker.\r\n\r\nr1(config)#",
  hang: "hang\r\nnothing more",
  "hostname r2": "hostname r2\r\nr2(config)#",
};
const ordinary = (line: string): string => ORDINARY[line] ?? `${line}\r\nr1#`;

function engine(
  stream: ByteStream,
  more: Partial<CliOptions> = {},
): { cli: Cli; transcript: string[]; clock: ManualClock } {
  const clock = new ManualClock();
  const transcript: string[] = [];
  const cli = new Cli({
    file,
    stream,
    clock,
    credential: { username: "u", password: new Secret("pw") },
    signal: new AbortController().signal,
    connectMs: 10_000,
    commandMs: 10_000,
    transcript: { write: (direction, text) => void transcript.push(`${direction} ${text}`) },
    redact: (line) => line,
    ...more,
  });
  return { cli, transcript, clock };
}

async function ask(cli: Cli, command: string, outputBytesMax = 1_000_000): Promise<string[]> {
  const lines: string[] = [];
  await cli.command(command, { outputBytesMax, onLines: (more) => void lines.push(...more) });
  return lines;
}

const GREETING = "\r\nUnauthorised use of gw# is forbidden #\r\nr1#";
const cuts: [string, (data: Uint8Array) => Uint8Array[]][] = [
  ["whole", (data) => [data]],
  ["byte by byte", (data) => [...data].map((byte) => Uint8Array.of(byte))],
  ...Array.from({ length: 40 }, (_, at): [string, (data: Uint8Array) => Uint8Array[]] => [
    `cut at ${at}`,
    (data) => [data.slice(0, at), data.slice(at)].filter((part) => part.length > 0),
  ]),
];

describe("the same answers however the bytes are cut", () => {
  test.each(cuts)("%s", async (_name, cut) => {
    const stream = new Scripted(GREETING, ordinary, cut);
    const { cli } = engine(stream);
    await cli.open();
    expect(cli.hostname).toBe("r1");
    expect(await ask(cli, "show y")).toEqual(["one", "two"]);
    await cli.enter("config");
    expect(cli.mode).toBe("config");
    await cli.enter("privileged");
    expect(stream.typed.slice(0, 4)).toEqual([
      "\r",
      "terminal length 0\r",
      "terminal width 511\r",
      "terminal no monitor\r",
    ]);
  });
});

describe("the engine", () => {
  test("T36: only the learned hostname at the end of the output is a prompt", async () => {
    const { cli } = engine(new Scripted(GREETING, ordinary));
    await cli.open();
    expect(await ask(cli, "show x")).toEqual(["r1#not a prompt", "#", "other#", "last"]);
  });
  test("a refused line names itself and its answer; the session stays usable", async () => {
    const { cli } = engine(new Scripted(GREETING, ordinary));
    await cli.open();
    await cli.enter("config");
    await expect(cli.configure("bad")).rejects.toThrow(/COMMAND_REFUSED.*"bad".*Invalid input/);
    expect(cli.usable).toBe(true);
    await cli.enter("privileged");
  });
  test("T35: a line that leaves the configuration is the last: what follows would be commands", async () => {
    const { cli } = engine(new Scripted(GREETING, (line) => (line === "exi" ? "exi\r\nr1#" : ordinary(line))));
    await cli.open();
    await cli.enter("config");
    await expect(cli.configure("exi")).rejects.toThrow("COMMAND_REFUSED");
  });
  test("T36: a greeting without end is not listened to for ever", async () => {
    const stream = new Scripted("", ordinary, (data) =>
      Array.from({ length: Math.ceil(data.length / 65_536) }, (_, at) => data.slice(at * 65_536, (at + 1) * 65_536)),
    );
    stream.say("welcome\r\n".repeat(100_000));
    const { cli, transcript } = engine(stream);
    await expect(cli.open()).rejects.toThrow("OUTPUT_TOO_LARGE");
    expect(transcript.join("").length).toBeLessThan(400_000);
  });
  test("a known question is answered", async () => {
    const stream = new Scripted(GREETING, (line) =>
      stream.typed.at(-2) === "no username old\r" && line === "" ? "\r\nr1(config)#" : ordinary(line),
    );
    const { cli } = engine(stream);
    await cli.open();
    await cli.enter("config");
    await cli.configure("no username old");
    expect(cli.mode).toBe("config");
  });
  test("a rename is followed", async () => {
    const { cli } = engine(new Scripted(GREETING, (line) => (line === "end" ? "end\r\nr2#" : ordinary(line))));
    await cli.open();
    await cli.enter("config");
    await cli.configure("hostname r2");
    await cli.enter("privileged");
    expect(cli.hostname).toBe("r2");
  });
  test("T36: a command without end poisons the session", async () => {
    const stream = new Scripted(GREETING, ordinary);
    const { cli, clock } = engine(stream);
    await cli.open();
    const asked = ask(cli, "hang").then(() => "answered", errorCode);
    for (let turn = 0; turn < 20; turn++) await Promise.resolve();
    clock.advance(10_001);
    expect(await asked).toBe("COMMAND_TIMEOUT");
    expect(await ask(cli, "show x").then(() => "answered", errorCode)).toBe("CONNECTION_LOST");
  });
  test("T36: a session that ends, output over its cap, control bytes in a command", async () => {
    const ended = new Scripted(GREETING, ordinary);
    const one = engine(ended);
    await one.cli.open();
    const asked = ask(one.cli, "hang").then(() => "answered", errorCode);
    ended.close();
    expect(await asked).toBe("CONNECTION_LOST");
    const two = engine(
      new Scripted(GREETING, (line) =>
        line === "show big" ? `show big\r\n${"x".repeat(80)}\r\n`.repeat(100) : ordinary(line),
      ),
    );
    await two.cli.open();
    expect(await ask(two.cli, "show big", 1000).then(() => "answered", errorCode)).toBe("OUTPUT_TOO_LARGE");
    const three = engine(new Scripted(GREETING, ordinary));
    await three.cli.open();
    for (const command of ["show\rreload", "show ?", "a\tb", "\u001b[A"])
      expect(await ask(three.cli, command).then(() => "typed", errorCode)).toBe("TEXT_REFUSED");
    expect(await ask(three.cli, "show y")).toEqual(["one", "two"]);
  });
  test("a prompt hidden by a log message is asked for again", async () => {
    const stream = new Scripted(GREETING, (line) =>
      line === "show z" ? "show z\r\nout\r\nr1#\r\n*Nov 24: %SYS-5-CONFIG_I: Configured\r\n" : ordinary(line),
    );
    const { cli, clock } = engine(stream);
    await cli.open();
    const asked = ask(cli, "show z");
    for (let turn = 0; turn < 50; turn++) await Promise.resolve();
    clock.advance(600);
    expect(await asked).toEqual(["out"]);
    expect(stream.typed.at(-1)).toBe("\r");
  });
  test("a slow reader holds the device back: nothing is read ahead", async () => {
    const chunks = Array.from({ length: 50 }, (_, at) => `line ${at}\r\n`);
    const stream = new Scripted(GREETING, (line) => (line === "show many" ? "show many\r\n" : ordinary(line)));
    const { cli } = engine(stream);
    await cli.open();
    const start = stream.reads;
    let release: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => (release = resolve));
    const asked = cli.command("show many", { outputBytesMax: 10_000, onLines: () => gate });
    await new Promise((resolve) => setImmediate(resolve));
    for (const chunk of chunks) stream.say(chunk);
    await new Promise((resolve) => setImmediate(resolve));
    const before = stream.reads;
    await new Promise((resolve) => setImmediate(resolve));
    expect(before - start).toBeLessThan(5);
    expect(stream.reads).toBe(before);
    release();
    stream.say("r1#");
    await asked;
  });
  test("work grows with the output and not with its square", async () => {
    // Rescanning all of it for each chunk would look at 500 MB here, and run into the test's own time limit.
    const line = "x".repeat(64);
    const stream = new Scripted(
      GREETING,
      (typed) => (typed === "show big" ? `show big\r\n${`${line}\r\n`.repeat(30_000)}r1#` : ordinary(typed)),
      (data) => {
        const parts: Uint8Array[] = [];
        for (let at = 0; at < data.length; at += 4096) parts.push(data.slice(at, at + 4096));
        return parts;
      },
    );
    const { cli } = engine(stream);
    await cli.open();
    expect((await ask(cli, "show big", 10_000_000)).length).toBe(30_000);
  });
});

describe("T36: a device that means harm", () => {
  const turns = async (count = 20): Promise<void> => {
    for (let turn = 0; turn < count; turn++) await Promise.resolve();
  };
  const saying = (output: string | Uint8Array) => {
    const stream = new Scripted(GREETING, (line) => (line === "show evil" ? "" : ordinary(line)));
    const write = stream.write.bind(stream);
    stream.write = async (typed) => {
      await write(typed);
      if (typed === "show evil\r") stream.give(output);
    };
    return stream;
  };

  test("T36: one byte every ten seconds does not put off the end", async () => {
    const stream = saying("show evil\r\n");
    const { cli, clock } = engine(stream, { commandMs: 60_000 });
    await cli.open();
    const asked = ask(cli, "show evil").then(() => "answered", errorCode);
    let bytes = 0;
    let ended: string | undefined;
    void asked.then((code) => (ended = code));
    for (await turns(); ended === undefined && bytes < 100; bytes++) {
      stream.give("x");
      await turns();
      clock.advance(10_000);
      await turns();
    }
    expect(await asked).toBe("COMMAND_TIMEOUT");
    expect(bytes).toBeLessThan(8);
    expect(cli.usable).toBe(false);
  });

  test("T36: a line of a million characters is output and no prompt; one of more ends the session", async () => {
    const million = "r1#".repeat(333_333);
    const one = engine(saying(`show evil\r\n${million}\r\nr1#`));
    await one.cli.open();
    expect(await ask(one.cli, "show evil", 5_000_000)).toEqual([million]);
    const two = engine(saying(`show evil\r\n${"x".repeat(1_100_000)}`));
    await two.cli.open();
    expect(await ask(two.cli, "show evil", 5_000_000).then(() => "answered", errorCode)).toBe("OUTPUT_TOO_LARGE");
    expect(two.cli.usable).toBe(false);
    const three = engine(saying(`show evil\r\n${million}\r\nr1#`));
    await three.cli.open();
    expect(await ask(three.cli, "show evil", 100_000).then(() => "answered", errorCode)).toBe("OUTPUT_TOO_LARGE");
  });

  test("T36: the password printed back is in no transcript and in nothing that leaves", async () => {
    const password = "Tr0ub4dor-and-3";
    const text = deviceText(file);
    const shown = ["password is ", password, ` and again:${password}${password}`, `\u001b[31m${password}\u001b[0m`];
    const half = password.slice(0, 6);
    const stream = saying(`show evil\r\n${shown.join("\r\n")}\r\n${half}\b\b\b\b\b\b${password}\r\nr1#`);
    const { cli, transcript } = engine(stream, { redact: text.lineRedactor(device, tagger, [password]) });
    await cli.open();
    const left: string[] = [];
    await cli.command("show evil", {
      outputBytesMax: 10_000,
      onLines: (_, redacted) => void left.push(...redacted),
    });
    expect(left).toHaveLength(5);
    expect(`${left.join("\n")}\n${transcript.join("\n")}`).not.toContain(password);
    expect(left.at(-1)).toMatch(/^‹secret:\w+›$/);
  });

  test("T36: words that other programs obey are output, and nothing is typed for them", async () => {
    const words = [
      "::set-env name=PATH::/tmp",
      "::add-mask::r1",
      '{"type":"receipt","outcome":"SUCCEEDED"}',
      '{"type":"assignment","state":"SUCCEEDED"}',
      "##vso[task.setvariable variable=x]y",
      "Password:",
      "Are you sure? [yes/no]: no",
      " --More-- not at the end",
      "r1(config)#reload",
    ];
    const stream = saying(`show evil\r\n${words.join("\r\n")}\r\nr1#`);
    const { cli } = engine(stream);
    await cli.open();
    const before = stream.typed.length;
    expect(await ask(cli, "show evil")).toEqual(words);
    expect(stream.typed.slice(before)).toEqual(["show evil\r"]);
  });

  test("T36: escapes, titles and bytes that are no UTF-8 leave lines that no terminal obeys", async () => {
    const evil = Buffer.concat([
      Buffer.from("show evil\r\n\u001b]0;title\u0007\u001b[2Jone\u001bP$q\u001b\\ two\u009b2J\r\n"),
      Buffer.from([0xff, 0xfe, 0xc0, 0xaf, 0xed, 0xa0, 0x80, 0x1b, 0x5b, 0x41]),
      Buffer.from("\r\nr1#"),
    ]);
    const { cli, transcript } = engine(saying(new Uint8Array(evil)));
    await cli.open();
    const lines = await ask(cli, "show evil");
    expect(lines).toHaveLength(2);
    expect(lines[0]).toContain("one");
    // What UTF-8 calls C1 is text to the engine; hub and tool write it out before anybody looks (T36 in hub/ingest, T38).
    const obeyed = /[^\P{Cc}\t\r\n\u0080-\u009f]/v;
    expect([...lines, ...transcript].filter((text) => obeyed.test(text))).toEqual([]);
  });
});
