import { describe, expect, test } from "vitest";
import { connectTestClient, execOnce } from "../ssh/test-client.ts";
import {
  boot,
  configured,
  CONFIRMED,
  LINE,
  login,
  made,
  MINUTE_MS,
  open,
  PROMPT,
  QUESTION,
  SET_NAME,
  type,
  VERSION,
} from "./testing.ts";

describe("operational mode", () => {
  test("answers with a blank line before its prompt, and a blank behind the echo", async () => {
    const { device } = await boot();
    const session = await login(device);
    expect(await session.type("show version\n", PROMPT)).toBe(
      `show version \r\nHostname: s0001-jnp01\r\nModel: vsrx\r\nJunos: ${VERSION}\r\nJUNOS Software Release [${VERSION}]\r\n\r\nnetops@s0001-jnp01> `,
    );
  });

  test("shows two lines of prompt on a member of a virtual chassis", async () => {
    const { device } = await boot({ role: "{master:0}" });
    const session = await login(device);
    expect(await session.type("configure\n", PROMPT)).toMatch(
      /Entering configuration mode\r\n\r\n\{master:0\}\[edit\]\r\nnetops@s0001-jnp01# $/,
    );
  });

  test("pages until it is told not to, and takes its question away", async () => {
    const { device } = await boot();
    const session = await connectTestClient(device, { rows: 10 });
    open.push(() => session.end());
    await session.waitFor(PROMPT);
    await session.type("show configuration\n", /---\(more\)---$/);
    expect(await session.type(" ", /---\(more\)---$/)).toMatch(/^\r {40}\r/);
    await session.type("q", PROMPT);
    expect(await type(session, "show configuration | no-more")).toContain("lldp {");
  });

  test("says under which word it lost the thread", async () => {
    const { device } = await boot();
    const session = await login(device);
    const indent = "netops@s0001-jnp01> ".length;
    expect(await type(session, "sho foo")).toBe(`${" ".repeat(indent + 4)}^\nsyntax error, expecting <command>.\n`);
    expect(await type(session, "frobnicate")).toBe(`${" ".repeat(indent)}^\nunknown command.\n`);
    expect(await type(session, "s")).toMatch(/'s' is ambiguous\.\nPossible completions:\n {2}show\n {2}set\n/);
    expect(await type(session, "show interfaces")).toContain("syntax error, expecting <command>.");
  });

  test("shows the configuration in each of its forms, and parts of it", async () => {
    const { device } = await boot();
    const session = await login(device);
    const whole = await type(session, "show configuration");
    expect(whole).toMatch(/^## Last commit: 2026-01-01 00:00:00 UTC by root\nversion 21/);
    expect(whole.split("\n").slice(1).join("\n")).toBe(device.runningConfig());
    expect(await type(session, "show configuration routing-options | display set")).toBe(
      "set routing-options router-id 192.0.0.1\nset routing-options autonomous-system 64512\nset routing-options static route 0.0.0.0/0 next-hop 10.0.0.1\n",
    );
    expect(await type(session, "show configuration system host-name")).toBe("host-name s0001-jnp01;\n");
    expect(await type(session, "show configuration routing-options | display xml")).toContain(
      "<router-id>192.0.0.1</router-id>",
    );
    expect(JSON.parse(await type(session, "show version | display json"))).toMatchObject({
      "software-information": [{ "junos-version": VERSION }],
    });
    expect(await type(session, "show configuration | display set | match lo0 | count")).toBe("Count: 1 lines\n");
  });

  test("answers what facts and state checks ask", async () => {
    const { device } = await boot();
    const session = await login(device);
    const answers: [string, RegExp][] = [
      ["show chassis hardware", new RegExp(`^Chassis +${made.serial} +VSRX$`, "m")],
      ["show interfaces terse", /^ge-0\/0\/0\.0 {14}up {4}up {3}inet {5}172\.16\.0\.1\/30$/m],
      ["show interfaces terse lo0", /^lo0\.0 +up +up +inet +192\.0\.0\.1 +--> 0\/0$/m],
      ["show interfaces descriptions", /^ge-0\/0\/0 +up +up /m],
      ["show route summary", /^inet\.0: \d+ destinations/m],
      ["show route 0.0.0.0/0", /\*\[Static\/5\] /],
      ["show bgp summary", /^172\.16\.0\.2 +65000 .* Establ$/m],
      ["show lldp neighbors", /^ge-0\/0\/0 +- +2c:6b:f5:/m],
      ["show arp no-resolve", /^Total entries: \d+$/m],
      ["show ethernet-switching table", /0 entries/],
      ["show system uptime", /^System booted: 2026-01-01 00:00:00 UTC/m],
      ["show system users", /^netops +pts\/0 /m],
      ["show system storage", /^\/dev\/gpt\/var/m],
      ["show system alarms", /No alarms/],
      ["show system commit", /^0 {3}2026-01-01 00:00:00 UTC by root via cli$/m],
    ];
    for (const [command, wanted] of answers) expect(await type(session, command), command).toMatch(wanted);
  });

  test("shows what the configuration makes of OSPF and of VLANs", async () => {
    const { device } = await boot();
    const session = await login(device);
    expect(await type(session, "show ospf neighbor")).toBe("OSPF instance is not running\n");
    device.mutate([
      "set protocols ospf area 0 interface ge-0/0/0.0",
      "set protocols ospf area 0 interface lo0.0 passive",
      "set vlans cameras vlan-id 30",
      "set interfaces ge-0/0/40 unit 0 family ethernet-switching vlan members cameras",
    ]);
    expect(await type(session, "show ospf neighbor")).toMatch(
      /^172\.16\.0\.2 +ge-0\/0\/0\.0 +Full +172\.16\.0\.2 +128 +36$/m,
    );
    expect(await type(session, "show vlans")).toMatch(/^default-switch +cameras +30\n +ge-0\/0\/40\.0\*$/m);
  });

  test("answers an exec request", async () => {
    const { device } = await boot();
    expect((await execOnce(device, "show configuration | display set | match host-name")).text.trim()).toBe(
      "set system host-name s0001-jnp01",
    );
  });

  test("lands root in the shell, and in the CLI from there", async () => {
    const { device } = await boot({ username: "root" });
    const session = await connectTestClient(device);
    open.push(() => session.end());
    await session.waitFor(/root@s0001-jnp01% $/);
    await session.type("cli\n", /root@s0001-jnp01> $/);
    await session.type("exit\n", /root@s0001-jnp01% $/);
  });
});

describe("configuration mode", () => {
  test("follows levels in its banner", async () => {
    const { device } = await boot();
    const session = await configured(device);
    expect(await session.type("edit interfaces ge-0/0/0 unit 0\n", PROMPT)).toMatch(
      /\[edit interfaces ge-0\/0\/0 unit 0\]\r\n\S+# $/,
    );
    await type(session, "set description here");
    expect(await type(session, "show | compare")).toBe("[edit interfaces ge-0/0/0 unit 0]\n+    description here;\n");
    expect(await session.type("up\n", PROMPT)).toContain("[edit interfaces ge-0/0/0]");
    expect(await session.type("top\n", PROMPT)).toContain("[edit]");
    await type(session, "rollback 0");
    expect(await type(session, "exit")).toBe("Exiting configuration mode\n");
  });

  test("refuses what it does not know under a caret", async () => {
    const { device } = await boot();
    const session = await configured(device);
    const at = (column: number): string => `${" ".repeat("netops@s0001-jnp01# ".length + column)}^\n`;
    expect(await type(session, "set system hostnam x")).toBe(`${at(11)}syntax error.\n`);
    expect(await type(session, "set system host-name")).toBe(`${at(21)}missing argument.\n`);
    expect(await type(session, "set interfaces foo unit 0")).toBe(`${at(15)}invalid interface type in 'foo'.\n`);
    expect(await type(session, "set interfaces ge-0/0/1 unit x")).toBe(`${at(29)}invalid numeric value: 'x'.\n`);
    expect(await type(session, "set interfaces ge-0/0/1 unit 0 vlan-id 5000")).toContain("not within range (0..4094)");
    expect(await type(session, "set system host-name a!b")).toContain("statement does not match patterns");
    expect(await type(session, "frob")).toBe(`${at(0)}unknown command.\n`);
    expect(await type(session, "delete system location")).toBe("warning: statement not found\n");
    expect(await type(session, "show | compare")).toBe("");
  });

  test("renames, copies, inserts, deactivates", async () => {
    const { device } = await boot();
    const session = await configured(device);
    await type(
      session,
      "rename policy-options policy-statement EXPORT term rest to term last",
      "set policy-options policy-statement EXPORT term mid then reject",
      "insert policy-options policy-statement EXPORT term mid before term last",
      "copy interfaces ge-0/0/0 to ge-0/0/40",
      "deactivate protocols lldp",
    );
    expect(await type(session, "show policy-options policy-statement EXPORT | match term")).toBe(
      "term direct {\nterm mid {\nterm last {\n",
    );
    const compared = await type(session, "show | compare");
    expect(compared).toContain("[edit interfaces]\n+   ge-0/0/40 {\n");
    expect(compared).toContain("[edit protocols]\n!    inactive: lldp { ... }\n");
    expect(await type(session, "show | display set | match lldp")).toBe(
      "set protocols lldp interface all\ndeactivate protocols lldp\n",
    );
    expect(await type(session, "commit")).toBe("commit complete\n");
    expect(device.runningConfig()).toContain("    inactive: lldp {\n");
  });

  test("loads from the terminal until ^D, in braces and in set lines", async () => {
    const { device } = await boot();
    const session = await configured(device);
    await session.type("load merge terminal\n", /\[Type \^D at a new line to end input\]\r\n$/);
    expect(
      await session.type("system {\n    location {\n        building HQ;\n        rom 5;\n    }\n}\n\x04", PROMPT),
    ).toContain(
      "^D\b\bterminal:4:(11) syntax error: rom\r\n  [edit system location]\r\n    'rom 5;'\r\n      syntax error\r\nload complete (1 errors)\r\n",
    );
    expect(await type(session, "show | compare")).toBe("[edit system]\n+   location {\n+       building HQ;\n+   }\n");
    await session.type("load set terminal\n", /end input\]\r\n$/);
    expect(await session.type("set system location floor 2\nset system location foor 3\n\x04", PROMPT)).toContain(
      "terminal:2:(20) syntax error: foor\r\nload complete\r\n",
    );
    await session.type("load override terminal\n", /end input\]\r\n$/);
    await session.type(`${device.runningConfig()}\x04`, /load complete[\s\S]*# $/);
    expect(await type(session, "show | compare")).toBe("");
    await session.type("load replace terminal\n", /end input\]\r\n$/);
    await session.type(
      "system {\n    replace: ntp {\n        server 192.0.2.99;\n    }\n}\n\x04",
      /load complete[\s\S]*# $/,
    );
    expect(await type(session, "show system ntp")).toBe("server 192.0.2.99;\n");
  });

  test("keeps secrets in looks, and asks for a password twice", async () => {
    const { device } = await boot();
    const session = await configured(device);
    await type(session, "set protocols bgp group EBGP authentication-key hunter2");
    expect(await type(session, "show protocols bgp group EBGP | match key")).toMatch(
      /^authentication-key "\$9\$\S+"; ## SECRET-DATA\n$/,
    );
    await session.type("set system root-authentication plain-text-password\n", /New password:$/);
    await session.type("hunter2!\n", /Retype new password:$/);
    await session.type("hunter2!\n", PROMPT);
    expect(await type(session, "show system root-authentication")).toMatch(
      /^encrypted-password "\$6\$\S+"; ## SECRET-DATA\n$/,
    );
    await type(session, "commit");
    expect(device.runningConfig()).not.toContain("hunter2");
  });

  test("checks what is named, and commits nothing that fails", async () => {
    const { device } = await boot();
    const session = await configured(device);
    await type(session, "set interfaces ge-0/0/0 unit 0 family inet filter input NOPE");
    const wanted =
      "[edit interfaces ge-0/0/0 unit 0 family inet filter]\n  'input'\n    Referenced filter 'NOPE' is not defined\nerror: configuration check-out failed\n";
    expect(await type(session, "commit check")).toBe(wanted);
    expect(await type(session, "commit")).toBe(wanted);
    expect(device.applyCount()).toBe(0);
    await type(session, "rollback 0", "delete system root-authentication");
    expect(await type(session, "commit check")).toBe(
      "[edit]\n  'system'\n    Missing mandatory statement: 'root-authentication'\nerror: configuration check-out failed: (missing mandatory statements)\n",
    );
    await type(session, "rollback");
    expect(await type(session, "commit check")).toBe("configuration check succeeds\n");
  });
});

describe("commits", () => {
  test("a confirmed commit counts down in the prompt, rolls itself back and tells everybody", async () => {
    const { device, clock } = await boot();
    const before = device.runningConfig();
    const session = await configured(device);
    await type(session, CONFIRMED[0] ?? "");
    expect(await session.type('commit confirmed 5 comment "job 7"\n', PROMPT)).toBe(
      'commit confirmed 5 comment "job 7" \r\ncommit confirmed will be automatically rolled back in 5 minutes unless confirmed\r\ncommit complete\r\n\r\n# commit confirmed will be rolled back in 5 minutes\r\n[edit]\r\nnetops@s0001-jnp01# ',
    );
    expect(await type(session, "run show system commit")).toBe(
      "0   2026-01-01 00:00:00 UTC by netops via cli commit confirmed, rollback in 5mins\n    job 7\n    rollback pending\n1   2026-01-01 00:00:00 UTC by root via cli\n",
    );
    const onlooker = await login(device);
    clock.advance(4 * MINUTE_MS + 59_999);
    expect(device.runningConfig()).toContain(LINE);
    expect(await session.type("\n", PROMPT)).toContain("# commit confirmed will be rolled back in 1 minutes\r\n");
    clock.advance(1);
    expect(device.runningConfig()).toBe(before);
    await onlooker.waitFor(
      /Broadcast Message from root@s0001-jnp01\r\n {8}\(no tty\) at 00:05 UTC\.\.\.\r\n\r\nCommit was not confirmed; automatic rollback complete\.\r\n/,
    );
    expect(await type(onlooker, "show system commit")).toMatch(
      /^0 {3}2026-01-01 00:05:00 UTC by root via other\n1 {3}.* by netops via cli commit confirmed, rollback in 5mins\n {4}job 7\n2 /,
    );
    expect(device.events().map(({ kind }) => kind)).toEqual(["applied", "armed", "rolled-back"]);
  });

  test("ten minutes where none are given; seconds and zero are refused", async () => {
    const { device } = await boot();
    const session = await configured(device);
    await type(session, CONFIRMED[0] ?? "");
    expect(await type(session, "commit confirmed 0")).toContain("not within range (1..65535)");
    await type(session, "commit confirmed");
    expect((device.pendingRollback()?.deadlineMs ?? 0) - (device.pendingRollback()?.armedAtMs ?? 0)).toBe(
      10 * MINUTE_MS,
    );
  });

  test.each(["commit", "commit check", "commit and-quit"])("`%s` from another session confirms", async (how) => {
    const { device, clock } = await boot();
    await type(await configured(device), ...CONFIRMED);
    const other = await configured(device);
    await type(other, how);
    expect(device.pendingRollback()).toBeUndefined();
    clock.advance(10 * MINUTE_MS);
    expect(device.runningConfig()).toContain(LINE);
    expect(await type(other, `${how.endsWith("quit") ? "" : "run "}show system commit`)).not.toContain(
      "rollback pending",
    );
  });

  test("a second confirmed commit starts the time anew and goes back to the first state", async () => {
    const { device, clock } = await boot();
    const before = device.runningConfig();
    const session = await configured(device);
    await type(session, ...CONFIRMED);
    clock.advance(4 * MINUTE_MS);
    await type(session, "commit confirmed 5");
    clock.advance(4 * MINUTE_MS);
    expect(device.runningConfig()).toContain(LINE);
    clock.advance(MINUTE_MS);
    expect(device.runningConfig()).toBe(before);
  });

  test("keeps a history to go back to and to compare with", async () => {
    const { device } = await boot();
    const session = await configured(device);
    await type(session, SET_NAME, 'commit comment "first"');
    expect(device.hostname()).toBe("renamed");
    expect(await type(session, "show | compare rollback 1")).toBe(
      "[edit system]\n-  host-name s0001-jnp01;\n+  host-name renamed;\n",
    );
    expect(await type(session, "run show system rollback 0 compare 1")).toContain("+  host-name renamed;");
    expect(await type(session, "rollback 1")).toBe("load complete\n");
    expect(await type(session, "rollback 9")).toContain("error: ");
    await type(session, "commit");
    expect(device.runningConfig()).toBe(made.config);
    expect(device.applyCount()).toBe(2);
  });
});

describe("several people", () => {
  test("share one candidate, which stays dirty when its maker leaves", async () => {
    const { device } = await boot();
    const maker = await configured(device);
    await type(maker, SET_NAME);
    const second = await login(device);
    expect(await type(second, "configure")).toMatch(
      /^Entering configuration mode\nUsers currently editing the configuration:\n {2}netops terminal pts\/0 \(pid \d+\) on since 2026-01-01 00:00:00 UTC\n {6}\[edit\]\nThe configuration has been changed but not committed\n$/,
    );
    expect(await maker.type("exit\n", QUESTION)).toContain(
      "The configuration has been changed but not committed\r\nExit with uncommitted changes?",
    );
    expect(await maker.type("yes\n", PROMPT)).toContain("Exiting configuration mode");
    expect(await type(second, "show | compare")).toContain("+  host-name renamed;");
    expect(await type(await login(device), "configure private")).toBe(
      "error: shared configuration database modified\n",
    );
    expect(await type(await login(device), "configure exclusive")).toMatch(/error: configuration database modified\n$/);
    await type(second, "commit");
    expect(device.hostname()).toBe("renamed");
  });

  test("an exclusive session keeps the others out and takes its changes with it", async () => {
    const { device } = await boot();
    const holder = await configured(device, "configure exclusive");
    await type(holder, SET_NAME);
    const refused =
      /^error: configuration database locked by:\n {2}netops terminal pts\/0 \(pid \d+\) on since 2026-01-01 00:00:00 UTC\n {6}exclusive \[edit\]\n$/;
    expect(await type(await login(device), "configure exclusive")).toMatch(refused);
    const shared = await configured(device);
    expect(await type(shared, "set system location floor 1")).toMatch(refused);
    expect(await type(shared, "commit")).toMatch(refused);
    expect(await holder.type("exit\n", QUESTION)).toContain("Discard uncommitted changes?");
    expect(await holder.type("\n", PROMPT)).toContain("warning: discarding uncommitted changes");
    expect(await type(shared, "show | compare")).toBe("");
    expect(await type(shared, "commit")).toBe("commit complete\n");
    expect(device.applyCount()).toBe(0);
  });

  test("a lost exclusive session lets go of the lock and of its changes", async () => {
    const { device } = await boot();
    const holder = await configured(device, "configure exclusive");
    await type(holder, SET_NAME);
    holder.end();
    await holder.closed;
    const next = await login(device);
    await expect.poll(() => type(next, "configure exclusive")).toContain("Entering configuration mode");
    expect(await type(next, "show | compare")).toBe("");
  });

  test("private sessions merge what they changed, and know no confirmed commit", async () => {
    const { device } = await boot();
    const [one, two] = [await configured(device, "configure private"), await configured(device, "configure private")];
    await type(one, "set system location floor 1");
    await type(two, "set system location building HQ");
    expect(await type(one, "commit confirmed 5")).toMatch(/^error: /);
    await type(one, "commit");
    expect(await type(two, "commit")).toBe("commit complete\n");
    expect(device.runningConfig()).toMatch(/building HQ;\n {8}floor 1;/);
    await type(one, "set system location floor 2");
    await type(two, "update", "set system location floor 3", "commit");
    expect(await type(one, "commit")).toContain("error: ");
    expect(device.runningConfig()).toContain("floor 3;");
  });
});
