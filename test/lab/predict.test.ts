// What drivers/model predicts for FRR is what FRR then shows: typed on a real router, read back, compared.

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { diffTexts } from "../../drivers/model/diff.ts";
import { device, loadLanguage, tagger } from "../../drivers/model/fixtures/platform.ts";
import { normalise } from "../../drivers/model/normalise.ts";
import { predict } from "../../drivers/model/predict.ts";
import { publicForm } from "../../drivers/model/public-form.ts";
import { renderDiff } from "../../drivers/model/render-diff.ts";
import { sameDiff } from "../../drivers/model/same-diff.ts";
import { startLab, type Lab } from "./lab.ts";
import { labVerdict } from "./requirements.ts";

const verdict = labVerdict();
const frr = loadLanguage("frr_linux");

/** Each is typed on top of those before it. */
const texts: Record<string, string> = {
  "a neighbour and prefix lists without numbers":
    "ip prefix-list Q permit 10.0.0.0/8 le 24\nip prefix-list Q deny any\nrouter bgp 65001\n neighbor 10.0.100.2 remote-as 65002\n neighbor 10.0.100.2 description ix\n address-family ipv4 unicast\n  neighbor 10.0.100.2 prefix-list Q in\n",
  "lines that FRR moves into the address family, timers, a secret":
    'router bgp 65001\n neighbor 10.0.100.2 prefix-list Q out\n network 10.77.0.0/16\n neighbor 10.0.100.2 timers 10 30\n neighbor 10.0.100.2 timers connect 5\n neighbor 10.0.100.2 password ‹secret("bgp")›\n',
  "removal of a neighbour with all its lines":
    "router bgp 65001\n no neighbor 10.0.100.2\n no network 10.77.0.0/16\nno ip prefix-list Q\n",
  "a route map and lists that get numbers":
    "route-map R permit 10\n match ip address prefix-list X\n set local-preference 200\n description hello world\nroute-map R deny 20\nbgp as-path access-list A permit ^1\nbgp community-list standard C permit 65000:1\naccess-list acl permit 10.0.0.0/8\n",
  "values that replace":
    "route-map R permit 10\n set local-preference 300\n match ip address prefix-list Y\nno route-map R deny 20\n",
  "removal of a whole route map": "no route-map R\nno bgp as-path access-list A\n",
  "interfaces and static routes":
    "interface eth1\n description changed\n ip address 10.55.0.1/24\ninterface eth2\n no description\nip route 10.66.0.0/16 blackhole\nip route 10.67.0.0/16 10.0.12.2 50\n",
  "another distance takes the route's place": "ip route 10.67.0.0/16 10.0.12.2 60\n",
  "a peer-group":
    "router bgp 65001\n neighbor PG peer-group\n neighbor PG remote-as external\n neighbor 10.0.100.3 peer-group PG\n address-family ipv6\n  neighbor PG activate\n  network 2001:db8::/32\n",
  "a peer-group with its members": "router bgp 65001\n no neighbor PG peer-group\n",
  "a default that is negated and restored":
    "router bgp 65001\n bgp ebgp-requires-policy\n address-family ipv4 unicast\n  no neighbor 10.0.12.2 activate\n",
  "and back": "router bgp 65001\n no bgp ebgp-requires-policy\n neighbor 10.0.12.2 activate\n",
  "a number that is taken": "ip prefix-list Z seq 5 permit 10.0.0.0/8\nip prefix-list Z seq 5 deny 11.0.0.0/8\n",
  "an entry that the list holds under another number is not taken":
    "ip prefix-list Z seq 50 deny 11.0.0.0/8\nip prefix-list Z seq 60 permit 12.0.0.0/8\n",
  "everything of BGP": "no router bgp 65001\n",
};

describe.skipIf(!verdict.run)(`prediction on a real router${verdict.run ? "" : `: ${verdict.reason}`}`, () => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await startLab();
  }, 60_000);
  afterAll(async () => {
    await lab?.stop();
  });

  const read = async (): Promise<{ raw: string; publicText: string }> => {
    const raw = normalise(frr, await lab.vtysh("r1", "show running-config no-header"));
    return { raw, publicText: publicForm(frr, device, raw, tagger).publicText };
  };

  test.each(Object.entries(texts))("%s", async (_, text) => {
    const before = await read();
    const prediction = predict(frr, { device, mode: "merge", text, before, tagger, managementAddress: "10.20.0.1" });
    const typed = prediction.render(() => "hunter2");
    await lab.exec("r1", ["vtysh", "-c", "configure terminal", ...typed.flatMap((line) => ["-c", line])]);
    const measured = diffTexts(frr, before.publicText, (await read()).publicText);
    const same = sameDiff(frr, prediction.diff, measured);
    expect(same ? "same" : `predicted\n${renderDiff(prediction.diff)}\nmeasured\n${renderDiff(measured)}`).toBe("same");
    expect(measured).not.toBe("[]");
    expect(measured).not.toContain("hunter2");
  });
});
