import { Role } from "../../../shared/documents/keys.ts";
import { FarhandError } from "../../../shared/errors.ts";
import { PersonId } from "../../../shared/ids.ts";
import type { Founder } from "./new-keys.ts";

/** Set-ups for small teams: who may do what, and how many must agree. */
export const TEAMS = ["one", "two", "five"] as const;
export type Team = (typeof TEAMS)[number];
const SIZE: Readonly<Record<Team, number>> = { one: 1, two: 2, five: 5 };
/** Of five people, these keep the keys of the others. */
const KEYADMINS_OF_FIVE = 3;

export type RoleLists = Readonly<Record<Role, readonly string[]>>;

/** Key files with these names belong to no person. */
const RESERVED: readonly string[] = ["recovery", "safe"];

/** Everybody does the daily work; among five, three keep the keys, and what opens sealed texts is theirs. */
export function rolesOfTeam(team: Team, people: readonly string[]): RoleLists {
  if (people.length !== SIZE[team])
    throw new FarhandError("USAGE", `--team ${team} takes ${SIZE[team]} times --person; ${people.length} were given`);
  const keepers = team === "five" ? people.slice(0, KEYADMINS_OF_FIVE) : people;
  return {
    author: people,
    approver: people,
    oncall: people,
    siteoperator: people,
    secrets: people,
    reveal: keepers,
    keyadmin: keepers,
  };
}

/** One entry for each person, whatever the number of roles: a person counts once. */
export function foundersOf(lists: RoleLists): Founder[] {
  const found = new Map<PersonId, { name: string; roles: Set<Role> }>();
  for (const role of Role.options) {
    for (const given of lists[role]) {
      const [idText = "", name] = given.split(/=(.*)/s);
      const parsed = PersonId.safeParse(idText);
      if (!parsed.success)
        throw new FarhandError("USAGE", `${given}: ${parsed.error.issues[0]?.message ?? "not a person's id"}`);
      if (RESERVED.includes(parsed.data))
        throw new FarhandError("USAGE", `no person is called ${parsed.data}: that key file has this name`);
      const person = found.get(parsed.data) ?? { name: idText, roles: new Set<Role>() };
      person.roles.add(role);
      if (name !== undefined && name !== "") person.name = name;
      found.set(parsed.data, person);
    }
  }
  return [...found].map(([id, person]) => ({ id, ...person }));
}

/** Whether somebody could approve what somebody else wrote. */
export function canApproveEachOther(founders: readonly Founder[]): boolean {
  const approvers = founders.filter((person) => person.roles.has("approver"));
  return founders.some((person) => person.roles.has("author") && approvers.some((other) => other.id !== person.id));
}
