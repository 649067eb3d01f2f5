// What runs on a simulated host really runs, and touches nothing of the machine that it is on.
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { ManualClock } from "../../shared/clock.ts";
import { Jail, type JailOptions } from "./jail.ts";
import { hostVerdict } from "./requirements.ts";

const verdict = hostVerdict();
const open: Jail[] = [];
const clock = new ManualClock();

async function start(options: Partial<JailOptions> = {}): Promise<Jail> {
  const jail = await Jail.start({
    hostname: "edge-1",
    clock,
    accounts: [
      { name: "netops", uid: 1000, sudo: "ALL=(ALL) NOPASSWD: ALL" },
      { name: "watcher", uid: 1001, sudo: "ALL=(ALL) NOPASSWD: /usr/bin/id, /usr/bin/uptime" },
      { name: "guest", uid: 1002 },
    ],
    ...options,
  });
  open.push(jail);
  return jail;
}

const mounts = (): string => readFileSync("/proc/self/mounts", "utf8");

describe.skipIf(!verdict.run)(`a host in a jail${verdict.run ? "" : `: ${verdict.reason}`}`, () => {
  afterEach(async () => {
    await Promise.all(open.splice(0).map((jail) => jail.close()));
  });

  test("runs what it is told by its own shell, as the account that asks, in its home, with its output and status", async () => {
    const jail = await start();
    const ran = await jail.run('id -un; pwd; hostname; cat; echo "no" >&2; exit 7', { login: "netops", stdin: "said" });
    expect(ran).toEqual({
      code: 7,
      stdout: `${Jail.hasAccounts ? "netops" : "root"}\n/home/netops\nedge-1\nsaid`,
      stderr: "no\n",
    });
    expect((await jail.run("kill -9 $$")).code).toBe(137);
    expect((await jail.run("awk 'BEGIN { print 1 + 1 }'; perl -e 'print 3'; echo | base64")).stdout).toBe("2\n3Cg==\n");
  });

  test("sudo lets an account do what its line says, and asks for a password where it has none", async () => {
    const jail = await start();
    const sudo = async (login: string, command: string) => {
      const { code, stdout, stderr } = await jail.run(command, { login });
      return `${code} ${stdout}${stderr}`;
    };
    expect(await sudo("netops", "sudo -n id -u")).toBe("0 0\n");
    expect(await sudo("netops", "echo 'id -u; echo $HOME $USER' | sudo -n sh -s -- a")).toBe("0 0\n/root root\n");
    expect(await sudo("netops", "sudo id -u")).toBe("0 0\n");
    expect(await sudo("guest", "sudo id")).toMatch(/^1 sudo: a terminal is required/);
    expect(await sudo("watcher", "sudo -n id -u")).toBe("0 0\n");
    expect(await sudo("watcher", "sudo -n sh -c id")).toBe("1 sudo: a password is required\n");
    expect(await sudo("guest", "sudo -n id")).toBe("1 sudo: a password is required\n");
    jail.setSudoAsks(true);
    expect(await sudo("netops", "sudo -n id")).toBe("1 sudo: a password is required\n");
    jail.setSudoAsks(false);
    expect(await sudo("netops", "sudo -n id -u")).toBe("0 0\n");
  });

  test("what waits in it waits for the simulator's clock, and is no longer there when it is killed", async () => {
    const jail = await start();
    const woken: number[] = [];
    jail.sleeps.onWake = ({ untilMs, fromMs }) => void woken.push(untilMs - fromMs);
    await jail.run("setsid -f sh -c 'sleep 1.5m; echo late > /root/late' < /dev/null > /dev/null 2>&1");
    const killed = jail.run("sleep 500 & one=$!; sleep 600 & kill $one $!; wait $one $!; echo over");
    await expect.poll(() => jail.sleeps.open.length).toBeGreaterThan(0);
    expect(await killed).toMatchObject({ code: 0, stdout: "over\n" });
    await expect.poll(() => jail.sleeps.open.map(({ untilMs, fromMs }) => untilMs - fromMs)).toEqual([90_000]);
    clock.advance(89_999);
    expect(existsSync(jail.at("/root/late"))).toBe(false);
    clock.advance(1);
    await expect.poll(() => existsSync(jail.at("/root/late"))).toBe(true);
    await expect.poll(() => jail.busy).toBe(false);
    expect(woken).toEqual([90_000]);
    expect((await jail.run("sleep soon; sleep")).stderr).toContain("invalid time interval 'soon'");
  });

  test("programs of the simulator's own are files in it, wherever they lie, and get words, input and an answer", async () => {
    const jail = await start({
      files: [{ path: "/etc/motd", content: "hello\n", mode: "0600" }],
      programs: [
        { path: "/usr/lib/frr/tool", serve: ({ argv, out }) => (out(`${argv.join("|")}\n`), 3) },
        {
          path: "/usr/local/sbin/takes",
          readsStdin: true,
          serve: ({ stdin, err }) => (err(`${stdin.length} ${stdin.toString("utf8", 0, 3)}`), 0),
        },
        { path: "/usr/local/sbin/broken", serve: () => Promise.reject(new Error("not today")) },
        { path: "/usr/local/bin/plain", text: '#!/bin/sh\necho plain "$1"\n' },
      ],
    });
    expect(await jail.run("/usr/lib/frr/tool a 'b  c' ''")).toEqual({ code: 3, stdout: "a|b  c|\n", stderr: "" });
    const big = "ä".repeat(200_000);
    expect(await jail.run("takes", { stdin: big })).toMatchObject({ stderr: "400000 ä\ufffd" });
    expect(await jail.run("broken")).toEqual({ code: 70, stdout: "", stderr: "not today\n" });
    expect((await jail.run("plain x; stat -c '%a %u' /etc/motd; ls /usr/lib | wc -l")).stdout).toMatch(
      /^plain x\n600 0\n\d{2,}/,
    );
    expect(readFileSync(jail.at("/etc/motd"), "utf8")).toBe("hello\n");
  });

  test("a reboot ends all that runs and forgets /run and /tmp; the disk stays, and its boot program runs first", async () => {
    const jail = await start({
      boot: "/etc/boot",
      files: [{ path: "/etc/boot", content: "#!/bin/sh\necho up >> /var/boots\n", mode: "0755" }],
    });
    await jail.run("echo 1 > /etc/kept; echo 1 > /run/gone; echo 1 > /tmp/gone; setsid -f sleep 1000 > /dev/null 2>&1");
    await expect.poll(() => jail.sleeps.open.length).toBe(1);
    const running = jail.run("cat; sleep 1000");
    await jail.reboot();
    expect((await running).code).not.toBe(0);
    expect(jail.sleeps.open).toEqual([]);
    const { stdout } = await jail.run(
      "cat /etc/kept /var/boots; ls /run/gone /tmp/gone 2> /dev/null; ps ax | grep -c '[s]leep'",
    );
    expect(stdout).toBe("1\nup\nup\n0\n");
    await jail.halt();
    expect(await jail.run("id")).toMatchObject({ code: expect.not.stringMatching(/^0$/) as unknown, stdout: "" });
    expect(readFileSync(jail.at("/etc/kept"), "utf8")).toBe("1\n");
    await jail.boot();
    expect((await jail.run("echo on")).stdout).toBe("on\n");
  });

  test("nothing outside can be changed, seen or reached; processes, disk and output are bounded", async () => {
    const jail = await start({ diskMiB: 40, processesMax: 60 });
    const before = readFileSync("/proc/sys/kernel/panic", "utf8");
    const { stdout } = await jail.run(
      "touch /usr/bin/x /.outer/usr/x; echo 7 > /proc/sys/kernel/panic; ls /tmp /home; cat /proc/net/dev | wc -l; [ -e /work ] && echo work; mknod /dev/mine b 8 0 && cat /dev/mine",
    );
    expect(stdout).toBe("/home:\nguest\nnetops\nwatcher\n\n/tmp:\n3\n");
    expect(readFileSync("/proc/sys/kernel/panic", "utf8")).toBe(before);
    expect(existsSync("/usr/bin/x")).toBe(false);
    const forks = await jail.run(
      "perl -e 'for (1 .. 500) { my $p = fork; defined $p or do { print qq($_\\n); exit }; $p or do { close STDOUT; close STDERR; select undef, undef, undef, 100 while 1 } }'",
    );
    expect(Number(forks.stdout)).toBeLessThan(60);
    await jail.reboot();
    expect((await jail.run("head -c 100000000 /dev/zero > /root/big; stat -c %s /root/big")).stdout).toMatch(
      /^[1-4]\d{7}\n$/,
    );
    await expect(jail.run("head -c 3000000 /dev/zero", { outputBytesMax: 1_000_000 })).rejects.toThrow("1000000 bytes");
  });

  test("what its simulator reads and writes there is the host's own, whatever its root has put in the way", async () => {
    const mine = mkdtempSync(join(tmpdir(), "farhand-victim-"));
    writeFileSync(join(mine, "file"), "ours");
    const jail = await start();
    const { stdout } = await jail.run(
      `mkdir -p ${mine} /etc/in; echo inner > ${mine}/file; echo plain > /etc/in/plain; echo kept > /etc/kept
      ln -s ${mine} /etc/away; ln -s ${mine}/file /etc/link; ln -s ../../../../etc/in/plain /etc/in/up; ln -s /etc/loop /etc/loop
      mkfifo /etc/pipe; ln -s /proc/sys/kernel/hostname /etc/kernel; ln -s /proc/1/root/etc/kept /etc/magic; ln -s /dev/zero /etc/zero; head -c 99 /dev/zero > /etc/big; echo made`,
    );
    expect(stdout).toBe("made\n");
    // /tmp is not on its disk: a link to it leads nowhere there, and to the host's own folder where it runs.
    expect([jail.disk.read("/etc/away/file"), jail.disk.names("/etc/away")]).toEqual([undefined, []]);
    expect([jail.running.read("/etc/away/file"), jail.running.read("/etc/link")]).toEqual(["inner\n", "inner\n"]);
    expect(jail.running.names("/etc/away/../../etc/in/../in")).toEqual(["plain", "up"]);
    expect(jail.disk.read("/etc/in/up")).toBe("plain\n");
    expect(
      ["kernel", "pipe", "zero", "loop", "none", "kept/"].map((name) => jail.running.read(`/etc/${name}`)),
    ).toEqual([...Array.from({ length: 5 }, () => undefined), "kept\n"]);
    expect(jail.running.read("/proc/version")).toBeUndefined();
    expect([jail.disk.read("/etc/big", 98), jail.disk.read("/etc/big", 99)?.length]).toEqual([undefined, 99]);
    expect([jail.disk.target("/etc/link"), jail.disk.stat("/etc/link")?.isSymbolicLink()]).toEqual([
      `${mine}/file`,
      true,
    ]);
    jail.running.write("/etc/link", "new");
    for (const name of ["kernel", "pipe", "loop", "zero", "none"])
      expect(() => jail.running.write(`/etc/${name}`, "x")).toThrow();
    expect(() => jail.disk.write("/etc/link", "x")).toThrow();
    expect((await jail.run(`cat ${mine}/file; hostname`)).stdout).toBe("newedge-1\n");
    expect(readFileSync(join(mine, "file"), "utf8")).toBe("ours");
    rmSync(mine, { recursive: true });
  });

  test("a program is asked from its own mounts, and its ancestors by this machine's processes, not by what lies in its /proc", async () => {
    const asked: unknown[] = [];
    const jail = await start({
      files: [{ path: "/etc/motd", content: "of all" }],
      programs: [
        {
          path: "/usr/local/sbin/ask",
          serve: ({ files, pid }) => {
            const found = jail.ancestorsOf(pid);
            asked.push(files.read("/etc/motd"), found.length, found.includes(pid), jail.disk.read("/etc/motd"));
            return 0;
          },
        },
      ],
    });
    const fake = "mount -t tmpfs t /proc; for one in $(seq 1 99); do mkdir /proc/$one; ln -s / /proc/$one/root; done;";
    const own = "echo own > /run/own; mount --bind /run/own /etc/motd; ask; true";
    expect((await jail.run(`${fake} unshare -m sh -c '${own}'; true`)).code).toBe(0);
    expect(asked).toEqual(["own\n", 2, false, "of all"]);
  });

  test("a host that its own root switches off is down, and can be booted; its /proc has nothing of this machine under it", async () => {
    const jail = await start();
    await jail.run("umount /proc; ls /proc > /root/under");
    expect(readFileSync(jail.at("/root/under"), "utf8")).toBe("");
    // reboot(2) of a pid namespace ends it.
    await jail.run("perl -e 'syscall(169, 0xfee1dead, 672274793, 0x01234567, 0)'");
    await expect.poll(() => jail.up).toBe(false);
    expect(jail.running.names("/")).toEqual([]);
    await jail.boot();
    expect((await jail.run("echo on")).stdout).toBe("on\n");
  });

  test("whoever closes it while it boots, at any moment, or while its boot never ends, leaves nothing", async () => {
    for (const at of ["spawned", "up", "booting"]) {
      const hostname = `cut-${at}-${process.pid}`;
      const jail = await start({
        hostname,
        boot: "/etc/boot",
        files: [
          {
            path: "/etc/boot",
            content:
              "#!/bin/sh\n[ -e /etc/once ] || { : > /etc/once; exit; }\n: > /etc/twice\nexec perl -e 'sleep 9999'\n",
            mode: "0755",
          },
        ],
      });
      await jail.halt();
      const booting = jail.boot();
      if (at === "spawned") await expect.poll(() => processesOf(hostname).length).toBeGreaterThan(0);
      if (at === "up") await expect.poll(() => jail.up).toBe(true);
      if (at === "booting") await expect.poll(() => existsSync(jail.at("/etc/twice"))).toBe(true);
      await jail.close();
      await booting;
      expect(processesOf(hostname)).toEqual([]);
    }
  });

  test("after the end there is no process, no mount and no file of it; nor when its holder is killed", async () => {
    const jail = await start();
    await jail.run("setsid -f sh -c 'trap : TERM HUP; while :; do sleep 1000; done' > /dev/null 2>&1");
    expect(mounts()).not.toContain(jail.folder);
    expect(existsSync(jail.folder)).toBe(true);
    const processes = [jail.at("/"), jail.inside("/")].map((path) => path.split("/").slice(0, 3).join("/"));
    expect(processes.every((path) => existsSync(path))).toBe(true);
    await jail.close();
    expect(existsSync(jail.folder)).toBe(false);
    expect(processes.filter((path) => existsSync(path))).toEqual([]);
    expect(processesOf(jail.folder)).toEqual([]);

    const program = `import { Jail } from ${JSON.stringify(new URL("jail.ts", import.meta.url).href)};
      import { systemClock } from ${JSON.stringify(new URL("../../shared/clock.ts", import.meta.url).href)};
      const jail = await Jail.start({ hostname: "doomed", clock: systemClock });
      await jail.run("setsid -f sleep 1000 > /dev/null 2>&1");
      console.log(jail.at(""), jail.inside(""), jail.folder);`;
    const holder = spawn(process.execPath, ["-e", program], { stdio: ["ignore", "pipe", "inherit"] });
    const said = await new Promise<string>((resolve) => holder.stdout.setEncoding("utf8").once("data", resolve));
    const [disk = "", machine = "", folder = ""] = said.trim().split(" ");
    expect([disk, machine].every((path) => existsSync(path))).toBe(true);
    holder.kill("SIGKILL");
    await expect.poll(() => [disk, machine].filter((path) => existsSync(path.replace("/root", "")))).toEqual([]);
    expect(processesOf(folder)).toEqual([]);
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    // What nobody was left to take away: a folder with a socket that nobody hears.
    rmSync(folder, { recursive: true });
  });
});

/** Processes that name it. */
function processesOf(name: string): string[] {
  return readdirSync("/proc")
    .filter((pid) => /^\d+$/.test(pid))
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(name);
      } catch {
        return false;
      }
    });
}
