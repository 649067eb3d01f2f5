/**
 * What a commit checks beyond the grammar: things that are named have to be there. A few of the many checks of a real box, each
 * with the text that the vendor's documents or recorded sessions show.
 */
import { nameWords, pathWords, select, walk, type Config, type Path } from "./tree.ts";

export interface CheckFailure {
  readonly text: string;
  /** Behind `configuration check-out failed`: the reason in parentheses, where there is one. */
  readonly reason?: string;
}

export function check(config: Config): CheckFailure[] {
  return [
    ...mandatory(config),
    ...policies(config),
    ...filters(config),
    ...neighbors(config),
    ...zones(config),
    ...vlans(config),
    ...groups(config),
  ];
}

function names(config: Config, pattern: string): Set<string> {
  return new Set(select(config, pattern).map(({ statement }) => statement.keys[0] ?? ""));
}

function place(path: Path): string {
  const words = pathWords(path);
  return words.length === 0 ? "[edit]" : `[edit ${words.join(" ")}]`;
}

function mandatory(config: Config): CheckFailure[] {
  const there =
    select(config, "system").length === 0 ||
    select(config, "system root-authentication").length > 0 ||
    inherited(config);
  if (there) return [];
  return [
    {
      text: "[edit]\n  'system'\n    Missing mandatory statement: 'root-authentication'\n",
      reason: "missing mandatory statements",
    },
  ];
}

function inherited(config: Config): boolean {
  return select(config, "groups * system root-authentication").length > 0;
}

function policies(config: Config): CheckFailure[] {
  const known = names(config, "policy-options policy-statement *");
  const lists = names(config, "policy-options prefix-list *");
  const levels = ["protocols bgp", "protocols bgp group *", "protocols bgp group * neighbor *"];
  const used = [...levels, ...levels.map((level) => `routing-instances * ${level}`)].flatMap((level) => [
    ...select(config, `${level} export`),
    ...select(config, `${level} import`),
  ]);
  const failures = used.flatMap(({ statement, path }) =>
    statement.values
      .filter((name) => !known.has(name))
      .map((name) => {
        const word = statement.schema.words[0] ?? "";
        return {
          text: `error: Policy error: Policy ${name} referenced but not defined\n${place(path.slice(0, -1))}\n  '${word}'\n    BGP: ${word} list not applied\n`,
        };
      }),
  );
  const missing = select(config, "policy-options policy-statement * term * from prefix-list *")
    .filter(({ statement }) => !lists.has(statement.keys[0] ?? ""))
    .map(({ statement, path }) => ({
      text: `${place(path.slice(0, -1))}\n  '${nameWords(statement).join(" ")}'\n    Policy error: Policy prefix list ${statement.keys[0] ?? ""} referenced but not defined\n`,
    }));
  return [...failures, ...missing];
}

function filters(config: Config): CheckFailure[] {
  const known = new Set([...names(config, "firewall family inet filter *"), ...names(config, "firewall filter *")]);
  return ["input", "output"].flatMap((way) =>
    select(config, `interfaces * unit * family inet filter ${way}`)
      .filter(({ statement }) => !known.has(statement.values[0] ?? ""))
      .map(({ statement, path }) => ({
        text: `${place(path.slice(0, -1))}\n  '${way}'\n    Referenced filter '${statement.values[0] ?? ""}' is not defined\n`,
      })),
  );
}

function neighbors(config: Config): CheckFailure[] {
  return select(config, "protocols bgp group *").flatMap(({ statement: group, path }) => {
    const leaf = (word: string, of = group) => of.children.find((child) => child.schema.words[0] === word);
    if (leaf("type")?.values[0] === "internal" || leaf("peer-as")) return [];
    return group.children
      .filter((child) => child.schema.words[0] === "neighbor" && !child.inactive && !leaf("peer-as", child))
      .map((neighbor) => ({
        text: `${place(path.slice(0, -2))}\n  'bgp'\n    Error in neighbor ${neighbor.keys[0] ?? ""} of group ${group.keys[0] ?? ""}:\npeer AS number must be configured for an external peer\n`,
      }));
  });
}

function zones(config: Config): CheckFailure[] {
  const units = new Set(
    select(config, "interfaces * unit *").map(({ path }) => `${path[1]?.keys[0] ?? ""}.${path[2]?.keys[0] ?? ""}`),
  );
  return select(config, "security zones security-zone * interfaces *")
    .filter(({ statement }) => !units.has(statement.keys[0] ?? "") && statement.keys[0] !== "all")
    .map(({ statement, path }) => ({
      text: `${place(path.slice(0, -1))}\n  'interfaces ${statement.keys[0] ?? ""}'\n    Interface ${statement.keys[0] ?? ""} must be configured under interfaces\n`,
    }));
}

function vlans(config: Config): CheckFailure[] {
  const known = names(config, "vlans *");
  return select(config, "interfaces * unit * family ethernet-switching vlan members").flatMap(({ statement, path }) =>
    statement.values
      .filter((name) => !/^(?:all|default|\d+(?:-\d+)?)$/.test(name) && !known.has(name))
      .map((name) => ({
        text: `${place(path.slice(0, -1))}\n  'members ${name}'\n    vlan ${name} configured under interface ${path[1]?.keys[0] ?? ""}.${path[2]?.keys[0] ?? ""} does not exist\n`,
      })),
  );
}

function groups(config: Config): CheckFailure[] {
  const known = names(config, "groups *");
  return [...walk(config)]
    .filter(({ statement }) => statement.schema.words[0] === "apply-groups")
    .flatMap(({ statement, path }) =>
      statement.values
        .filter((name) => !known.has(name) && name !== "junos-defaults")
        .map((name) => ({
          text: `${place(path.slice(0, -1))}\n  'apply-groups'\n    Group '${name}' is not defined\n`,
        })),
    );
}
