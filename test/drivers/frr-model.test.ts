// remediation(A→B) and prediction for FRR, replayed on the simulated router, which test/lab/simulator.test.ts holds against a real one.
import fc from "fast-check";
import { expect, test } from "vitest";
import { diffTexts } from "../../drivers/model/diff.ts";
import { device, loadLanguage, tagger } from "../../drivers/model/fixtures/platform.ts";
import { normalise } from "../../drivers/model/normalise.ts";
import { predict } from "../../drivers/model/predict.ts";
import { publicForm } from "../../drivers/model/public-form.ts";
import { remediation } from "../../drivers/model/remediation.ts";
import { renderDiff } from "../../drivers/model/render-diff.ts";
import { sameDiff } from "../../drivers/model/same-diff.ts";
import { ManualClock } from "../../shared/clock.ts";
import type { Router } from "../../simulators/frr_linux/router.ts";
import { routerInMemory } from "../../simulators/frr_linux/testing.ts";
import { Vtysh } from "../../simulators/frr_linux/vtysh.ts";
import { frrConfiguration } from "../model/frr-configurations.ts";
import { pairs } from "../model/pairs.ts";

const frr = loadLanguage("frr_linux");
const BASE =
  "interface eth1\n description to r2\n ip address 10.0.12.1/29\nexit\nrouter bgp 65001\n no bgp ebgp-requires-policy\n neighbor 10.0.12.2 remote-as 65002\n";

const fresh = (): Router =>
  routerInMemory({ hostname: "r1", version: "8.4.4", ports: ["lo", "eth0", "eth1"] }, new ManualClock(), BASE);
const shown = (router: Router): string => normalise(frr, router.running());

/** Each line as the driver types it; what was said that is a refusal. */
function type(router: Router, lines: readonly string[]): string {
  const shell = new Vtysh(router, { user: "netops", via: "terminal", sitting: {} }).configure();
  return lines
    .map((line) => ({ line, said: shell.line(line) }))
    .filter(({ said }) => said.code !== 0)
    .map(({ line, said }) => `${line}: ${said.out}${said.err}`)
    .join("");
}

/** As a person writes it: what stands below a header is indented. */
function written(lines: readonly string[]): string {
  let depth = 0;
  return lines
    .map((line) => {
      if (line.startsWith("exit")) depth -= 1;
      const text = `${" ".repeat(depth)}${line}\n`;
      if (/^(?:router|interface|route-map|address-family) /.test(line)) depth += 1;
      return text;
    })
    .join("");
}

/** An entry of a route-map typed with the other action keeps its lines under another header: nothing predicts that, and it is undone. */
function turns(shownBefore: string, lines: readonly string[]): boolean {
  const other = { permit: "deny", deny: "permit" } as const;
  return lines.some((line) => {
    const [kind, name, action, seq] = line.split(" ");
    if (kind !== "route-map" || (action !== "permit" && action !== "deny")) return false;
    return shownBefore.includes(`route-map ${name ?? ""} ${other[action]} ${seq ?? ""}\n`);
  });
}

test("lines lead a router from any configuration to any other", () => {
  const runs = pairs(200);
  let typed = 0;
  fc.assert(
    fc.property(frrConfiguration, frrConfiguration, (from, to) => {
      const router = fresh();
      type(router, from);
      const other = fresh();
      type(other, to);
      const target = shown(other);
      const commands = remediation(frr, shown(router), target).commands.map(({ text }) => text);
      const refused = type(router, commands);
      const left = renderDiff(diffTexts(frr, target, shown(router)));
      expect({ refused, left }, commands.join("\n")).toEqual({ refused: "", left: "" });
      typed += commands.length;
    }),
    runs,
  );
  console.log(`frr_linux: ${runs.numRuns} pairs, ${typed} lines typed, seed ${runs.seed}`);
  expect(typed).toBeGreaterThan(runs.numRuns);
});

test("what a change is predicted to do it does", () => {
  const runs = pairs(200);
  fc.assert(
    fc.property(frrConfiguration, frrConfiguration, (from, lines) => {
      const router = fresh();
      type(router, from);
      const before = { raw: shown(router), publicText: publicForm(frr, device, shown(router), tagger).publicText };
      fc.pre(!turns(before.raw, lines));
      const text = written(lines);
      const prediction = predict(frr, { device, mode: "merge", text, before, tagger, managementAddress: "10.20.0.1" });
      const typed = prediction.render(() => "hunter2");
      expect(type(router, typed), text).toBe("");
      const measured = diffTexts(frr, before.publicText, publicForm(frr, device, shown(router), tagger).publicText);
      const same = sameDiff(frr, prediction.diff, measured);
      expect(same ? "same" : `predicted\n${renderDiff(prediction.diff)}\nmeasured\n${renderDiff(measured)}`, text).toBe(
        "same",
      );
    }),
    runs,
  );
});
