import { sha256 } from "../../../shared/bytes.ts";
import type { DeviceId } from "../../../shared/ids.ts";
import type { Tagger } from "../../types.ts";
import { type Hide, hider, type PublicForm } from "../public-form.ts";
import { type Range, replaceRanges } from "../redact.ts";
import type { XmlLanguage } from "./language.ts";
import { parseXml } from "./parse.ts";
import { printXml } from "./print.ts";
import { isLeaf, type XmlNode } from "./tree.ts";

/** A device's answer as it is compared: what is volatile and how it was laid out are gone. Holds secrets: this is the raw form. */
export const canonicalText = (language: XmlLanguage, text: string): string =>
  printXml(parseXml(language, text, "device"));

/** The same tree, each secret replaced by its tag; what was written stays beside it in `written`. */
export function hidden(nodes: readonly XmlNode[], hide: Hide): XmlNode[] {
  return nodes.map((node) => {
    if (!isLeaf(node)) return { ...node, children: hidden(node.children, hide) };
    const value = hideValue(node, hide);
    return value === node.value ? node : { ...node, value, written: node.value };
  });
}

function hideValue({ place, value }: XmlNode, hide: Hide): string {
  const { secret } = place.facts;
  if (secret === undefined || value === "") return value;
  if (secret === "whole") return replaceRanges(value, [{ start: 0, end: value.length, from: 0 }], hide);
  return replaceRanges(value, secretRanges(secret, value), hide);
}

function secretRanges(pattern: RegExp, value: string): Range[] {
  return [...value.matchAll(pattern)].flatMap((found) => {
    const place = found.indices?.groups?.["secret"];
    return place && place[1] > place[0] ? [{ start: place[0], end: place[1], from: found.index }] : [];
  });
}

export const xmlPublicForm = (language: XmlLanguage, device: DeviceId, raw: string, tagger: Tagger): PublicForm =>
  publicFormOfNodes(parseXml(language, raw, "device"), device, tagger);

/** What a device answered, in both its forms. */
export function xmlForms(
  language: XmlLanguage,
  device: DeviceId,
  raw: string,
  tagger: Tagger,
): PublicForm & { raw: string } {
  const nodes = parseXml(language, raw, "device");
  return { raw: printXml(nodes), ...publicFormOfNodes(nodes, device, tagger) };
}

function publicFormOfNodes(nodes: readonly XmlNode[], device: DeviceId, tagger: Tagger): PublicForm {
  const publicText = printXml(hidden(nodes, hider(device, tagger)));
  return { publicText, publicDigest: sha256(publicText) };
}
