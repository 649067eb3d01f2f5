import { beforeAll, describe, expect, it } from "vitest";
import type { AgentId, Digest } from "../ids.ts";
import { makeReceipts } from "../testing/audit.ts";
import { agentOf, id, makeOrg, type TestOrg } from "../testing/org.ts";
import { chainFaults, openReceipt, type AgentKeys, type ChainLink } from "./receipts.ts";

let org: TestOrg;
beforeAll(async () => {
  org = await makeOrg();
});

describe("a receipt is its agent's", () => {
  const keys = (over: { id?: AgentId; site?: typeof id.ams }): AgentKeys => {
    const { kid, publicKey: signKey } = agentOf(org).signer;
    return new Map([[kid, { id: id.agentAms, site: id.ams, signKey, ...over }]]);
  };
  async function opened(over: Parameters<typeof keys>[0] = {}): Promise<AgentId> {
    const [receipt] = await makeReceipts(org, [null]);
    if (!receipt) throw new Error("no receipt");
    return (await openReceipt("receipt", receipt, keys(over))).document.agent;
  }

  it("when the key that signed it is that agent's, at that site", async () => {
    expect(await opened()).toBe(id.agentAms);
  });

  it("and not when it is the key of another agent of the site, or of one of its name elsewhere", async () => {
    await expect(opened({ id: id.agentLon })).rejects.toMatchObject({ code: "WRONG_AGENT" });
    await expect(opened({ site: id.lon })).rejects.toMatchObject({ code: "WRONG_AGENT" });
  });
});

describe("the chain of an agent's receipts", () => {
  const digest = (n: number) => String(n).repeat(64) as Digest;
  const link = (index: number, over: Partial<ChainLink> = {}): ChainLink => ({
    agent: id.agentAms,
    epoch: "0".repeat(32),
    index,
    prev: index === 1 ? null : digest(index - 1),
    digest: digest(index),
    ...over,
  });
  const faults = (links: readonly ChainLink[], whole = true) =>
    chainFaults(links, { whole }).map((fault) => fault.replace(/^.*: /, ""));

  it("has no fault when each names the one before, in whatever order they come, and however often", () => {
    expect(faults([link(2), link(1), link(3), link(2)])).toEqual([]);
    expect(faults([link(1), link(1, { epoch: "1".repeat(32), digest: digest(9) })])).toEqual([]);
  });

  it("begins with number 1, which names none before it", () => {
    expect(faults([link(1, { prev: digest(7) })])).toEqual(["number 1 names one before it"]);
    expect(faults([link(3)])).toEqual(["numbers 1 to 2 are missing"]);
  });

  it("may begin anywhere where it is not the whole, and has no gap behind that", () => {
    expect(faults([link(3), link(4)], false)).toEqual([]);
    expect(faults([link(3), link(5)], false)).toEqual(["number 4 is missing"]);
  });

  it("has each number once, and each names the one that stands before it", () => {
    expect(faults([link(1), link(2), link(2, { digest: digest(9) })])).toEqual(["number 2 stands twice"]);
    expect(faults([link(1), link(2, { prev: digest(9) })])).toEqual(["number 2 does not follow from number 1"]);
  });
});
