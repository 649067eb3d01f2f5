import { describe, expect, it } from "vitest";
import { makeOrg } from "../../shared/testing/org.ts";
import { errorCode } from "../../shared/errors.ts";
import { changeMessages, changesBetween } from "./changes.ts";
import { configurationFor, settingsIn } from "./configuration.ts";
import { brokerRules, rulesText } from "./rules.ts";
import { checkConfiguration, checkRules } from "./start-check.ts";

const list = (await makeOrg()).agentsDocument.document;
const [first, ...rest] = list.agents;
const code = (act: () => unknown): string | undefined => {
  try {
    act();
    return undefined;
  } catch (error) {
    return errorCode(error);
  }
};

describe("a broker's rules", () => {
  it("pass their own check, and name no banned agent", () => {
    const banned = { ...list, agents: [{ ...first, status: "banned" }, ...rest] };
    const rules = checkRules(list.org, rulesText(brokerRules(banned, ["hub:one"])));
    expect(rules.clients.map(({ username }) => username)).toEqual([
      ...rest.map(({ id }) => id),
      "hub:one",
      "broker:admin",
    ]);
  });

  it.each(["#", "+", "a/b", "$SYS", "hub:one", "broker:admin", "A", "a b", "a\n", ""])("refuse the id %j", (id) => {
    expect(code(() => brokerRules({ ...list, agents: [{ ...first, id }, ...rest] }, ["hub:one"]))).toBe("BROKER_RULES");
  });

  it.each([
    ["no agent", []],
    ["none but banned agents", [{ ...first, status: "banned" }]],
    ["an id twice", [first, first]],
  ])("refuse a list with %s", (_, agents) => {
    expect(code(() => brokerRules({ ...list, agents }, ["hub:one"]))).toBe("BROKER_RULES");
  });

  it.each([[[]], [["one"]], [["agent-ams"]], [["hub:one", "hub:one"]], [["broker:admin"]]])(
    "refuse the hubs %j",
    (hubs) => {
      expect(code(() => brokerRules(list, hubs))).toBe("BROKER_RULES");
    },
  );

  it("change by removals first, in messages that the broker takes", () => {
    const [all, without] = [
      brokerRules(list, ["hub:one"]),
      brokerRules({ ...list, agents: rest }, ["hub:one", "hub:two"]),
    ];
    expect(changesBetween(all, without).map(({ command }) => command)).toEqual([
      "deleteClient",
      "deleteRole",
      "createRole",
      "createClient",
    ]);
    expect(changesBetween(all, all)).toEqual([]);
    const many = Array.from({ length: 250 }, (_, n) => ({ command: "deleteClient", username: `agent-${n}` }) as const);
    expect(changeMessages(many)).toHaveLength(3);
  });

  it("do not change a name's topics in place", () => {
    const [ours, theirs] = [brokerRules(list, ["hub:one"]), brokerRules({ ...list, org: "other" }, ["hub:one"])];
    expect(code(() => changesBetween(ours, theirs))).toBe("BROKER_RULES");
    expect(code(() => checkRules(list.org, rulesText(theirs)))).toBe("BROKER_RULES");
  });
});

describe("a broker's configuration", () => {
  const settings = {
    address: "::1",
    port: 8883,
    ca: "/c/ca",
    cert: "/c/c",
    key: "/c/k",
    rules: "/c/r",
    plugin: "/p.so",
  };

  it("is read back, and passes its own check", () => {
    expect(settingsIn(configurationFor(settings))).toEqual(settings);
    expect(checkConfiguration(configurationFor(settings))).toEqual(settings);
  });

  it.each([{ ca: "/c\nallow_anonymous true" }, { address: "::1\nx" }, { port: 0 }, { key: "relative" }])(
    "refuses %j",
    (bad) => {
      expect(code(() => configurationFor({ ...settings, ...bad }))).toBe("BROKER_RULES");
    },
  );
});
