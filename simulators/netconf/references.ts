/** Values that name another thing in the configuration, which has to be there (RFC 7950 §9.9.3). */
import { RpcError } from "./errors.ts";
import { INTERFACES } from "./names.ts";
import { child, type XmlElement } from "./xml.ts";

export function brokenReferences(tree: XmlElement): RpcError[] {
  const interfaces = child(tree, "interfaces", INTERFACES);
  const names = new Set(interfaces?.children.map((one) => child(one, "name")?.text));
  const errors: RpcError[] = [];
  const walk = (of: XmlElement, path: string): void => {
    for (const one of of.children) {
      const here = `${path}/${one.name}`;
      if (one.name === "outgoing-interface" && !names.has(one.text))
        errors.push(
          new RpcError("data-missing", {
            appTag: "instance-required",
            path: here,
            message: `There is no interface "${one.text}".`,
          }),
        );
      walk(one, here);
    }
  };
  walk(tree, "");
  return errors;
}
