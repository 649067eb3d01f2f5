// The driver of Linux hosts on a real one: OpenSSH, sudo, cron and chrony of Debian, undone by a timer on the host itself.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { runChange } from "../../drivers/transaction/change.ts";
import { recoverChange } from "../../drivers/transaction/recover.ts";
import type { ChangeOutcome, ChangeSpec } from "../../drivers/types.ts";
import { systemClock, type Clock } from "../../shared/clock.ts";
import { errorCode } from "../../shared/errors.ts";
import { poll } from "../lab/poll.ts";
import { linuxEndings } from "./linux-endings.ts";
import { linuxBox as boxOf } from "./linux-box.ts";
import { linuxVerdict, startLinux, type Init, type LinuxHost } from "./linux-lab.ts";
import { record, type Facts } from "./matrix/results.ts";
import { recorder, tagger, type RecorderOptions, type Rig } from "./support.ts";

/** The agent's process is gone: nothing that it would have done on the way out happens. */
class Killed extends Error {}

export interface LinuxScene {
  readonly init: Init;
  readonly host: LinuxHost;
  readonly box: Rig;
  readonly note: (facts: Facts) => void;
  readonly left: () => Promise<string>;
  readonly serviceIs: (name: string) => Promise<string>;
  readonly change: (text: string, overrides?: Partial<ChangeSpec>, options?: RecorderOptions) => Promise<ChangeOutcome>;
  readonly expectDone: (result: ChangeOutcome) => void;
}

/** What is true of a Linux host whatever its init is. */
export function linuxSuite(init: Init): void {
  const verdict = linuxVerdict(init);

  describe.skipIf(!verdict.run)(`linux under ${init}${verdict.run ? "" : `: ${verdict.reason}`}`, () => {
    let host: LinuxHost;
    let box: Rig;
    beforeAll(async () => {
      host = await startLinux(init);
      box = boxOf(host);
    }, 60_000);
    afterAll(() => host?.stop());
    beforeEach(() => host.mend());

    const peer = `OpenSSH, ${init}`;
    const note = (facts: Facts): void => record({ platform: "linux", transport: "cli" }, { ...facts, realPeer: peer });
    const left = async (): Promise<string> =>
      (
        await host.sh(
          "find /var/lib/farhand /run/farhand -mindepth 1 2>/dev/null; ls /etc/cron.d; find /etc/systemd -name 'farhand*'; pgrep -f 'farhand/[u]ndo-' || true",
        )
      ).trim();
    /** What the host itself says of a service. */
    const serviceIs = (name: string): Promise<string> =>
      host.sh(
        init === "systemd"
          ? `systemctl is-enabled ${name}; systemctl is-active ${name}; true`
          : `ls /etc/rc2.d | grep -q S..${name} && echo enabled || echo disabled; /etc/init.d/${name} status >/dev/null 2>&1 && echo active || echo inactive`,
      );
    const change = async (
      text: string,
      overrides: Partial<ChangeSpec> = {},
      options: RecorderOptions = {},
    ): Promise<ChangeOutcome> => {
      const spec = await box.plan(text, { confirmMs: 30_000, ...overrides });
      return await runChange(box.context(), spec, recorder(options).hooks);
    };
    const expectDone = (result: ChangeOutcome): void =>
      expect(result, `${result.code} ${result.detail}`).toMatchObject({ state: "DONE", code: null });

    test("reads files and services exactly; two reads hash equal; nothing stands in the way of level C", async () => {
      await host.sh(
        "printf 'no end' > /etc/motd; chmod 600 /etc/motd; ln -sf /dev/null /etc/cron.d/masked; printf '\\000\\001' > /etc/issue",
      );
      await host.sh("printf 'TOKEN=s3cr3t-t0ken\\n' > /etc/cron.d/backup; touch '/etc/cron.d/odd name'");
      const session = await box.open();
      const [a, b] = [await session.running(), await session.running()];
      expect(a.publicDigest).toBe(b.publicDigest);
      expect(a.raw).toContain("file /etc/motd 0600 root:root\n |no end\n \\\n");
      expect(a.raw).toContain("file /etc/hosts 0644 root:root\n |127.0.0.1 localhost\n |127.0.1.1 edge-1\n");
      expect(a.raw).toContain("link /etc/cron.d/masked /dev/null\n");
      expect(a.raw).toMatch(/^binary \/etc\/issue 0644 root:root sha256:[0-9a-f]{64}$/mv);
      expect(a.raw).toContain("odd-names /etc/cron.d\n");
      expect(a.raw).toContain("service ssh enabled active\n");
      expect(a.raw).toContain("service chrony disabled inactive\n");
      expect(a.publicText).not.toContain("s3cr3t-t0ken");
      expect(a.publicText).toMatch(/TOKEN=‹secret:[a-z2-7]{16}›/v);
      expect(await session.readiness("merge")).toMatchObject({
        level: "C",
        blockers: [],
        pendingByOther: false,
        unsaved: false,
      });
      expect(await session.facts()).toMatchObject({
        hostname: "edge-1",
        vendor: "Linux",
        version: expect.stringContaining("Debian") as string,
      });
      // Its clock is the machine's: it is the agent's that is wrong.
      const late: Clock = { ...systemClock, nowMs: () => systemClock.nowMs() - 120_000 };
      expect(await session.preflight?.(systemClock)).toEqual([]);
      expect(await session.preflight?.(late)).toEqual([
        expect.objectContaining({
          code: "CLOCK_OFF",
          severity: "warns",
          detail: expect.stringContaining("ahead of") as string,
        }),
      ]);
      expect(await session.run("cat /etc/hosts", { outputBytesMax: 100_000 })).toContain("edge-1");
      for (const command of [
        "cat /etc/shadow",
        "cat /etc/hosts;id",
        "cat  /etc/hosts",
        "id $(id)",
        "df -h /",
        "cat /etc/hosts|id",
      ])
        expect(await session.run(command, { outputBytesMax: 1000 }).then(() => "ran", errorCode), command).toBe(
          "READ_NOT_ALLOWED",
        );
      expect(box.driver.notRestorable(box.target.id, a.raw, tagger)).toContain("no text");
      await session.close();
      note({ collect: 1, facts: 1 });
      await host.sh("rm -f /etc/cron.d/* /etc/issue; printf '' > /etc/motd; chmod 644 /etc/motd");
      expect(box.transcript.join("\n")).not.toContain("s3cr3t-t0ken");
    });

    test("a change of files and a service is tested, put in force, proved on a new connection and kept", async () => {
      const text = `file /etc/motd
 |Keep out.
file /etc/ssh/sshd_config.d/50-site.conf
 |MaxAuthTries 3
file /etc/chrony/conf.d/site.conf
 |server 192.0.2.123 iburst
 \\
service chrony enabled active
`;
      const spec = await box.plan(text, {
        confirmMs: 30_000,
        verify: [{ command: "sshd -T", contains: ["maxauthtries 3"], withinMs: 5_000 }],
      });
      expect(spec.touchesManagement).toBe(true);
      expect(JSON.parse(spec.commands)).toEqual([
        "test chronyd -p -f /etc/chrony/chrony.conf",
        "test sshd -t with /run/sshd",
        "file /etc/chrony/conf.d/site.conf 0644 root:root\n |server 192.0.2.123 iburst\n \\",
        "file /etc/motd 0644 root:root\n |Keep out.",
        "file /etc/ssh/sshd_config.d/50-site.conf 0600 root:root\n |MaxAuthTries 3",
        "restart chrony",
        "reload ssh",
        "service chrony enabled active",
      ]);
      const result = await runChange(box.context(), spec, recorder().hooks);
      expectDone(result);
      expect(result.diff).toBe(spec.diff);
      note({ merge: 1 });
      expect(
        await host.sh(
          "cat /etc/motd; cat /etc/chrony/conf.d/site.conf; stat -c %a /etc/ssh/sshd_config.d/50-site.conf",
        ),
      ).toBe("Keep out.\nserver 192.0.2.123 iburst600\n");
      expect(await serviceIs("chrony")).toBe("enabled\nactive\n");
      expect(await left()).toBe("");
    });

    test("a broken sshd_config, nftables or sudoers is refused before it is in force, with the tool's own words", async () => {
      const before = await host.sh("cat /etc/ssh/sshd_config /etc/sudoers /etc/nftables.conf");
      const refused = async (text: string): Promise<string> => {
        const result = await change(text);
        expect(result, `${result.code} ${result.detail}`).toMatchObject({
          state: "FAILED",
          code: "COMMAND_REFUSED",
          notApplied: true,
        });
        return result.detail ?? "";
      };
      expect(await refused("file /etc/ssh/sshd_config.d/60-bad.conf\n |NoSuchOption yes\n")).toContain(
        "Bad configuration option: NoSuchOption",
      );
      expect(await refused("file /etc/sudoers.d/bad\n |farhand ALL=(ALL NOPASSWD\n")).toContain("visudo -c: ");
      expect(await refused("file /etc/nftables.conf\n |table inet x { chain y { nonsense } }\n")).toContain(
        "syntax error",
      );
      expect(await host.sh("cat /etc/ssh/sshd_config /etc/sudoers /etc/nftables.conf")).toBe(before);
      expect(await host.sh("ls /etc/ssh/sshd_config.d /etc/sudoers.d")).not.toContain("bad");
      expect(await left()).toBe("");
      note({ faults: 1 });
    });

    test("failed verification is undone: content, mode, owner, absence and services", async () => {
      await host.sh("chown daemon:mail /etc/motd; chmod 640 /etc/motd; cp -p /etc/motd /tmp/motd");
      const result = await change(
        "file /etc/motd 0644 root:root\n |other\nfile /etc/issue.net\n |new\nno file /etc/ssh/sshd_config.d/50-site.conf\nservice chrony disabled inactive\n",
        { verify: [{ command: "hostname", contains: ["no such"], withinMs: 0 }] },
      );
      expect(result, `${result.code} ${result.detail}`).toMatchObject({
        state: "ROLLED_BACK",
        code: "VERIFICATION_FAILED",
      });
      expect(
        await host.sh("cmp /etc/motd /tmp/motd && stat -c '%a %U:%G' /etc/motd; ls /etc/issue.net 2>&1 || true"),
      ).toMatch(/^640 daemon:mail\n.*No such file/);
      expect(await host.sh("cat /etc/ssh/sshd_config.d/50-site.conf")).toBe("MaxAuthTries 3\n");
      expect(await serviceIs("chrony")).toBe("enabled\nactive\n");
      expect(await left()).toBe("");
      await host.sh("chown root:root /etc/motd; chmod 644 /etc/motd");
    });

    test("what a service does not survive is undone, and it runs again", async () => {
      const result = await change(
        "file /etc/chrony/sources.d/x.sources\n |nonsense here\nfile /etc/chrony/conf.d/site.conf\n |sourcedir /etc/chrony/sources.d\n",
      );
      expect(result.state, `${result.code} ${result.detail}`).toMatch(/ROLLED_BACK|DONE/);
      expect(await serviceIs("chrony")).toBe("enabled\nactive\n");
    });

    test("the agent is dead after the apply: the host's own timer takes it back", async () => {
      const spec = await box.plan("file /etc/motd\n |nobody confirms\n", { confirmMs: 5_000 });
      const journal = recorder({
        at: (step) => {
          if (step !== "apply") return;
          host.cut(true);
          throw new Killed();
        },
      });
      const late = new AbortController();
      const run = runChange(box.context(late.signal), spec, journal.hooks);
      await poll(
        "the change",
        async () => ((await host.sh("cat /etc/motd")).includes("nobody confirms") ? true : undefined),
        { within: 10_000 },
      );
      late.abort(new Killed());
      await run.catch(() => undefined);
      await poll(
        "the host's own undo",
        async () => ((await host.sh("cat /etc/motd")).includes("Keep out.") ? true : undefined),
        { within: 20_000 },
      );
      host.mend();
      const result = await recoverChange(box.context(), spec, journal.progress(), recorder().hooks);
      expect(result, `${result.code} ${result.detail}`).toMatchObject({ state: "ROLLED_BACK" });
      note({ timerFired: "timer", faults: 1 });
      expect(await left()).toBe("");
    }, 60_000);

    test("a change that locks us out is undone by the host itself, and told truthfully", async () => {
      const result = await change(
        "file /etc/ssh/sshd_config.d/70-lock.conf\n |AllowUsers nobody-at-all\n |DenyUsers farhand\n",
        { confirmMs: 8_000 },
      );
      expect(result, `${result.code} ${result.detail}`).toMatchObject({ state: "ROLLED_BACK", code: "LOGIN_REFUSED" });
      expect(await host.sh("ls /etc/ssh/sshd_config.d")).toBe("50-site.conf\n");
      expect(await left()).toBe("");
      note({ faults: 1 });
    }, 60_000);

    test("confirm and timer race: one of them wins, and both tell the same", async () => {
      for (const [at, end] of [
        ["confirm first", "DONE"],
        ["timer first", "ROLLED_BACK"],
      ] as const) {
        const session = await box.open();
        const before = await session.running();
        const token = await session.begin({
          id: `race ${at}`,
          mode: "merge",
          confirmMs: 5_000,
          preImage: before,
          text: "",
          comment: "",
        });
        await session.arm(token);
        await session.candidate?.(token)?.stage([`file /etc/motd 0644 root:root\n |${at}`]);
        await session.apply(token, []);
        if (end === "DONE") {
          await session.confirm(token);
          await session.confirm(token);
          expect(await session.revert(token).then(() => "undone", errorCode)).toBe("REVERT_FAILED");
          expect(await host.sh("cat /etc/motd")).toBe(`${at}\n`);
        } else {
          await poll("the timer", async () => ((await session.pending(token)) === "none" ? true : undefined), {
            within: 20_000,
          });
          expect(await session.confirm(token).then(() => "kept", errorCode)).toBe("COMMAND_REFUSED");
          await session.revert(token);
          expect(await host.sh("cat /etc/motd")).toBe("confirm first\n");
        }
        await session.cleanup(token);
        await session.close();
      }
      expect(await left()).toBe("");
    }, 60_000);

    test("a host that reboots before the confirmation comes up as it was: what boots goes on with the undo", async () => {
      const session = await box.open();
      const before = await session.running();
      const token = await session.begin({
        id: "reboot",
        mode: "merge",
        confirmMs: 600_000,
        preImage: before,
        text: "",
        comment: "",
      });
      await session.arm(token);
      await session
        .candidate?.(token)
        ?.stage([
          "file /etc/motd 0644 root:root\n |before the reboot",
          "file /etc/ssh/sshd_config.d/80-lock.conf 0600 root:root\n |DenyUsers farhand",
          "reload ssh",
        ]);
      await session.apply(token, []);
      await session.close();
      expect(await host.sh("cat /etc/motd /etc/ssh/sshd_config.d/80-lock.conf")).toContain("before the reboot");
      await host.reboot();
      // Nobody was asked: the login works again, which the change had locked out.
      await poll(
        "the undo of the boot",
        async () => ((await host.sh("cat /etc/motd")).includes("before") ? undefined : true),
        {
          within: 20_000,
        },
      );
      const after = await poll("a login", () => box.open().catch(() => undefined), { within: 20_000 });
      await poll("its end", async () => ((await after.pending(token)) === "none" ? true : undefined), {
        within: 20_000,
      });
      expect((await after.running()).publicDigest).toBe(before.publicDigest);
      await after.cleanup(token);
      await after.close();
      expect(await left()).toBe("");
      note({ faults: 1 });
    }, 120_000);

    test("somebody else's pending change, drift, and a second reader", async () => {
      const session = await box.open();
      const token = await session.begin({
        id: "theirs",
        mode: "merge",
        confirmMs: 60_000,
        preImage: await session.running(),
        text: "",
        comment: "",
      });
      await session.arm(token);
      expect(await change("file /etc/motd\n |mine\n")).toMatchObject({
        state: "FAILED",
        code: "PENDING_CHANGE",
        notApplied: true,
      });
      await session.confirm(token);
      await session.cleanup(token);
      await session.close();
      const spec = await box.plan("file /etc/motd\n |mine\n", { confirmMs: 30_000 });
      await host.sh("echo theirs > /etc/issue.net");
      expect(await runChange(box.context(), spec, recorder().hooks)).toMatchObject({
        state: "DRIFTED",
        notApplied: true,
      });
      const late = await change(
        "file /etc/motd\n |mine\n",
        {},
        { at: (step) => void (step === "stage" && host.sh("echo more >> /etc/issue.net")) },
      );
      expect(late.state).toBe("DRIFTED");
      expect(await host.sh("cat /etc/issue.net")).toBe("theirs\nmore\n");
      await host.sh("rm /etc/issue.net");
      expect(await left()).toBe("");
      note({ faults: 1 });
    }, 60_000);

    test("what somebody else writes while the timer runs is told by name, and stays when ours is taken back", async () => {
      const result = await change(
        "file /etc/motd\n |ours\n",
        {},
        {
          at: async (step) => void (step === "apply" && (await host.sh("echo theirs > /etc/issue.net"))),
        },
      );
      expect(result, `${result.code} ${result.detail}`).toMatchObject({ state: "FAILED", code: "REVERT_FAILED" });
      expect(result.diff).toContain("theirs");
      expect(await host.sh("cat /etc/issue.net; cat /etc/motd")).toBe("theirs\nconfirm first\n");
      await host.sh("rm -rf /etc/issue.net /var/lib/farhand/undo-*");
      note({ faults: 1 });
    }, 60_000);

    test("a host that hangs in the middle of the apply: its own undo ends that, and nothing goes on behind it", async () => {
      // What is to be put in force waits for what does not come, before its first file.
      const spec = await box.plan("file /etc/motd\n |hangs\n", { confirmMs: 8_000 });
      const journal = recorder({
        at: async (step) => {
          if (step === "apply?") await host.sh(`sed -i '/apply.pid"$/a sleep 600' /var/lib/farhand/undo-*/apply`);
        },
      });
      const result = await runChange(box.context(), spec, journal.hooks);
      expect(result, `${result.code} ${result.detail}`).toMatchObject({
        state: "ROLLED_BACK",
        code: "COMMAND_REFUSED",
      });
      expect(await host.sh("cat /etc/motd; pgrep -af [u]ndo-.*/apply || true")).not.toMatch(/hangs|undo-/v);
      expect(await left()).toBe("");
      note({ faults: 1 });
    }, 120_000);

    linuxEndings({
      init,
      // Started when the first test is, not when the tests are named.
      get host() {
        return host;
      },
      get box() {
        return box;
      },
      note,
      left,
      serviceIs,
      change,
      expectDone,
    });
  });
}
