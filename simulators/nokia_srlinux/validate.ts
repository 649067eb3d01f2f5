/** What the model's types cannot say: references and conditions that a commit checks, and the sentence with which it is refused. */
import { entriesAt, leafAt, type Branch, type Path } from "./tree.ts";

export interface Violation {
  /** As the device writes a path: `.network-instance{.name=="default"}`. */
  readonly path: string;
  readonly why: string;
}

const named = (list: string, key: string, value: string): string => `.${list}{.${key}=="${value}"}`;
const at = (name: string, ...keys: string[]): Path[number] => ({ name, keys });

export function violations(tree: Branch): Violation[] {
  return [...interfaces(tree), ...networkInstances(tree), ...filters(tree), ...policies(tree)];
}

function subinterfaces(tree: Branch): Set<string> {
  return new Set(
    entriesAt(tree, "interface").flatMap(({ keys: [port = ""] }) =>
      entriesAt(tree, at("interface", port), "subinterface").map(({ keys: [index = ""] }) => `${port}.${index}`),
    ),
  );
}

function* interfaces(tree: Branch): Generator<Violation> {
  const lags = new Set(entriesAt(tree, "interface").map(({ keys }) => keys[0]));
  for (const { keys } of entriesAt(tree, "interface")) {
    const [port = ""] = keys;
    const self = at("interface", port);
    const path = named("interface", "name", port);
    const lag = leafAt(tree, self, "ethernet", "aggregate-id");
    if (lag !== undefined && !lags.has(lag))
      yield { path: `${path}.ethernet.aggregate-id`, why: `Referenced interface '${lag}' does not exist` };
    if (lag !== undefined && entriesAt(tree, self, "subinterface").length > 0)
      yield { path, why: "subinterfaces are not allowed on a member of a LAG" };
    const tagging = leafAt(tree, self, "vlan-tagging") === "true";
    for (const { keys: inner } of entriesAt(tree, self, "subinterface")) {
      const sub = at("subinterface", inner[0] ?? "");
      if (!tagging && leafAt(tree, self, sub, "vlan", "encap", "single-tagged", "vlan-id") !== undefined)
        yield {
          path: `${path}${named("subinterface", "index", inner[0] ?? "")}.vlan.encap`,
          why: "vlan-tagging must be enabled on the interface",
        };
    }
  }
}

function* networkInstances(tree: Branch): Generator<Violation> {
  const known = subinterfaces(tree);
  const owner = new Map<string, string>();
  for (const { keys } of entriesAt(tree, "network-instance")) {
    const [instance = ""] = keys;
    const self = at("network-instance", instance);
    const path = named("network-instance", "name", instance);
    for (const {
      keys: [name = ""],
    } of entriesAt(tree, self, "interface")) {
      if (!known.has(name))
        yield {
          path: `${path}${named("interface", "name", name)}`,
          why: `Referenced subinterface '${name}' does not exist`,
        };
      const other = owner.get(name);
      if (other !== undefined)
        yield {
          path: `${path}${named("interface", "name", name)}`,
          why: `Subinterface '${name}' is already used in network-instance '${other}'`,
        };
      owner.set(name, instance);
    }
    const groups = new Set(entriesAt(tree, self, "next-hop-groups", "group").map((entry) => entry.keys[0]));
    for (const {
      keys: [prefix = ""],
    } of entriesAt(tree, self, "static-routes", "route")) {
      const group = leafAt(tree, self, "static-routes", at("route", prefix), "next-hop-group");
      if (group !== undefined && !groups.has(group))
        yield {
          path: `${path}.static-routes${named("route", "prefix", prefix)}.next-hop-group`,
          why: `Referenced next-hop-group '${group}' does not exist`,
        };
    }
    yield* bgp(tree, self, path);
  }
}

function* bgp(tree: Branch, self: Path[number], path: string): Generator<Violation> {
  const groups = new Set(entriesAt(tree, self, "protocols", "bgp", "group").map((entry) => entry.keys[0]));
  const neighbors = entriesAt(tree, self, "protocols", "bgp", "neighbor");
  if (neighbors.length > 0 && leafAt(tree, self, "protocols", "bgp", "autonomous-system") === undefined)
    yield { path: `${path}.protocols.bgp`, why: "autonomous-system must be configured" };
  for (const {
    keys: [peer = ""],
  } of neighbors) {
    const where = `${path}.protocols.bgp${named("neighbor", "peer-address", peer)}`;
    const group = leafAt(tree, self, "protocols", "bgp", at("neighbor", peer), "peer-group");
    if (group === undefined) yield { path: where, why: "peer-group must be configured" };
    else if (!groups.has(group))
      yield { path: `${where}.peer-group`, why: `Referenced group '${group}' does not exist` };
  }
}

function* filters(tree: Branch): Generator<Violation> {
  const known = subinterfaces(tree);
  const filterIds = new Set(entriesAt(tree, "acl", "acl-filter").map(({ keys }) => keys.join("/")));
  for (const {
    keys: [name = ""],
  } of entriesAt(tree, "acl", "interface")) {
    const path = `.acl${named("interface", "interface-id", name)}`;
    if (!known.has(name)) yield { path, why: `Referenced subinterface '${name}' does not exist` };
    for (const way of ["input", "output"])
      for (const { keys } of entriesAt(tree, "acl", at("interface", name), way, "acl-filter"))
        if (!filterIds.has(keys.join("/")))
          yield {
            path: `${path}.${way}`,
            why: `Referenced acl-filter '${keys[0]}' of type '${keys[1]}' does not exist`,
          };
  }
}

function* policies(tree: Branch): Generator<Violation> {
  const sets = new Set(entriesAt(tree, "routing-policy", "prefix-set").map(({ keys }) => keys[0]));
  for (const {
    keys: [policy = ""],
  } of entriesAt(tree, "routing-policy", "policy"))
    for (const {
      keys: [statement = ""],
    } of entriesAt(tree, "routing-policy", at("policy", policy), "statement")) {
      const set = leafAt(
        tree,
        "routing-policy",
        at("policy", policy),
        at("statement", statement),
        "match",
        "prefix",
        "prefix-set",
      );
      if (set !== undefined && !sets.has(set))
        yield {
          path: `.routing-policy${named("policy", "name", policy)}${named("statement", "name", statement)}.match.prefix.prefix-set`,
          why: `Referenced prefix-set '${set}' does not exist`,
        };
    }
}
