/** Lines of configuration one after the other, as a user types or pastes them: where they lead, and what they change. */
import type { Token } from "./lexer.ts";
import { statements } from "./lexer.ts";
import { unknownToken, walk, type Parsed } from "./parse.ts";
import type { BranchSchema } from "./schema.ts";
import { applyEdit, emptyBranch, prune, schemaAt, type Branch, type Edit, type Path } from "./tree.ts";

export type Taken =
  | { readonly kind: "ok"; readonly edits: readonly Edit[] }
  | { readonly kind: "error"; readonly message: string };

export class Reader {
  readonly #root: BranchSchema;
  path: Path = [];
  /** Where each open brace leads back to. */
  #braces: Path[] = [];

  constructor(root: BranchSchema) {
    this.#root = root;
  }

  get schema(): BranchSchema {
    const at = schemaAt(this.#root, this.path);
    return at?.kind === "container" || at?.kind === "list" ? at : this.#root;
  }

  home(): void {
    this.path = [];
    this.#braces = [];
  }

  /** One level up: a list entry and its list are one. */
  up(): void {
    this.path = this.path.slice(0, -1);
  }

  /** Nothing has happened where it answers with an error, not even a move. */
  take(tokens: readonly Token[], globals: readonly string[] = []): Taken {
    const before = { path: this.path, braces: [...this.#braces] };
    const edits: Edit[] = [];
    let rest = tokens;
    while (rest.length > 0) {
      const result = this.#part(rest, globals);
      if (result.kind === "error") {
        this.path = before.path;
        this.#braces = before.braces;
        return result;
      }
      edits.push(...result.edits);
      rest = result.rest;
    }
    return { kind: "ok", edits };
  }

  #part(
    tokens: readonly Token[],
    globals: readonly string[],
  ): { kind: "ok"; edits: readonly Edit[]; rest: readonly Token[] } | { kind: "error"; message: string } {
    const [first, ...others] = tokens;
    const word = first?.quoted === true ? undefined : first?.text;
    if (word === "}") {
      this.path = this.#braces.pop() ?? this.path.slice(0, -1);
      return { kind: "ok", edits: [], rest: others };
    }
    if (word === "delete") return this.#delete(others, globals);
    const isSet = word === "set";
    const walked = this.#walk(isSet ? others : tokens, true, globals);
    if (walked.kind === "error") return walked;
    const opens = walked.rest[0]?.text === "{" && !walked.rest[0].quoted;
    if (opens) {
      if (walked.endsIn.kind === "leaf" || walked.endsIn.kind === "leaf-list")
        return { kind: "error", message: unknownToken("{", globals) };
      this.#braces.push(this.path);
      this.path = walked.end;
      return { kind: "ok", edits: walked.edits, rest: walked.rest.slice(1) };
    }
    if (!isSet && !walked.assigned) this.path = walked.end;
    return { kind: "ok", edits: walked.edits, rest: walked.rest };
  }

  #delete(
    tokens: readonly Token[],
    globals: readonly string[],
  ): ReturnType<Reader["take"]> & { rest: readonly Token[] } {
    const walked = this.#walk(tokens, false, globals);
    if (walked.kind === "error") return { ...walked, rest: [] };
    const values = walked.edits.flatMap((edit) => (edit.op === "leaf-list" ? edit.values : []));
    const edit: Edit = { op: "delete", path: walked.end, ...(values.length > 0 ? { values } : {}) };
    return { kind: "ok", edits: [edit], rest: walked.rest };
  }

  #walk(tokens: readonly Token[], values: boolean, globals: readonly string[]): Parsed {
    return walk(this.#root, this.path, this.schema, tokens, { withState: false, values, globals });
  }
}

/** Puts a text of configuration into a tree, `set`, `delete` and braces alike. Throws with the device's words on a line that it refuses. */
export function applyText(tree: Branch, root: BranchSchema, text: string): void {
  const reader = new Reader(root);
  for (const tokens of statements(text)) {
    const taken = reader.take(tokens);
    if (taken.kind === "error") throw new Error(taken.message);
    for (const edit of taken.edits) applyEdit(tree, edit);
  }
  prune(tree, root);
}

export function readText(root: BranchSchema, text: string): Branch {
  const tree = emptyBranch();
  applyText(tree, root, text);
  return tree;
}
