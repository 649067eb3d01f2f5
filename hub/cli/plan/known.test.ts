import { expect, it } from "vitest";
import { Environment } from "./engine.ts";
import { knownNames } from "./known.ts";

it("knows exactly what the engine has, by asking it", () => {
  const { filters, tests, functions } = knownNames();
  const engine = new Environment();
  const isThere = (kind: "filter" | "test", name: string): unknown => engine.evalExpr(`"${name}" is ${kind}`, {});
  for (const name of filters) expect({ name, there: isThere("filter", name) }).toEqual({ name, there: true });
  for (const name of [...tests].filter((one) => /^\w+$/.test(one)))
    expect({ name, there: isThere("test", name) }).toEqual({ name, there: true });
  expect(isThere("filter", "ipaddr")).toBe(false);
  expect([...filters]).toEqual(expect.arrayContaining(["default", "d", "upper", "join", "tojson"]));
  expect([...tests]).toEqual(expect.arrayContaining(["defined", "undefined", "divisibleby", "in"]));
  expect([...functions]).toEqual(expect.arrayContaining(["range", "namespace", "dict", "cycler", "secret"]));
});
