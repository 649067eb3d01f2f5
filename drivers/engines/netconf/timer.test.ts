import { expect, test } from "vitest";
import type { Digest } from "../../../shared/ids.ts";
import type { TransactionToken } from "../../types.ts";
import type { NetconfDevice } from "./device.ts";
import { Parked } from "./parked.ts";
import { NetconfTransaction } from "./transaction.ts";

const token: TransactionToken = {
  platform: "juniper_junos" as TransactionToken["platform"],
  id: "a",
  mode: "merge",
  confirmMs: 60_000,
  preImage: "0".repeat(64) as Digest,
  data: {},
};

/** A box that answers what it is asked for its commits, and is asked for nothing else. */
function saying(data: string | null): NetconfTransaction {
  const timer = {
    operation: "<get-commit-information/>",
    entry: "commit-history/sequence-number",
    path: "commit-history/comment",
    holds: "commit confirmed, rollback in",
    owner: "commit-history/user",
  };
  const device = {
    file: { timer },
    operations: { vendor: () => Promise.resolve({ data }) },
  } as unknown as NetconfDevice;
  return new NetconfTransaction(device, new Parked());
}

test.each([null, "<commit-information/>", "<other-words><commit-history/></other-words>"])(
  "a box that names no commit of its history has not said that none waits: %s",
  async (data) => {
    expect(await saying(data).pending(token)).toBe("unknown");
    await expect(saying(data).arm(token)).rejects.toMatchObject({ code: "INCOMPLETE_OUTPUT" });
  },
);

test("one whose newest commit is plain has said it", async () => {
  const history =
    "<commit-information><commit-history><sequence-number>0</sequence-number><user>root</user></commit-history></commit-information>";
  expect(await saying(history).pending(token)).toBe("none");
});
