/**
 * The statements of this device, in the order in which Junos prints them. Two blanks a level. `*type` is a key, `<type>` a value, `a:b` the
 * two words `a b`, `[type]` values in brackets, `;` a flag, `@…` how it behaves (`schema.ts`). What is not here is refused as a syntax error.
 */
import { INTERFACES } from "./interfaces.ts";
import { POLICY } from "./policy.ts";
import { EDGE, PROTOCOLS, STATIC } from "./protocols.ts";
import { parseSchema, type Schema } from "./schema.ts";
import { SECURITY } from "./security.ts";
import { SYSTEM } from "./system.ts";

const shift = (text: string, blanks: number): string =>
  text
    .split("\n")
    .map((line) => (line.trim() === "" ? line : " ".repeat(blanks) + line))
    .join("\n");

const INSTANCES = `
routing-instances
  *word
    description <any>
    instance-type <(virtual-router|vrf|forwarding|virtual-switch|evpn|vpls)>
    interface *ifl
    route-distinguisher <word>
    vrf-import [word]
    vrf-export [word]
    vrf-target <word>
    vrf-table-label @presence
${shift(STATIC, 4)}
${shift(PROTOCOLS, 4)}
`;

export const ROOT: Schema = parseSchema(
  [SYSTEM, SECURITY, INTERFACES, POLICY, INSTANCES, STATIC, EDGE, PROTOCOLS].join("\n"),
);
