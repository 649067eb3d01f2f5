/** From the rules that a running broker has to those that it is to have, as commands for its plugin. */
import { FarhandError } from "../../shared/errors.ts";
import { normalised, type Rules } from "./rules.ts";

type Command =
  | { readonly command: "deleteClient"; readonly username: string }
  | { readonly command: "deleteRole"; readonly rolename: string }
  | ({ readonly command: "createRole" } & Rules["roles"][number])
  | ({ readonly command: "createClient" } & Rules["clients"][number]);

/**
 * Removals first: `deleteClient` ends the sessions of that identity at once, and no command may stand between a ban and its
 * effect. Names that stay keep their rules; a rule that changed for the same name is not a change that this format has.
 */
export function changesBetween(before: Rules, after: Rules): Command[] {
  const namesOf = (rules: Rules): Set<string> => new Set(rules.clients.map(({ username }) => username));
  const [had, has] = [namesOf(before), namesOf(after)];
  const only = (rules: Rules, names: Set<string>): string =>
    normalised({
      ...rules,
      clients: rules.clients.filter(({ username }) => names.has(username)),
      roles: rules.roles.filter(({ rolename }) => names.has(rolename)),
    });
  const stays = new Set([...had].filter((name) => has.has(name)));
  if (only(before, stays) !== only(after, stays))
    throw new FarhandError(
      "BROKER_RULES",
      "rules of the same name differ; stop the broker and start it from new files",
    );
  const gone = [...had].filter((name) => !has.has(name));
  return [
    ...gone.map((username): Command => ({ command: "deleteClient", username })),
    ...gone.map((rolename): Command => ({ command: "deleteRole", rolename })),
    ...after.roles
      .filter(({ rolename }) => !had.has(rolename))
      .map((role): Command => ({ command: "createRole", ...role })),
    ...after.clients
      .filter(({ username }) => !had.has(username))
      .map((client): Command => ({ command: "createClient", ...client })),
  ];
}

/** A command's packet must fit through the broker's own cap on packets. */
const PER_MESSAGE = 100;

export function changeMessages(commands: readonly Command[]): string[] {
  return Array.from({ length: Math.ceil(commands.length / PER_MESSAGE) }, (_, index) =>
    JSON.stringify({ commands: commands.slice(index * PER_MESSAGE, (index + 1) * PER_MESSAGE) }),
  );
}
