// How a host of Linux ends whatever happens to it: killed agents, crashes, rotated passwords, what is refused.
import { spawn, type ChildProcess } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { runChange } from "../../drivers/transaction/change.ts";
import { runRotation, type RotateHooks } from "../../drivers/transaction/rotate.ts";
import { recoverChange } from "../../drivers/transaction/recover.ts";
import type { ChangeSpec } from "../../drivers/types.ts";
import { systemClock } from "../../shared/clock.ts";
import { errorCode, FarhandError } from "../../shared/errors.ts";
import { Secret } from "../../shared/secret.ts";
import { poll } from "../lab/poll.ts";
import { linuxBox as boxOf } from "./linux-box.ts";
import { everyHost, type LinuxHost } from "./linux-lab.ts";
import { recorder, tagger } from "./support.ts";

/** The agent's process is gone: nothing that it would have done on the way out happens. */
import type { LinuxScene } from "./linux-suite.ts";

/** The agent's process is gone: nothing that it would have done on the way out happens. */
class Killed extends Error {}

export function linuxEndings(scene: LinuxScene): void {
  test("a snapshot puts back a scene.host whose files were emptied, byte for byte; secrets are kept by their tags", async () => {
    await scene.host.sh(
      "printf 'API_KEY=hunter2hunter2\\nMAILTO=root\\n17 3 * * * root true\\n' > /etc/cron.d/job; rm -f /etc/cron.d/odd*",
    );
    const session = await scene.box.open();
    const snapshot = await session.running();
    await session.close();
    expect(scene.box.driver.notRestorable(scene.box.target.id, snapshot.raw, tagger)).toBeNull();
    const before = await scene.host.sh(
      "cd /etc; sha256sum motd cron.d/* ssh/sshd_config ssh/sshd_config.d/* chrony/conf.d/*; stat -c '%n %a %U' motd cron.d/*",
    );
    await scene.host.sh(
      "rm /etc/motd /etc/cron.d/job; echo x > /etc/cron.d/stray; chmod 600 /etc/hosts; service chrony stop </dev/null >/dev/null 2>&1; rm /etc/chrony/conf.d/*",
    );
    const spec = await scene.box.plan(snapshot.raw, { mode: "replace", source: "sealed", confirmMs: 30_000 });
    expect(spec.diff + spec.commands).not.toContain("hunter2");
    const result = await runChange(scene.box.context(), spec, recorder().hooks);
    scene.expectDone(result);
    expect(result.after?.publicDigest).toBe(snapshot.publicDigest);
    scene.note({ replace: 1 });
    expect(
      await scene.host.sh(
        "cd /etc; sha256sum motd cron.d/* ssh/sshd_config ssh/sshd_config.d/* chrony/conf.d/*; stat -c '%n %a %U' motd cron.d/*",
      ),
    ).toBe(before);
    // One line of it changed by an author, who sees only the tag.
    const shown =
      /file \/etc\/cron\.d\/job[^\n]*\n(?<lines>(?: \|[^\n]*\n)+)/v.exec(snapshot.publicText)?.groups?.["lines"] ?? "";
    scene.expectDone(await scene.change(`file /etc/cron.d/job\n${shown.replace("17 3", "18 4")}`));
    expect(await scene.host.sh("cat /etc/cron.d/job")).toBe(
      "API_KEY=hunter2hunter2\nMAILTO=root\n18 4 * * * root true\n",
    );
    expect(scene.box.transcript.join("\n")).not.toContain("hunter2");
    await scene.host.sh("rm /etc/cron.d/job");
  }, 60_000);

  test("the agent's process is killed (kill -9) right after the apply: the scene.host takes it back by itself", async () => {
    const text = "file /etc/motd\n |a dead agent's\n";
    const spec = await scene.box.plan(text, { confirmMs: 6_000 });
    const child = agentProcess(scene.host, spec);
    await poll(
      "the change",
      async () => ((await scene.host.sh("cat /etc/motd")).includes("a dead agent's") ? true : undefined),
      {
        within: 30_000,
      },
    );
    child.kill("SIGKILL");
    await new Promise((resolve) => child.once("close", resolve));
    expect(child.signalCode).toBe("SIGKILL");
    await poll(
      "the host's own undo",
      async () => ((await scene.host.sh("cat /etc/motd")).includes("a dead agent's") ? undefined : true),
      {
        within: 30_000,
      },
    );
    const result = await poll(
      "its end",
      () => scene.host.sh("cat /var/lib/farhand/undo-*/result").catch(() => undefined),
      {
        within: 20_000,
      },
    );
    expect(result).toBe("0\n");
    await scene.host.sh("rm -r /var/lib/farhand/undo-*");
    expect(await scene.left()).toBe("");
  }, 90_000);

  test("a crash at every boundary ends in what is true, and leaves nothing behind", async () => {
    const every = [
      "precheck",
      "snapshot",
      "arm?",
      "arm",
      "stage?",
      "stage",
      "apply?",
      "apply",
      "reconnect",
      "verify",
      "confirm?",
      "confirm",
      "save",
      "re-read",
    ];
    // Every boundary takes a login and a read of its own: all of them at night.
    const boundaries = everyHost() ? every : ["arm", "apply", "confirm?"];
    const ended: string[] = [];
    for (const boundary of boundaries) {
      const before = await scene.host.sh("cat /etc/motd");
      const wanted = `crash at ${boundary}\n`;
      const spec = await scene.box.plan(`file /etc/motd\n |${wanted}`, { confirmMs: 60_000, id: `crash ${boundary}` });
      const dead = new AbortController();
      const journal = recorder({
        at: (step) => {
          if (step !== boundary) return;
          dead.abort(new Killed());
          throw new Killed();
        },
      });
      await runChange(scene.box.context(dead.signal), spec, journal.hooks).catch(() => undefined);
      const result = await recoverChange(scene.box.context(), spec, journal.progress(), recorder().hooks);
      const now = await scene.host.sh("cat /etc/motd");
      expect([boundary, result.state, now]).toEqual([
        boundary,
        result.state,
        result.state === "DONE" ? wanted : before,
      ]);
      expect(["DONE", "ROLLED_BACK", "FAILED"]).toContain(result.state);
      if (result.state === "FAILED") expect(result.notApplied).toBe(true);
      ended.push(`${boundary} → ${result.state}`);
      expect(await scene.left(), boundary).toBe("");
    }
    console.log(`linux under ${scene.init}: ${ended.join(", ")}`);
    scene.note({ crashes: ended.length });
  }, 180_000);

  test("the account's password is changed in two phases, and put back where the new one does not work", async () => {
    const fresh = "n3w-Passw0rd-of-the-host";
    const rigs = { old: scene.box, new: boxOf(scene.host, fresh) };
    const events: string[] = [];
    const hooks = (): RotateHooks => ({
      intent: () => Promise.resolve(),
      done: () => Promise.resolve(),
      state: () => Promise.resolve(),
      stopRequested: () => false,
      keep: () => Promise.resolve(void events.push("keep")),
      back: () => Promise.resolve(void events.push("back")),
      forgetOld: () => Promise.resolve(void events.push("forget")),
    });
    const context = (working: "new" | "old") => ({
      open: (which: "old" | "new", signal: AbortSignal) => rigs[which === "new" ? working : "old"].open(signal),
      clock: systemClock,
      signal: new AbortController().signal,
    });
    const opens = (which: "old" | "new"): Promise<unknown> =>
      rigs[which].open().then(async (session) => {
        await session.close();
        return "in";
      }, errorCode);
    const spec = { id: "rotate-1", password: new Secret(fresh), confirmMs: 20_000, serial: null };
    // The new login is refused: as if it had not been taken.
    const wrong = {
      ...context("new"),
      open: (which: "old" | "new", signal: AbortSignal) =>
        which === "new" ? Promise.reject(new FarhandError("LOGIN_REFUSED")) : scene.box.open(signal),
    };
    expect(await runRotation(wrong, spec, hooks())).toMatchObject({ state: "ROLLED_BACK" });
    expect([await opens("old"), await opens("new")]).toEqual(["in", "LOGIN_REFUSED"]);
    const done = await runRotation(context("new"), { ...spec, id: "rotate-2" }, hooks());
    expect(done, `${done.code} ${done.detail}`).toMatchObject({ state: "DONE", code: null, level: "C" });
    expect([await opens("new"), await opens("old")]).toEqual(["in", "LOGIN_REFUSED"]);
    expect(events).toEqual(["back", "keep", "forget"]);
    await scene.host.sh(`echo '${scene.host.user}:${scene.host.password}' | chpasswd -c SHA512`);
    expect(await scene.left()).toBe("");
  }, 120_000);

  test("kernel values are put back with the files that set them", async () => {
    const key = "net.ipv4.conf.lo.arp_announce";
    await scene.host.sh(`sysctl -q -w ${key}=1`);
    const text = `file /etc/sysctl.d/90-site.conf\n |${key} = 2\n`;
    const result = await scene.change(text, {
      verify: [{ command: `sysctl ${key}`, contains: [`${key} = 7`], withinMs: 0 }],
    });
    expect(result, `${result.code} ${result.detail}`).toMatchObject({
      state: "ROLLED_BACK",
      code: "VERIFICATION_FAILED",
    });
    expect(await scene.host.sh(`sysctl -n ${key}`)).toBe("1\n");
    scene.expectDone(
      await scene.change(text, { verify: [{ command: `sysctl ${key}`, contains: [`${key} = 2`], withinMs: 0 }] }),
    );
    expect(await scene.host.sh(`sysctl -n ${key}`)).toBe("2\n");
  }, 60_000);

  test("links, paths that are not named, and services that are not there are refused; nothing is written through a link", async () => {
    await scene.host.sh("rm -f /etc/motd; echo target > /tmp/target; ln -s /tmp/target /etc/motd");
    const session = await scene.box.open();
    const before = await session.running();
    await session.close();
    const refusal = (text: string): unknown => {
      try {
        scene.box.driver.predict({ device: scene.box.target.id, mode: "merge", text, before, tagger });
        return "planned";
      } catch (error) {
        return errorCode(error);
      }
    };
    for (const text of [
      "file /etc/motd\n |through a link\n",
      "file /etc/shadow\n |x\n",
      "file /etc/cron.d/../shadow\n |x\n",
      "file /etc/cron.d/.hidden\n |x\n",
      "file /etc/issue.net 0666 root:root\n |x\n",
      "service nosuch enabled active\n",
      "service rsyslog enabled active\n",
      "no file /etc/issue.net\n",
      "nonsense\n",
      'file /etc/issue.net\n |‹secret("x")›\n',
    ])
      expect(refusal(text), text).toBe("TEXT_REFUSED");
    expect(await scene.host.sh("cat /tmp/target")).toBe("target\n");
    // It becomes a link while the change is under way.
    await scene.host.sh("rm /etc/motd; echo file > /etc/motd");
    const result = await scene.change(
      "file /etc/motd\n |mine\n",
      {},
      {
        at: async (step) => void (step === "arm" && (await scene.host.sh("rm /etc/motd; ln -s /tmp/target /etc/motd"))),
      },
    );
    expect(result, `${result.code} ${result.detail}`).toMatchObject({ state: "FAILED", notApplied: true });
    expect(await scene.host.sh("cat /tmp/target; rm /etc/motd; echo Keep > /etc/motd")).toBe("target\n");
    expect(await scene.left()).toBe("");
  }, 60_000);

  test("a login that may not sudo has no level, and is told so", async () => {
    await scene.host.sh("cp -p /etc/sudoers /tmp/sudoers; sed -i 's/NOPASSWD: //' /etc/sudoers");
    const session = await scene.box.open();
    expect(await session.running().then(() => "read", errorCode)).toBe("PRIVILEGE");
    expect(await session.readiness("merge")).toMatchObject({ level: "E", blockers: [{ code: "SUDO" }] });
    await session.close();
    await scene.host.sh("cp -p /tmp/sudoers /etc/sudoers");
    scene.note({ faults: 1 });
  });
}

/** A process of its own that makes the change and is never told to confirm it: it waits at that boundary until it is killed. */
function agentProcess(host: LinuxHost, spec: ChangeSpec): ChildProcess {
  const settings = JSON.stringify({
    port: host.port,
    hostKeyPublic: host.hostKeyPublic,
    user: host.user,
    password: host.password,
    spec,
  });
  const child = spawn(process.execPath, [fileURLToPath(new URL("linux-agent.ts", import.meta.url))], {
    stdio: ["pipe", "ignore", "inherit"],
  });
  child.stdin?.end(settings);
  return child;
}
