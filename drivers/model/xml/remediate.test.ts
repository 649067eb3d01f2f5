import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { FarhandError } from "../../../shared/errors.ts";
import { device, tagger } from "../fixtures/platform.ts";
import { hider } from "../public-form.ts";
import { readXmlAuthor } from "./author.ts";
import { diffXml, xmlDiffJson } from "./diff.ts";
import { Chance, randomConfig, SCHEMA, SCHEMA_FILE } from "./fixtures/random.ts";
import { read, Server, ServerError } from "./fixtures/server.ts";
import { compileXmlLanguage } from "./language.ts";
import { mergeXml } from "./merge.ts";
import { parseXml } from "./parse.ts";
import { printXml } from "./print.ts";
import { remediation } from "./remediate.ts";
import { XmlLanguageFile } from "./schema.ts";

/** Nightly asks for more. */
const PAIRS = Number(process.env["FARHAND_XML_PAIRS"] ?? 200);
/** Of the other properties. */
const RUNS = Math.min(PAIRS, 1000);
const language = compileXmlLanguage(XmlLanguageFile.parse(SCHEMA_FILE));
const server = new Server(SCHEMA);
const parse = (text: string): ReturnType<typeof parseXml> => parseXml(language, text, "device");
/** Two of nothing in common, or one and what little changes made of it. */
function pair(seed: number): [Nodes, Nodes] {
  const other =
    seed % 3 === 0 ? new Chance(seed + 1) : new Chance(seed, { seed: seed + 1, oneIn: seed % 3 === 1 ? 200 : 20 });
  return [parse(randomConfig(new Chance(seed))), parse(randomConfig(other))];
}
type Nodes = ReturnType<typeof parse>;
const seeds = fc.integer({ min: 0, max: 2 ** 31 - 1 });

describe(`${PAIRS} pairs of configurations at random`, () => {
  test("the remediation, applied by a server of its own, takes one to the other", () => {
    let [edited, replaced] = [0, 0];
    fc.assert(
      fc.property(seeds, (seed) => {
        const [a, b] = pair(seed);
        const edits = printXml(remediation(language, a, b));
        const running = read(printXml(a));
        server.edit(running, read(edits));
        expect(server.text(running)).toBe(server.text(read(printXml(b))));
        if (edits !== "") edited++;
        if (edits.includes('operation="replace"')) replaced++;
        // What is there already needs nothing.
        expect(remediation(language, a, parse(printXml(a)))).toEqual([]);
      }),
      { numRuns: PAIRS },
    );
    console.log(`remediation: ${PAIRS} pairs, ${edited} with edits, ${replaced} of them state an element whole`);
    expect([edited > PAIRS / 2, replaced > PAIRS / 10, replaced < edited]).toEqual([true, true, true]);
  });

  test("the diff is empty between equal configurations only", () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const [a, b] = pair(seed);
        const same = server.text(read(printXml(a))) === server.text(read(printXml(b)));
        expect(diffXml(language, a, b).length === 0).toBe(same);
        expect(
          diffXml(
            language,
            a,
            a.map((node) => ({ ...node, children: [...node.children] })),
          ),
        ).toEqual([]);
      }),
      { numRuns: RUNS },
    );
  });

  test("parse, print, parse is stable", () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const text = printXml(parse(randomConfig(new Chance(seed))));
        expect(printXml(parse(text))).toBe(text);
      }),
      { numRuns: RUNS },
    );
  });

  test("a merge predicts what the server makes of the text, and of the less that is sent", () => {
    let [taken, refused] = [0, 0];
    fc.assert(
      fc.property(seeds, (seed) => {
        const chance = new Chance(seed);
        const before = parse(randomConfig(chance));
        const text = randomConfig(chance, { edits: true });
        const serve = (edits: string): string => {
          const running = read(printXml(before));
          server.edit(running, read(edits));
          return server.text(running);
        };
        const written = `<config xmlns:nc="urn:ietf:params:xml:ns:netconf:base:1.0">${text}</config>`;
        const edits = text.replace(
          ' xmlns="u:top"',
          ' xmlns="u:top" xmlns:nc="urn:ietf:params:xml:ns:netconf:base:1.0"',
        );
        try {
          const author = readXmlAuthor(language, "merge", written, before, hider(device, tagger), "sealed");
          const { after, sent } = mergeXml(
            language,
            before,
            author.nodes.map((node) => withWritten(node)),
          );
          expect(server.text(read(printXml(after)))).toBe(serve(edits));
          expect(serve(printXml(sent))).toBe(serve(edits));
          expect(xmlDiffJson(diffXml(language, before, after))).toBe(
            xmlDiffJson(diffXml(language, before, parse(printXml(after)))),
          );
          if (sent.length === 0) expect(diffXml(language, before, after)).toEqual([]);
          taken++;
        } catch (error) {
          if (!(error instanceof FarhandError)) throw error;
          refused++;
          if (/data-(?:exists|missing)/v.test(error.detail ?? "")) expect(() => serve(edits)).toThrow(ServerError);
        }
      }),
      { numRuns: RUNS },
    );
    console.log(`merge: ${taken} texts predicted, ${refused} refused`);
    expect(taken).toBeGreaterThan(RUNS / 10);
    expect(refused).toBeGreaterThan(0);
  });
});

type Node = ReturnType<typeof parse>[number];

/** Secrets shown again, as the server sees them. */
function withWritten(node: Node): Node {
  return { ...node, value: node.written ?? node.value, children: node.children.map((child) => withWritten(child)) };
}
