import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { applyEdit, type EditOptions } from "./edit.ts";
import { ietfModels } from "./models/ietf.ts";
import { ACL, BASE, IANA_IF, INTERFACES, IP, SYSTEM, YANG } from "./names.ts";
import { canonical } from "./paths.ts";
import { Schema } from "./schema.ts";
import { parseConfig, readWhole } from "./server.ts";
import { clone, element, printXml, type XmlElement } from "./xml.ts";

const schema = new Schema(ietfModels);
const system = (inside: string): string => `<system xmlns="${SYSTEM}">${inside}</system>`;
const read = (text: string): XmlElement =>
  parseConfig(text.replaceAll("op=", `xmlns:nc="${BASE}" nc:operation=`), "generic");
const show = (tree: XmlElement): string => tree.children.map((one) => printXml(one)).join("");

function edit(
  before: string,
  change: string,
  options: Partial<EditOptions> = {},
): { after: string; tags: string[]; lines: string[]; paths: (string | undefined)[] } {
  const tree = readWhole(read(before), schema, false);
  const { errors, lines } = applyEdit(tree, read(change), {
    schema,
    defaultOperation: "merge",
    errorOption: "stop-on-error",
    lenient: false,
    ...options,
  });
  return {
    after: show(tree),
    tags: errors.map(({ tag }) => tag),
    lines,
    paths: errors.map(({ detail }) => detail.path),
  };
}

const user = (name: string, inside = "", op = ""): string => `<user${op}><name>${name}</name>${inside}</user>`;
const users = (...inside: string[]): string => system(`<authentication>${inside.join("")}</authentication>`);
const password = "<password>$6$s$x</password>";

describe("one operation on one node", () => {
  test.each([
    ["merge", "<contact>a</contact>", "<contact>b</contact>", "<contact>b</contact>", []],
    [
      "merge beside",
      "<contact>a</contact>",
      "<location>b</location>",
      "<contact>a</contact><location>b</location>",
      [],
    ],
    ["create", "", '<contact op="create">b</contact>', "<contact>b</contact>", []],
    [
      "create what is there",
      "<contact>a</contact>",
      '<contact op="create">b</contact>',
      "<contact>a</contact>",
      ["data-exists"],
    ],
    ["delete", "<contact>a</contact>", '<contact op="delete"/>', "", []],
    ["delete what is not", "", '<contact op="delete"/>', "", ["data-missing"]],
    ["remove", "<contact>a</contact>", '<contact op="remove"/>', "", []],
    ["remove what is not", "<location>a</location>", '<contact op="remove"/>', "<location>a</location>", []],
    ["a word that is no operation", "", '<contact op="update">a</contact>', "", ["bad-attribute"]],
    [
      "replace a list entry",
      `<ntp><server><name>1</name><udp><address>a</address></udp><prefer>true</prefer></server></ntp>`,
      `<ntp><server op="replace"><udp><address>b</address></udp><name>1</name></server></ntp>`,
      `<ntp><server><name>1</name><udp><address>b</address></udp></server></ntp>`,
      [],
    ],
    [
      "a value out of range",
      "",
      "<clock><timezone-utc-offset>1501</timezone-utc-offset></clock>",
      "",
      ["invalid-value"],
    ],
    ["a container where a value is", "", "<contact><a/></contact>", "", ["invalid-value"]],
    ["a list entry without its key", "", "<ntp><server><prefer>true</prefer></server></ntp>", "", ["missing-element"]],
  ])("%s", (_name, before, change, after, tags) => {
    const done = edit(before === "" ? "" : system(before), system(change));
    expect(done.after).toBe(after === "" ? "" : system(after));
    expect(done.tags).toEqual(tags);
  });

  test("an operation is inherited, and replaced further down", () => {
    const before = users(user("a", password), user("b", password));
    const change = `<system xmlns="${SYSTEM}"><authentication>${user("a", '<password op="delete"/>')}${user("b", "", ' op="delete"')}</authentication></system>`;
    expect(edit(before, change).after).toBe(users(user("a")));
  });

  test("errors say where, and what goes by its name", () => {
    expect(edit("", system("<ntp><server><name>x</name><udp><port>0</port></udp></server></ntp>")).paths).toEqual([
      "/system/ntp/server[name='x']/udp/port",
    ]);
    expect(edit("", '<system xmlns="urn:other"/>').tags).toEqual(["unknown-namespace"]);
    expect(edit("", `<nothing xmlns="${SYSTEM}"/>`).tags).toEqual(["unknown-element"]);
    expect(edit("", system(`<contact xmlns="${INTERFACES}">a</contact>`)).tags).toEqual(["unknown-element"]);
  });

  test("a type is an identity of its own namespace, whatever the prefix", () => {
    const port = (type: string): string =>
      `<interfaces xmlns="${INTERFACES}"><interface><name>e</name>${type}</interface></interfaces>`;
    expect(edit("", port(`<type xmlns:z="${IANA_IF}">z:tunnel</type>`)).tags).toEqual([]);
    expect(edit("", port(`<type xmlns:z="urn:z">z:tunnel</type>`)).tags).toEqual(["invalid-value"]);
    expect(edit("", port(`<ipv4 xmlns="${IP}"><mtu>67</mtu></ipv4>`)).tags).toEqual(["invalid-value"]);
    expect(edit("", port(`<ipv4 xmlns="${IP}"/>`)).after).toContain("<ipv4");
  });
});

describe("default-operation and error-option", () => {
  const two = system('<contact op="create">b</contact><location>c</location>');

  test("replace leaves nothing that was not sent", () => {
    const before = system("<contact>a</contact>") + `<acls xmlns="${ACL}"><acl><name>x</name></acl></acls>`;
    expect(edit(before, system("<location>b</location>"), { defaultOperation: "replace" }).after).toBe(
      system("<location>b</location>"),
    );
  });

  test("none does only what is asked for by name", () => {
    const before = system("<contact>a</contact>");
    const options = { defaultOperation: "none" } as const;
    expect(edit(before, system('<contact>b</contact><location op="merge">c</location>'), options).after).toBe(
      system("<contact>a</contact><location>c</location>"),
    );
    expect(edit(before, users(user("x", '<password op="merge">$6$s$x</password>')), options).tags).toEqual([
      "data-missing",
    ]);
    expect(edit(before, users(user("x", password, ' op="create"')), options).after).toContain("<name>x</name>");
  });

  test("stop keeps what came before the error, continue goes on and tells all of them", () => {
    const before = system("<contact>a</contact>");
    const first = system('<location>c</location><contact op="create">b</contact><hostname>h</hostname>');
    expect(edit(before, first)).toMatchObject({
      after: system("<contact>a</contact><location>c</location>"),
      tags: ["data-exists"],
      lines: ["set /system/location = c"],
    });
    expect(edit(before, first + two, { errorOption: "continue-on-error" })).toMatchObject({
      after: system("<contact>a</contact><location>c</location><hostname>h</hostname>"),
      tags: ["data-exists", "data-exists"],
    });
  });
});

describe("order that is the user's", () => {
  const ace = (name: string, attributes = ""): string => `<ace${attributes}><name>${name}</name></ace>`;
  const acl = (...aces: string[]): string =>
    `<acls xmlns="${ACL}"><acl><name>in</name><aces>${aces.join("")}</aces></acl></acls>`;
  const insert = (where: string, key?: string): string =>
    ` xmlns:yang="${YANG}" yang:insert="${where}"${key === undefined ? "" : ` yang:key="${key}"`}`;
  const names = (text: string): string => [...text.matchAll(/<ace><name>(\w+)/g)].map(([, name]) => name).join("");

  test.each([
    ["first", undefined, "xab"],
    ["last", undefined, "abx"],
    ["before", "[name='b']", "axb"],
    ["after", "[q:name='a']", "axb"],
  ])("%s %s", (where, key, after) => {
    expect(names(edit(acl(ace("a"), ace("b")), acl(ace("x", insert(where, key)))).after)).toBe(after);
  });

  test("moves what is there", () => {
    expect(names(edit(acl(ace("a"), ace("b"), ace("c")), acl(ace("c", insert("first")))).after)).toBe("cab");
  });

  test.each([
    [acl(ace("x", insert("after", "[name='z']"))), "bad-attribute"],
    [acl(ace("x", insert("after"))), "missing-attribute"],
    [acl(ace("x", insert("between"))), "bad-attribute"],
    [users(user("x", "", insert("first"))), "unknown-attribute"],
  ])("%#: %s", (change, tag) => {
    expect(edit(acl(ace("a")), change).tags).toEqual([tag]);
  });

  test("of values", () => {
    const search = (...inside: string[]): string => system(`<dns-resolver>${inside.join("")}</dns-resolver>`);
    const one = (text: string, more = ""): string => `<search${more}>${text}</search>`;
    const before = ` xmlns:yang="${YANG}" yang:insert="before" yang:value="b"`;
    expect(edit(search(one("a"), one("b")), search(one("x", before))).after).toBe(search(one("a"), one("x"), one("b")));
    expect(edit(search(one("a"), one("b")), search(one("a"))).after).toBe(search(one("a"), one("b")));
    expect(edit(search(one("a"), one("b")), search(one("a", ' op="delete"'))).after).toBe(search(one("b")));
  });

  test("counts in a comparison where it is the user's, and not where it is not", () => {
    const same = (a: string, b: string): boolean =>
      canonical(readWhole(read(a), schema, false), undefined, schema) ===
      canonical(readWhole(read(b), schema, false), undefined, schema);
    expect(same(acl(ace("a"), ace("b")), acl(ace("b"), ace("a")))).toBe(false);
    expect(same(users(user("a"), user("b")), users(user("b"), user("a")))).toBe(true);
    expect(same(system("<contact>a</contact>"), system("<contact>b</contact>"))).toBe(false);
  });
});

const names = fc.uniqueArray(fc.constantFrom("a", "b", "c", "d", "e"), { maxLength: 5 });
const whole = fc
  .record({
    contact: fc.option(fc.constantFrom("x", "y & <z>")),
    users: names,
    search: names,
    mtu: fc.option(fc.integer({ min: 68, max: 9000 })),
  })
  .map(({ contact, users: set, search, mtu }) => {
    const tree = element(BASE, "config");
    const inner = [
      ...(contact === null ? [] : [element(SYSTEM, "contact", contact)]),
      ...(search.length === 0
        ? []
        : [
            element(
              SYSTEM,
              "dns-resolver",
              search.map((one) => element(SYSTEM, "search", one)),
            ),
          ]),
      ...(set.length === 0
        ? []
        : [
            element(
              SYSTEM,
              "authentication",
              set.map((one) => element(SYSTEM, "user", [element(SYSTEM, "name", one)])),
            ),
          ]),
    ];
    if (inner.length > 0) tree.children.push(element(SYSTEM, "system", inner));
    if (mtu !== null)
      tree.children.push(
        element(INTERFACES, "interfaces", [
          element(INTERFACES, "interface", [
            element(INTERFACES, "name", "e0"),
            element(IP, "ipv4", [element(IP, "mtu", String(mtu))]),
          ]),
        ]),
      );
    return tree;
  });

test("for any two configurations: replace gives the second, merge twice is merge once, print and parse is nothing", () => {
  fc.assert(
    fc.property(whole, whole, (a, b) => {
      const options = { schema, errorOption: "stop-on-error", lenient: false } as const;
      const text = (tree: XmlElement): string => canonical(tree, undefined, schema);
      const replaced = clone(a);
      applyEdit(replaced, b, { ...options, defaultOperation: "replace" });
      expect(text(replaced)).toBe(text(b));
      const once = clone(a);
      applyEdit(once, b, { ...options, defaultOperation: "merge" });
      const twice = clone(once);
      const again = applyEdit(twice, b, { ...options, defaultOperation: "merge" });
      expect(text(twice)).toBe(text(once));
      expect(again.lines).toEqual([]);
      expect(text(parseConfig(show(b), "generic"))).toBe(text(b));
      expect(text(parseConfig(b.children.map((one) => printXml(one, { indent: 2 })).join(""), "generic"))).toBe(
        text(b),
      );
    }),
  );
});
