// A simulated Linux host over real SSH: services, checks, timers, reboots, and every fault that means something there.
import { afterEach, describe, expect, test } from "vitest";
import { ManualClock, systemClock } from "../../shared/clock.ts";
import type { FaultInput } from "../faults.ts";
import { Jail } from "../host/jail.ts";
import { hostVerdict } from "../host/requirements.ts";
import { connectTestClient, execOnce, type TestTarget } from "../ssh/test-client.ts";
import { startLinux, type LinuxConfigInput, type SimulatedHost } from "./index.ts";
import { sampleLinux } from "./sample.ts";
import { parseConfig, printConfig } from "./text.ts";

const { config } = sampleLinux({ seed: 3, interfaces: 2 });
const verdict = hostVerdict();

describe.skipIf(!verdict.run)(`a simulated Linux host${verdict.run ? "" : `: ${verdict.reason}`}`, () => {
  const open: SimulatedHost[] = [];
  afterEach(async () => {
    await Promise.all(open.splice(0).map((host) => host.stop()));
  });

  async function start(more: Partial<LinuxConfigInput> = {}) {
    const clock = new ManualClock();
    const host = await startLinux({ name: "edge-1", config, serial: "VMW-1", ...more }, { clock });
    open.push(host);
    /** Time goes on until it has come; the host's programs have the machine's own time for what they do. */
    const during = async <T>(promise: Promise<T>): Promise<T> => {
      let over = false;
      const end = (): void => void (over = true);
      promise.then(end, end);
      while (!over) {
        clock.advance(50);
        await systemClock.sleep(2);
      }
      return await promise;
    };
    const say = async (command: string): Promise<string> => {
      const { text, status } = await during(execOnce(host, command));
      return `${status} ${text}`;
    };
    const script = (text: string): Promise<string> =>
      say(`printf %s ${Buffer.from(text).toString("base64")} | base64 -d | sudo -n sh -s`);
    return { host, clock, say, script, during };
  }

  /** A change as somebody with a shell makes it: first what will take it back, then itself. */
  async function careful(
    { host, script }: Awaited<ReturnType<typeof start>>,
    seconds: number,
    more = "",
  ): Promise<void> {
    await script(`cp -p /etc/motd /var/lib/motd.old
      echo "sleep ${seconds}; cp -p /var/lib/motd.old /etc/motd" > /var/lib/undo
      setsid -f sh /var/lib/undo < /dev/null > /dev/null 2>&1`);
    await expect.poll(() => host.pendingRollback()).toBeDefined();
    await script(`echo changed > /etc/motd\n${more}`).catch(() => "cut off");
  }

  test.each(["systemd", "sysv"] as const)(
    "under %s it shows what it was started with, and takes it again",
    async (init) => {
      const { host, say } = await start({ init });
      expect(host.runningConfig()).toBe(config);
      expect(printConfig(parseConfig(config))).toBe(config);
      expect(host.hostname()).toBe("s0001-srv1");
      expect(await say("hostname; id -un; sudo -n cat /sys/class/dmi/id/product_serial")).toBe(
        `0 s0001-srv1\n${Jail.hasAccounts ? "netops" : "root"}\nVMW-1\n`,
      );
      if (Jail.hasAccounts) expect(await say("cat /etc/sudoers")).toMatch(/^1 /);
      host.mutate(["printf 'no end' > /etc/issue; ln -s /dev/null /etc/cron.d/masked"]);
      expect(host.runningConfig()).toContain("==> /etc/issue 0644 0:0 <==\nno end\n\\ No newline at end of file\n");
      expect(host.runningConfig()).toContain("==> /etc/cron.d/masked -> /dev/null <==\n");
      expect(parseConfig(host.runningConfig()).files.find(({ path }) => path === "/etc/issue")?.content).toBe("no end");
    },
  );

  test("a person gets a shell on a terminal of its own; what runs there ends with it", async () => {
    const { host } = await start();
    const terminal = await connectTestClient(host, { columns: 100 });
    await terminal.waitFor(/netops@s0001-srv1:~\$ $/);
    expect(await terminal.type("tty; stty size; sudo id -un\r", /\nroot\r[^]*\$ $/)).toContain(
      "/dev/pts/0\r\n24 100\r\n",
    );
    terminal.send("sleep 5000\r");
    await expect.poll(() => host.jail.sleeps.open.length).toBe(1);
    terminal.end();
    await expect.poll(() => host.jail.sleeps.open.length).toBe(0);
    await expect.poll(() => host.busy).toBe(false);
  });

  test("its clock is the simulator's, ahead of it where a test says so", async () => {
    const { host, clock, say } = await start();
    clock.advance(86_400_000);
    expect(await say("date -u +%Y-%m-%dT%H; date -u -d 2020-02-02 +%F")).toBe("0 2026-01-02T00\n2020-02-02\n");
    Object.assign(host.conditions ?? {}, { clockSkewMs: 7_200_000 });
    expect(await say("date -u +%H")).toBe("0 02\n");
  });

  test("systemctl: states, aliases, what a unit tests before it starts, and what boots", async () => {
    const { host, say, script } = await start();
    expect(
      await say(
        "systemctl show -p Id -p LoadState -p ActiveState -p UnitFileState sshd.service nosuch.service rsyslog.service",
      ),
    ).toBe(
      "0 Id=ssh.service\nLoadState=loaded\nActiveState=active\nUnitFileState=enabled\n\nId=nosuch.service\nLoadState=not-found\nActiveState=inactive\nUnitFileState=\n\nId=rsyslog.service\nLoadState=loaded\nActiveState=inactive\nUnitFileState=disabled\n",
    );
    expect(
      await say("systemctl is-active rsyslog; systemctl is-enabled rsyslog; systemctl show -p ActiveState --value ssh"),
    ).toBe("0 inactive\ndisabled\nactive\n");
    expect(await say("sudo -n systemctl start nosuch")).toBe("5 ");
    expect(await script("systemctl enable rsyslog; systemctl start rsyslog; systemctl disable chrony")).toBe("0 ");
    expect(host.runningConfig()).toContain(
      "service chrony disabled active <==\n==> service cron enabled active <==\n==> service rsyslog enabled active <==",
    );
    expect(host.startupConfig()).toContain("service chrony disabled inactive");
    expect(
      await script(
        "echo nonsense > /etc/chrony/conf.d/x.conf; systemctl restart chrony; systemctl is-active chrony; service rsyslog stop",
      ),
    ).toBe("0 failed\n");
    expect(host.runningConfig()).toContain("service chrony disabled failed");
    expect(await script("systemctl reload rsyslog")).toBe("1 ");
  });

  test("init scripts, where there is no systemd", async () => {
    const { host, script } = await start({ init: "sysv" });
    expect(
      await script(
        "/etc/init.d/ssh status; /etc/init.d/rsyslog status; echo $?; update-rc.d rsyslog enable; service rsyslog start; update-rc.d chrony disable; service chrony stop",
      ),
    ).toContain("ssh is running.\nrsyslog is not running ... failed!\n3\n");
    expect(host.runningConfig()).toContain(
      "service chrony disabled inactive <==\n==> service cron enabled active <==\n==> service rsyslog enabled active <==",
    );
  });

  test("what judges files says so in its own words, and sees them as whoever asks it does", async () => {
    const { script } = await start();
    expect(
      await script(
        "sshd -t && visudo -c && chronyd -p -f /etc/chrony/chrony.conf > /dev/null; sshd -T | grep rootlogin",
      ),
    ).toBe("0 /etc/sudoers: parsed OK\n/etc/sudoers.d/watch: parsed OK\npermitrootlogin no\n");
    // A copy of /etc that nobody else has.
    expect(
      await script(`unshare -m --propagation private sh -c '
        cp -a /etc /tmp/etc && mount --bind /tmp/etc /etc
        echo "NoSuchOption yes" > /etc/ssh/sshd_config.d/9.conf
        echo "x ALL=(ALL NOPASSWD" > /etc/sudoers.d/bad
        echo nonsense > /etc/chrony/conf.d/x.conf
        sshd -t 2>&1; visudo -c 2>&1; chronyd -p -f /etc/chrony/chrony.conf 2>&1 | tail -n 1'
        sshd -t && echo fine`),
    ).toBe(
      "0 /etc/ssh/sshd_config.d/9.conf: line 1: Bad configuration option: NoSuchOption\n/etc/ssh/sshd_config: terminating, 1 bad configuration options\n/etc/sudoers.d/bad:1:12: syntax error\nx ALL=(ALL NOPASSWD\n           ^~~~~~~~\nFatal error : Invalid directive at line 1 in file /etc/chrony/conf.d/x.conf\nfine\n",
    );
  });

  test("the door heeds sshd's files once it has taken them up, and the password that was set last", async () => {
    const { host, say, script } = await start();
    expect(await script("echo 'DenyUsers netops' > /etc/ssh/sshd_config.d/9.conf")).toBe("0 ");
    expect(await say("echo still in")).toBe("0 still in\n");
    await script("systemctl reload ssh");
    await expect(say("echo in")).rejects.toThrow("authentication");
    host.mutate(["rm /etc/ssh/sshd_config.d/9.conf"]);
    host.reboot(1_000);
    await expect.poll(async () => say("echo in").catch(() => "")).toBe("0 in\n");
    expect(await script("echo 'netops:an0ther-Passw0rd' | chpasswd -c SHA512")).toBe("0 ");
    await expect(say("echo in")).rejects.toThrow("authentication");
    const other: TestTarget = {
      address: host.address,
      port: host.port,
      username: host.username,
      password: "an0ther-Passw0rd",
    };
    expect((await execOnce(other, "echo in")).text).toBe("in\n");
  });

  test("nobody comes in where sshd was stopped; who is in stays", async () => {
    const { host, say } = await start();
    const inside = await connectTestClient(host);
    await inside.waitFor(/\$ $/);
    expect(await say("sudo -n systemctl stop ssh")).toBe("0 ");
    await expect(execOnce(host, "id")).rejects.toThrow();
    await inside.type("sudo systemctl start ssh; echo again\r", /\nagain/);
    expect(await say("echo in")).toBe("0 in\n");
    inside.end();
  });

  test("what waits to take a change back is told, fires by the clock, and is gone when it is ended", async () => {
    const one = await start();
    const { host, clock, script } = one;
    const before = host.runningConfig();
    await careful(one, 300);
    const { armedAtMs = 0, deadlineMs = 0 } = host.pendingRollback() ?? {};
    expect(deadlineMs - armedAtMs).toBe(300_000);
    expect(host.applies().at(-1)).toMatchObject({ by: "netops", lines: ["changed"] });
    clock.advance(deadlineMs - clock.nowMs() - 1);
    expect(host.pendingRollback()).toBeDefined();
    clock.advance(1);
    await expect.poll(() => host.pendingRollback()).toBeUndefined();
    await expect.poll(() => host.runningConfig()).toBe(before);
    expect(host.events().filter(({ kind }) => kind === "rolled-back")).toMatchObject([{ why: "timer" }]);
    await careful(one, 400);
    expect(host.pendingRollback()).toBeDefined();
    await script("pkill -f /var/lib/undo; pkill -f 'sleep 400'");
    await expect.poll(() => host.pendingRollback()).toBeUndefined();
    clock.advance(500_000);
    expect(host.runningConfig()).toContain("changed\n");
    await script("cp -p /var/lib/motd.old /etc/motd");
    expect(host.events().filter(({ kind }) => kind === "rolled-back")).toMatchObject([
      { why: "timer" },
      { why: "asked" },
    ]);
  });

  test.each([
    [
      "systemd",
      "printf '[Service]\\nType=oneshot\\nExecStart=/bin/cp -p /var/lib/motd.old /etc/motd\\n' > /etc/systemd/system/back.service; mkdir -p /etc/systemd/system/sysinit.target.wants; ln -s ../back.service /etc/systemd/system/sysinit.target.wants/back.service",
    ],
    ["sysv", "echo '@reboot root /bin/cp -p /var/lib/motd.old /etc/motd' > /etc/cron.d/back"],
  ] as const)("a reboot under %s ends what runs, forgets /run, and goes on with what boots", async (init, job) => {
    const one = await start({ init });
    const { host, clock, say } = one;
    const before = host.runningConfig();
    await careful(one, 3_000, `${job}; echo 1 > /run/gone`);
    expect(host.applyCount()).toBe(1);
    const hanging = execOnce(host, "sleep 1000").catch(() => "cut");
    await expect.poll(() => host.busy).toBe(false);
    host.reboot(30_000);
    await hanging;
    await expect(execOnce(host, "id")).rejects.toThrow();
    expect(host.pendingRollback()).toBeUndefined();
    await expect.poll(() => host.jail.up).toBe(false);
    await expect
      .poll(async () => (clock.advance(1_000), await say("ls /run/gone | wc -l").catch(() => "")))
      .toMatch(/^0 0/);
    await expect.poll(() => host.runningConfig()).toBe(before);
    expect(host.events().map(({ kind }) => kind)).toEqual(["applied", "rebooted", "rolled-back"]);
  });

  test("somebody else's work is no apply; a wiped host can still be reached", async () => {
    const { host, say } = await start();
    host.mutate(["echo theirs > /etc/issue.net"], "noc-admin");
    expect(() => host.mutate(["false"])).toThrow("refuses");
    expect(host.applyCount()).toBe(0);
    expect(host.events()).toMatchObject([
      { kind: "out-of-band", by: "noc-admin", lines: ["echo theirs > /etc/issue.net"] },
    ]);
    host.wipe();
    expect(host.files()).not.toContain("/etc/cron.d/backup");
    expect(await say("sudo -n id -u")).toBe("0 0\n");
  });

  describe("faults", () => {
    /** What becomes of one command, after a fault was set. */
    const meets = async (fault: FaultInput, command = "sudo -n sh -c 'echo changed > /etc/motd; echo done'") => {
      const one = await start();
      one.host.setFault(fault);
      const said = await one
        .say(command)
        .catch((error: unknown) => (error instanceof Error ? error.message : String(error)));
      return { ...one, said, changed: one.host.runningConfig().includes("changed\n") };
    };

    test("drop, before and after; in the middle of an output", async () => {
      const before = await meets({ kind: "drop", at: "motd", once: true });
      expect([before.changed, before.said]).toEqual([false, expect.not.stringContaining("done")]);
      expect(await before.say("echo again")).toBe("0 again\n");
      const after = await meets({ kind: "drop", at: "motd", moment: "after", once: true });
      expect([after.changed, after.said]).toEqual([true, expect.stringMatching(/^undefined/)]);
      // While a service takes up its files, in the middle of what somebody has it do.
      const during = await meets(
        { kind: "drop", at: "^sshd reads" },
        "sudo -n sh -c 'systemctl reload ssh; echo changed > /etc/motd'",
      );
      expect(during.said).toMatch(/^undefined/);
      await expect.poll(() => during.host.runningConfig()).toContain("changed\n");
      const middle = await meets({ kind: "drop", afterBytes: 100 }, "seq 1 1000");
      expect(middle.said.length).toBeLessThan(300);
    });

    test("hang", async () => {
      const { host, during } = await start();
      host.setFault({ kind: "hang", at: "^hostname" });
      const hanging = execOnce(host, "hostname").then(({ status }) => status);
      await expect.poll(() => host.commands().length).toBe(1);
      expect((await during(execOnce(host, "echo others"))).text).toBe("others\n");
      host.setFault({ kind: "hang", at: "^sshd reads", once: true });
      const half = execOnce(host, "sudo -n sh -c 'systemctl reload ssh; echo changed > /etc/motd'").then(
        ({ status }) => status,
      );
      await expect.poll(() => host.runningConfig()).toContain("changed\n");
      expect((await during(execOnce(host, "echo others"))).text).toBe("others\n");
      await host.stop();
      expect([await hanging, await half]).toEqual([undefined, undefined]);
    });

    test("refuse-line, authorization-denied, wrong-privilege, log-noise", async () => {
      const refused = await meets(
        { kind: "refuse-line", match: "/etc/motd" },
        "sudo -n sh -c 'echo changed > /etc/new; mv -f /etc/new /etc/motd'",
      );
      expect([refused.said, refused.host.runningConfig().includes("==> /etc/motd 0644 0:0 <==\nchanged")]).toEqual([
        "1 ",
        false,
      ]);
      refused.host.clearFault();
      expect(await refused.say("sudo -n mv -f /etc/new /etc/motd")).toBe("0 ");
      expect(await meets({ kind: "authorization-denied", match: "^sudo .*motd" })).toMatchObject({
        said: "1 ",
        changed: false,
      });
      const asked = await meets({ kind: "wrong-privilege" });
      expect([asked.said, asked.changed]).toEqual(["1 ", false]);
      expect(await meets({ kind: "log-noise", text: "welcome" }, "echo x")).toMatchObject({ said: "0 welcome\nx\n" });
    });

    test("aaa-down, full-session-table", async () => {
      expect((await meets({ kind: "aaa-down" })).said).toContain("authentication");
      const full = await meets({ kind: "full-session-table" });
      expect(full.changed).toBe(false);
      full.host.clearFault();
      expect(await full.say("echo in")).toBe("0 in\n");
    });

    test("slow-output, tiny-chunks, command-authorization", async () => {
      expect((await meets({ kind: "tiny-chunks" }, "seq 1 50")).said).toContain("49\n50\n");
      const slow = await meets({ kind: "slow-output", chunkBytes: 10, delayMs: 1_000 }, "seq 1 50");
      expect(slow.clock.monotonicMs()).toBeGreaterThan(10_000);
      expect(
        (await meets({ kind: "command-authorization", delayMs: 5_000 }, "echo x")).clock.monotonicMs(),
      ).toBeGreaterThanOrEqual(5_000);
    });

    test("unreachable-after-apply: until it is taken back", async () => {
      const one = await start();
      const { host, clock, say } = one;
      host.setFault({ kind: "unreachable-after-apply" });
      await careful(one, 300);
      expect(host.runningConfig()).toContain("changed\n");
      await expect(execOnce(host, "id")).rejects.toThrow();
      clock.advance(300_000);
      await expect.poll(async () => (clock.advance(100), await say("echo back").catch(() => ""))).toBe("0 back\n");
      expect(host.runningConfig()).not.toContain("changed\n");
    });

    test("reboot-before-confirm, other-admin-change, confirmed-by-other", async () => {
      const rebooted = await start();
      rebooted.host.setFault({ kind: "reboot-before-confirm", bootMs: 1_000 });
      await careful(rebooted, 300);
      await expect.poll(() => rebooted.host.events().map(({ kind }) => kind)).toEqual(["applied", "rebooted"]);
      await expect.poll(async () => rebooted.say("cat /etc/motd").catch(() => "")).toBe("0 changed\n");

      const theirs = await start();
      theirs.host.setFault({ kind: "other-admin-change", lines: ["echo theirs > /etc/issue.net"] });
      await careful(theirs, 300);
      expect(theirs.host.events()).toMatchObject([{ kind: "applied" }, { kind: "out-of-band", by: "noc-admin" }]);

      const kept = await start();
      kept.host.setFault({ kind: "confirmed-by-other" });
      await careful(kept, 300);
      await expect.poll(() => kept.host.pendingRollback()).toBeUndefined();
      expect(kept.host.events()).toMatchObject([{ kind: "applied" }, { kind: "confirmed", by: "noc-admin" }]);
      kept.clock.advance(400_000);
      expect(kept.host.runningConfig()).toContain("changed\n");
    });
  });
});
