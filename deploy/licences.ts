/** Which licences a production dependency may have, by SPDX expression. */

const allowed = new Set([
  "0BSD",
  "Apache-2.0",
  "BSD-2-Clause",
  "BSD-3-Clause",
  "BlueOak-1.0.0",
  "CC0-1.0",
  "ISC",
  "MIT",
  "MIT-0",
  "Python-2.0",
  "Unicode-3.0",
  "Unlicense",
  "Zlib",
]);

/** `A OR B` needs one side, `A AND B` both; `WITH` binds an exception to its licence, and no exception is allowed yet. */
export function licenceAllowed(expression: string): boolean {
  const tokens = expression.match(/[()]|[^\s()]+/g) ?? [];
  let at = 0;

  const primary = (): boolean => {
    const token = tokens[at++];
    if (token !== "(") return token !== undefined && allowed.has(token);
    const inside = anyOf();
    return tokens[at++] === ")" && inside;
  };
  const allOf = (): boolean => {
    let every = primary();
    while (tokens[at] === "AND") {
      at++;
      every = primary() && every;
    }
    return every;
  };
  const anyOf = (): boolean => {
    let some = allOf();
    while (tokens[at] === "OR") {
      at++;
      some = allOf() || some;
    }
    return some;
  };

  return anyOf() && at === tokens.length;
}
