import { randomBytes } from "node:crypto";
import { errorCode, FarhandError } from "../../shared/errors.ts";
import { Secret } from "../../shared/secret.ts";
import type { Bench } from "./bench.ts";
import { codeOf, failed, notApplicable, ok, type Item } from "./item.ts";

/** A terminal that pages does so after as many lines as a screen has. */
const SCREEN_LINES = 24;
const RSS_BYTES_MAX = 96 * 1024 * 1024;
const OUTPUT_BYTES_MAX = 256 * 1024 * 1024;
/** Reads nothing and changes nothing on any platform that would run it: it is never sent. */
const NO_READ = "reload in 999";

const isHttps = ({ driver }: Bench): boolean => driver.transport === "https";

async function linesOf(bench: Bench, command: string): Promise<number> {
  let lines = 0;
  await bench.use((session) =>
    session.run(command, {
      outputBytesMax: OUTPUT_BYTES_MAX,
      sink: (chunk) => {
        lines += chunk.split("\n").length - 1;
        return Promise.resolve();
      },
    }),
  );
  return lines;
}

export const reads: readonly Item[] = [
  {
    id: "login",
    title: "logs in and comes to its prompt",
    changes: false,
    run: async (bench) => {
      const startedMs = bench.clock.monotonicMs();
      await bench.use(() => Promise.resolve());
      return ok(`logged in within ${((bench.clock.monotonicMs() - startedMs) / 1000).toFixed(1)} s`);
    },
  },
  {
    id: "facts",
    title: "tells what it is",
    changes: false,
    run: async (bench) => {
      const facts = await bench.use((session) => session.facts());
      bench.facts = facts;
      const { hostname, vendor, model, version, serial } = facts;
      const words = `${vendor} ${model ?? "?"} ${version ?? "?"}, ${hostname === "" ? "no hostname" : hostname}, serial ${serial ?? "none"}`;
      if (version === null) return failed(`no version: ${words}`);
      return bench.lab.serial === null || bench.lab.serial === serial
        ? ok(words)
        : failed(`${words}; the lab file says serial ${bench.lab.serial}`);
    },
  },
  {
    id: "two-reads",
    title: "shows the same configuration twice, and its public form is its own",
    changes: false,
    run: async (bench) => {
      const [first, second] = [await bench.running(), await bench.running()];
      bench.baseline = second;
      const { publicDigest } = bench.driver.publicForm(bench.lab.id, second.raw, bench.tagger);
      if (first.publicDigest !== second.publicDigest)
        return failed(`two reads differ: ${bench.driver.diff(first.publicText, second.publicText)}`.slice(0, 1_000));
      return publicDigest === second.publicDigest
        ? ok(`${second.raw.length} characters, ${second.publicDigest.slice(0, 16)}`)
        : failed("the public form of what was read is another when it is made again");
    },
  },
  {
    id: "end-marker",
    title: "a read that is cut off is never taken for a configuration",
    changes: false,
    run: async (bench) => {
      const whole = bench.requireBaseline();
      const cut = new AbortController();
      let characters = 0;
      let heard = 0;
      const read = bench.use(
        (session) => {
          heard = 0;
          characters = whole.publicText.length / 2;
          return session.running();
        },
        {
          signal: cut.signal,
          received: (text) => {
            heard += text.length;
            if (characters > 0 && heard > characters)
              cut.abort(new FarhandError("CONNECTION_LOST", "cut by the certification"));
          },
        },
      );
      try {
        const { publicDigest } = await read;
        if (publicDigest !== whole.publicDigest) return failed("half a configuration was taken for a whole one");
        return notApplicable("the answer came in one piece, and could not be cut in its middle");
      } catch (error) {
        const code = errorCode(error);
        return code === "CONNECTION_LOST" || code === "INCOMPLETE_OUTPUT"
          ? ok(`${code} after ${heard} characters`)
          : failed(`${code} after ${heard} characters`);
      }
    },
  },
  {
    id: "paging",
    title: "more than a screen comes whole",
    changes: false,
    run: async (bench) => {
      if (bench.driver.transport !== "cli") return notApplicable("no terminal, no pages");
      const counts: number[] = [bench.requireBaseline().raw.split("\n").length];
      for (const command of bench.lab.reads) counts.push(await linesOf(bench, command));
      const most = Math.max(...counts);
      return most > SCREEN_LINES
        ? ok(`${most} lines in one answer`)
        : failed(`the longest answer has ${most} lines: name a read of more than ${SCREEN_LINES} in the lab file`);
    },
  },
  {
    id: "reads",
    title: "answers the reads of its allow-list",
    changes: false,
    run: async (bench) => {
      const seen: string[] = [];
      for (const command of bench.lab.reads) seen.push(`${command}: ${await linesOf(bench, command)} lines`);
      return ok(seen.join("; ").slice(0, 1_500));
    },
  },
  {
    id: "refused-read",
    title: "what is no read is not sent, and a read that the device refuses is no answer",
    changes: false,
    run: async (bench) => {
      let sent = "";
      const code = await codeOf(
        bench.use((session) => session.run(NO_READ, { outputBytesMax: 1024 }), {
          sent: (text) => {
            sent += `${text}\n`;
          },
        }),
      );
      if (code !== "READ_NOT_ALLOWED" || sent.includes(NO_READ)) return failed(`"${NO_READ}": ${code}`);
      const { refusedRead } = bench.lab;
      if (refusedRead === undefined)
        return ok("what is no read was not sent; the lab file names no read to be refused");
      const refusal = await codeOf(bench.use((session) => session.run(refusedRead, { outputBytesMax: 1024 * 1024 })));
      return refusal === "COMMAND_REFUSED" || refusal === "AUTHORIZATION_DENIED"
        ? ok(`what is no read was not sent; ${refusal} for "${refusedRead}"`)
        : failed(`"${refusedRead}": ${refusal}`);
    },
  },
  {
    id: "wrong-password",
    title: "a wrong password is refused once, and not tried again",
    changes: false,
    run: async (bench) => {
      const { credential } = bench;
      if (!credential.password || credential.privateKey) return notApplicable("the login has no password of its own");
      let logins = 0;
      const wrong = { ...credential, password: new Secret(`wrong-${randomBytes(8).toString("hex")}`) };
      const code = await codeOf(
        bench.use(() => Promise.resolve(), {
          credential: wrong,
          guard: (login) => {
            logins++;
            return login();
          },
        }),
      );
      if (code !== "LOGIN_REFUSED" || logins !== 1) return failed(`${code} after ${logins} logins`);
      await bench.use(() => Promise.resolve());
      return ok("LOGIN_REFUSED at the first try; the right one works");
    },
  },
  {
    id: "host-key",
    title: "another host key is refused before anything is said",
    changes: false,
    run: async (bench) => {
      if (isHttps(bench)) return notApplicable("a certificate, whose refusals are proved with nginx");
      const other = bench.target.hostKeys.map((key) => {
        const at = key.publicKey.length - 8;
        const letter = key.publicKey[at] === "A" ? "B" : "A";
        return { ...key, publicKey: key.publicKey.slice(0, at) + letter + key.publicKey.slice(at + 1) };
      });
      const code = await codeOf(bench.use(() => Promise.resolve(), { target: { ...bench.target, hostKeys: other } }));
      return code === "HOST_KEY" ? ok("HOST_KEY for a key of which one letter differs") : failed(code);
    },
  },
  {
    id: "memory",
    title: "memory stays bounded while the largest output is read",
    changes: false,
    run: async (bench) => {
      const startBytes = bench.rssBytes();
      let peakBytes = startBytes;
      let outputBytes = 0;
      for (const command of bench.lab.reads)
        await bench.use((session) =>
          session.run(command, {
            outputBytesMax: OUTPUT_BYTES_MAX,
            sink: (chunk) => {
              outputBytes += chunk.length;
              peakBytes = Math.max(peakBytes, bench.rssBytes());
              return Promise.resolve();
            },
          }),
        );
      const grownBytes = peakBytes - startBytes;
      const words = `${outputBytes} bytes of output, memory grew by ${(grownBytes / 1_048_576).toFixed(1)} MiB`;
      return grownBytes <= RSS_BYTES_MAX ? ok(words) : failed(words);
    },
  },
];

export const secrets: Item = {
  id: "secrets",
  title: "no secret stands in anything that was written down",
  changes: false,
  run: async (bench) => {
    const { transcripts } = bench;
    const leaks = await Promise.resolve(transcripts.leaks());
    const words = `${transcripts.secrets} secrets sought in ${transcripts.characters} characters`;
    return leaks === 0 ? ok(words) : failed(`${words}: ${leaks} pieces hold one`);
  },
};
