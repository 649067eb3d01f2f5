/** Every command of every configuration mode, as one automaton for each. */
import type { Block } from "../config/config.ts";
import { Grammar } from "../syntax.ts";
import { family4, family6, router, routerFamily } from "./bgp.ts";
import { interfaces, routeMaps } from "./interface.ts";
import { lists } from "./lists.ts";
import { familyNeighbors, routerNeighbors } from "./neighbors.ts";
import type { Statement } from "./statement.ts";
import { top } from "./top.ts";

function grammarOf(...tables: readonly (readonly Statement[])[]): Grammar<Statement> {
  const grammar = new Grammar<Statement>();
  for (const one of tables.flat()) grammar.add(one.syntax, one);
  return grammar;
}

const GRAMMARS = {
  config: grammarOf(top, lists),
  interface: grammarOf(interfaces),
  "route-map": grammarOf(routeMaps),
  "router-bgp": grammarOf(router, routerNeighbors, routerFamily),
  "bgp-af 4": grammarOf(family4, familyNeighbors),
  "bgp-af 6": grammarOf(family6, familyNeighbors),
} as const;

export function grammarFor({ mode, header }: Block): Grammar<Statement> {
  if (mode !== "bgp-af") return GRAMMARS[mode];
  return header.includes("ipv6") ? GRAMMARS["bgp-af 6"] : GRAMMARS["bgp-af 4"];
}
