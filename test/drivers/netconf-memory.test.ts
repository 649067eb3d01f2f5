// A reply over NETCONF that is larger than what may be held of it. The whole gibibyte: npm run nightly, npm run bench -- netconf.
import { expect, test } from "vitest";
import { measureReply } from "../bench/netconf.ts";

const MEBIBYTES = Number(process.env["FARHAND_NETCONF_MEBIBYTES"] ?? 160);

test.each(["1.0", "1.1"] as const)(
  "base %s: memory does not grow with the reply",
  (version) => {
    const { characters, aboveIdleMiB, framing } = measureReply(MEBIBYTES, version);
    console.log(`netconf ${framing}: ${MEBIBYTES} MiB of data, ${aboveIdleMiB.toFixed(1)} MiB above idle`);
    expect(framing).toBe(version === "1.1" ? "chunked" : "end-of-message");
    expect(characters).toBeGreaterThan(MEBIBYTES * 1024 * 1024 * 0.98);
    expect(aboveIdleMiB).toBeLessThan(96);
  },
  600_000,
);
