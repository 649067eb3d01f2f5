/** Configurations in XML, as a device or an author hands them over: read to one text and one only, or refused. */
import { utf8 } from "../../../../shared/bytes.ts";
import { parseDiff } from "../../../../drivers/model/diff.ts";
import { device, tagger } from "../../../../drivers/model/fixtures/platform.ts";
import { xmlLanguageFile } from "../../../../drivers/model/xml/fixtures/languages.ts";
import { IETF, IOSXE, JUNOS } from "../../../../drivers/model/xml/fixtures/texts.ts";
import { xmlText } from "../../../../drivers/xml-text.ts";
import { anyBytes } from "../mutate-bytes.ts";
import { part, text, type Target } from "../target.ts";

const TEXTS = { netconf: IETF, cisco_iosxe: IOSXE, juniper_junos: JUNOS } as const;
const IDS = ["netconf", "cisco_iosxe", "juniper_junos"] as const;
const SECRET = "Tr0ub4dor-of-the-vault";

const configurations: readonly Target[] = IDS.map((id) => ({
  name: `xml-config-${id}`,
  share: 0.5,
  prepare() {
    const model = xmlText({ language: xmlLanguageFile(id), replaces: true });
    const before = model.publicForm(device, TEXTS[id], tagger).publicText;
    return {
      samples: [[utf8(TEXTS[id])], [utf8(before)]],
      mutate: anyBytes,
      take(input) {
        const { raw, publicText } = model.configuration(device, text(part(input)), tagger);
        const again = model.configuration(device, raw, tagger);
        if (again.raw !== raw || again.publicText !== publicText) return "a text that reads back as another";
        if (raw.split("\n").length !== publicText.split("\n").length) return "a public form of another number of lines";
        // oxlint-disable-next-line no-control-regex -- what must not be left
        if (/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028\u2029]/v.test(raw)) return "a control character";
        parseDiff(model.diff(before, publicText));
        if (model.diff(publicText, publicText) !== "[]") return "a text that differs from itself";
        model.notRestorable(device, raw, tagger);
        return undefined;
      },
    };
  },
}));

const EDIT = `<interfaces xmlns="urn:ietf:params:xml:ns:yang:ietf-interfaces"><interface><name>eth1</name><description nc:operation="merge">x</description><ipv4 xmlns="urn:ietf:params:xml:ns:yang:ietf-ip" nc:operation="replace"><mtu>1400</mtu></ipv4></interface></interfaces>
<system xmlns="urn:ietf:params:xml:ns:yang:ietf-system"><radius><server nc:operation="remove"><name>a</name></server><server><name>b</name><udp><shared-secret>‹secret("x")›</shared-secret></udp></server></radius></system>`;

const author: Target = {
  name: "xml-predict",
  share: 0.5,
  prepare() {
    const model = xmlText({ language: xmlLanguageFile("netconf"), replaces: true });
    return {
      samples: [[utf8(EDIT), utf8(IETF)]],
      mutate: anyBytes,
      take(input) {
        const before = model.configuration(device, text(part(input, 1)), tagger);
        const change = { device, mode: "merge", text: text(part(input)), before, tagger } as const;
        const merged = model.predict(change);
        parseDiff(merged.diff);
        for (const payload of merged.render(() => SECRET)) model.configuration(device, payload, tagger);
        if (merged.commands.includes(SECRET)) return "a secret in what people see";
        // What is there is what leads there: nothing.
        const same = model.predict({ ...change, mode: "replace", source: "sealed", text: before.raw });
        return same.diff === "[]" && same.commands === "[]" ? undefined : "a snapshot that differs from itself";
      },
    };
  },
};

const redaction: Target = {
  name: "xml-redaction",
  share: 0.5,
  prepare() {
    const model = xmlText({ language: xmlLanguageFile("netconf"), replaces: true });
    return {
      samples: [[utf8(`<rpc-reply>\n<password>${SECRET}</password>\n<a b="${SECRET}">x ${SECRET}\n</a></rpc-reply>`)]],
      mutate: anyBytes,
      take(input) {
        const redact = model.lineRedactor(device, tagger, [SECRET]);
        const out = text(part(input))
          .split("\n")
          .map((line) => redact(line));
        return out.join("\n").includes(SECRET) ? "a secret that is known" : undefined;
      },
    };
  },
};

export const xmlTargets: readonly Target[] = [...configurations, author, redaction];
