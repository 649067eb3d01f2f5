/**
 * npm run bench -- collect|diff|ingest|netconf|output|verify [--json]
 *
 * Every figure stands beside a peer or a bound that was measured in the same run: absolute rates of a shared machine mean little.
 */
import { parseArgs } from "node:util";

const { values, positionals } = parseArgs({
  args: process.argv.slice(2),
  allowPositionals: true,
  options: {
    json: { type: "boolean", default: false },
    devices: { type: "string" },
    rounds: { type: "string" },
    interfaces: { type: "string" },
    mebibytes: { type: "string" },
    netmiko: { type: "string" },
    engine: { type: "string" },
  },
});

export type BenchOptions = typeof values;

async function measure(name: string | undefined): Promise<object> {
  switch (name) {
    case "ingest":
      return (await import("./ingest.ts")).benchIngest(values);
    case "collect":
      return (await import("./collect.ts")).benchCollect(values);
    case "netconf":
      return (await import("./netconf.ts")).benchNetconf(values);
    case "diff":
      return (await import("./diff.ts")).benchDiff(values);
    case "output":
      return (await import("./output.ts")).benchOutput(values);
    case "verify":
      return (await import("./verify.ts")).benchVerify(values);
    default:
      throw new Error("which bench? collect, diff, ingest, netconf, output or verify");
  }
}

const result = await measure(positionals[0]);
process.stdout.write(`${JSON.stringify(result, null, values.json ? 0 : 2)}\n`);
process.exit(0);
