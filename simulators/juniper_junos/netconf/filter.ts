/** Subtree filters (RFC 6241 §6) on a `<configuration>`: what is named, and of lists the entries whose keys are given. */
import type { XmlElement } from "../../netconf/xml.ts";

/** Both elements have the same name; what the filter leaves open comes whole. */
export function filterElements(from: XmlElement, wanted: XmlElement): XmlElement {
  if (wanted.children.length === 0) return from;
  const matchesHere = wanted.children.filter(isMatch);
  const chosen = wanted.children.filter((one) => !isMatch(one));
  if (chosen.length === 0) return from;
  const children = from.children.flatMap((one) => {
    if (matchesHere.some(({ name }) => name === one.name)) return [one];
    const asked = chosen.filter(({ name }) => name === one.name);
    const fitting = asked.filter((filter) => fits(one, filter));
    const [first] = fitting;
    return first ? [filterElements(one, first)] : [];
  });
  return { ...from, children };
}

function isMatch(one: XmlElement): boolean {
  return one.children.length === 0 && one.text.trim() !== "";
}

function fits(one: XmlElement, filter: XmlElement): boolean {
  return filter.children
    .filter(isMatch)
    .every(({ name, text }) => one.children.some((held) => held.name === name && held.text.trim() === text.trim()));
}
