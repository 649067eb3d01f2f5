/**
 * `bun test/security/fuzz/main.ts` runs the campaign; `--target T --seed N` one input of it, in this process, with all that it says;
 * `--inputs N`, `--first N` and `--target T` choose. The watchdog starts it with `--child`.
 */
import { parseArgs } from "node:util";
import { toBase64url } from "../../../shared/bytes.ts";
import { printedFault, printedTally, runCampaign } from "./campaign.ts";
import { Order, runOrder } from "./child.ts";
import { fixChance } from "./fixed-chance.ts";
import { PLANTED } from "./planted.ts";
import { believable, inputDigest, inputOf } from "./run.ts";
import { TARGETS } from "./targets.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    child: { type: "boolean" },
    "planted-child": { type: "boolean" },
    target: { type: "string" },
    seed: { type: "string" },
    inputs: { type: "string", default: "20000" },
    first: { type: "string", default: "1" },
  },
});

async function again(name: string, seed: number): Promise<void> {
  fixChance();
  const target = [...TARGETS, ...PLANTED].find((known) => known.name === name);
  if (!target) throw new Error(`no target ${name}; there are ${TARGETS.map((known) => known.name).join(" ")}`);
  const prepared = await target.prepare();
  const said = await believable(name, prepared);
  const input = inputOf(name, prepared, seed);
  console.log(`input ${inputDigest(input)}: ${input.map((bytes) => `${bytes.length} bytes`).join(", ")}`);
  for (const bytes of input) console.log(toBase64url(bytes).slice(0, 20_000));
  const believed = await prepared.take(input);
  console.log(
    believed === undefined ? "taken" : said.has(believed) ? "believed, as signed" : "BELIEVED, AND NOBODY SIGNED IT",
  );
}

if (values.child === true || values["planted-child"] === true) {
  await runOrder(Order.parse(JSON.parse(positionals[0] ?? "")), values.child === true ? TARGETS : PLANTED);
} else if (values.target !== undefined && values.seed !== undefined) {
  await again(values.target, Number(values.seed));
} else {
  const chosen = values.target === undefined ? TARGETS : TARGETS.filter((target) => target.name === values.target);
  const { tallies, faults } = await runCampaign(chosen, { inputs: Number(values.inputs), first: Number(values.first) });
  for (const tally of tallies) console.log(printedTally(tally));
  for (const fault of faults) console.log(printedFault(fault));
  process.exitCode = faults.length > 0 || tallies.length < chosen.length ? 1 : 0;
}
