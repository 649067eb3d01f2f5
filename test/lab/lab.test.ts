// The lab itself: it comes up, its only way home leads through r2, its routers are reached as ordinary boxes are, and it
// leaves nothing behind.

import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { startLab, type ExecResult, type Lab, type NodeName, type RouterName } from "./lab.ts";
import { processesIn } from "./node.ts";
import { poll } from "./poll.ts";
import { labVerdict } from "./requirements.ts";
import { agentAddress, changes, plans, routerNames } from "./topology.ts";

const verdict = labVerdict();
const nodes: readonly NodeName[] = ["agent", "hub", "switch", ...routerNames];
const networksOf = (lab: Lab): Promise<string[]> =>
  Promise.all(nodes.map(async (node) => (await lab.exec(node, ["readlink", "/proc/self/ns/net"])).stdout.trim()));

describe.skipIf(!verdict.run)(`real-router lab${verdict.run ? "" : `: ${verdict.reason}`}`, () => {
  let lab: Lab;
  let folder: string;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "lab-test-"));
    lab = await startLab();
    writeFileSync(join(folder, "known_hosts"), lab.knownHosts());
  }, 60_000);
  afterAll(async () => {
    await lab?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const ssh = (router: RouterName, command: string, knownHosts = "known_hosts"): Promise<ExecResult> => {
    const { address, user, password } = lab.router(router);
    const strict = ["-o", "StrictHostKeyChecking=yes", "-o", `UserKnownHostsFile=${join(folder, knownHosts)}`];
    const argv = ["sshpass", "-e", "ssh", "-F", "none", ...strict, `${user}@${address}`, command];
    return lab.exec("agent", argv, { env: { SSHPASS: password } });
  };

  test("each router has its neighbours, and nothing at the exchange yet", async () => {
    for (const name of routerNames) {
      const expected = plans[name].neighbors.map(({ address }) => [address, "Established"]);
      expect(await lab.bgp(name)).toEqual(Object.fromEntries(expected));
    }
  });

  test("the agent reaches the hub through r2 and no other way", async () => {
    const serve =
      "Bun.serve({ hostname: '10.99.0.1', port: 8443, fetch: (q, s) => new Response(s.requestIP(q).address) })";
    const hub = lab.spawn("hub", [process.execPath, "-e", serve]);
    const ask = (): Promise<ExecResult> =>
      lab.exec("agent", [
        process.execPath,
        "-e",
        `
        const answer = await fetch("http://${lab.hubAddress}:8443", { signal: AbortSignal.timeout(1000) });
        process.stdout.write(await answer.text());`,
      ]);
    const answered = async (): Promise<true | undefined> => ((await ask()).stdout === agentAddress ? true : undefined);
    await poll("the hub's answer", answered, { within: 60_000 });
    await lab.exec("r2", ["ip", "link", "set", "eth4", "down"]);
    expect((await ask()).code).not.toBe(0);
    expect((await ssh("r2", "true")).code).toBe(0);
    await lab.exec("r2", ["ip", "link", "set", "eth4", "up"]);
    await poll("the hub's answer", answered, { within: 60_000 });
    hub.kill("SIGKILL");
  }, 60_000);

  test.each(routerNames)("%s is an ordinary box behind ssh", async (name) => {
    const { stdout, code } = await ssh(name, "hostname; echo $SHELL; sudo -n vtysh -c 'show running-config'");
    expect(code).toBe(0);
    const [hostname, shell, ...running] = stdout.split("\n");
    expect([hostname, shell]).toEqual([name, "/bin/bash"]);
    expect(running.join("\n")).toBe(await lab.vtysh(name, "show running-config"));
    // The lab starts saved: frr.conf holds the running configuration.
    const body = running
      .slice(running.findIndex((line) => line.startsWith("frr version ")))
      .join("\n")
      .trimEnd();
    expect(readFileSync(`${lab.router(name).root}/etc/frr/frr.conf`, "utf8")).toContain(body.replace(/\nend$/, ""));
  });

  test("a wrong host key is refused and the server saw no password", async () => {
    const [r1, r2] = [lab.router("r1"), lab.router("r2")];
    writeFileSync(join(folder, "wrong"), `${r1.address} ssh-ed25519 ${r2.hostKeyPublic}\n`);
    const before = r1.sshLog().length;
    const { code, stderr } = await ssh("r1", "true", "wrong");
    expect(code).not.toBe(0);
    expect(stderr).toContain("Host key verification failed");
    const tail = (): string => r1.sshLog().slice(before);
    await poll("the server's log", () => tail().includes("Connection closed by") || undefined, { within: 60_000 });
    expect(tail()).not.toContain("userauth-request");
    await ssh("r1", "true");
    expect(tail()).toMatch(/userauth-request for user farhand service ssh-connection method password/);
  });

  const configure = (router: RouterName, lines: readonly string[]): Promise<ExecResult> =>
    lab.exec(router, ["vtysh", ...["configure terminal", ...lines].flatMap((line) => ["-c", line.trim()])]);
  const pathTo = async (address: string, port: number): Promise<boolean> => {
    const connect = `exec 3<>/dev/tcp/${address}/${port}`;
    const { code, stderr } = await lab.exec("agent", ["timeout", "1", "bash", "-c", connect]);
    return code === 0 || stderr.includes("Connection refused");
  };

  test("the changes that cut something cut what they say, and nothing else", async () => {
    const undo = {
      killWayHome: ["ip route 10.99.0.1/32 10.30.0.1"],
      killUplinkAddress: ["interface eth4", "ip address 10.30.0.2/30"],
      cutPathToR1: ["interface eth0", "ip address 10.20.0.1/24"],
      cutPathToR3: ["ip route 10.20.0.0/24 10.0.23.2"],
    };
    const cases = [
      ["killWayHome", "r2", "hub"],
      ["killUplinkAddress", "r2", "hub"],
      ["cutPathToR1", "r1", "r1"],
      ["cutPathToR3", "r3", "r3"],
    ] as const;
    const reached = async (): Promise<string[]> => {
      const targets = [
        ["hub", lab.hubAddress, 1],
        ...lab.routers.map((r) => [r.name, r.address, r.sshPort] as const),
      ] as const;
      const answers = await Promise.all(targets.map(([, address, port]) => pathTo(address, port)));
      return targets.flatMap(([name], index) => (answers[index] === true ? [name] : []));
    };
    const all = ["hub", ...routerNames];
    for (const [change, router, lost] of cases) {
      expect((await configure(router, changes[change])).code).toBe(0);
      const left = all.filter((name) => name !== lost).join();
      await poll(change, async () => (await reached()).join() === left || undefined, { within: 60_000 }); // zebra is not instant
      expect((await configure(router, undo[change])).code).toBe(0);
      await poll("everything back", async () => (await reached()).length === all.length || undefined, {
        within: 60_000,
      });
    }
  }, 60_000);

  test("the change that is refused half-way passes vtysh -C and leaves its first line", async () => {
    const lines = changes.refusedHalfWay("r1");
    // Through a pipe: standard input is a socket here, which /dev/stdin cannot open.
    const check = ["sh", "-c", "cat | vtysh -C -f /dev/stdin"];
    const checked = await lab.exec("r1", check, { input: `${lines.join("\n")}\n` });
    expect(checked).toMatchObject({ code: 0, stdout: "", stderr: "" });
    expect(await configure("r1", lines)).toMatchObject({ code: 1, stdout: "% Configure the peer-group first\n" });
    expect(await lab.vtysh("r1", "show running-config")).toContain("neighbor 10.0.100.77 remote-as 65077");
    await configure("r1", ["router bgp 65001", "no neighbor 10.0.100.77"]);
  });

  test("the exchange's change on all three brings its three sessions up", async () => {
    for (const name of routerNames) {
      const { code, stdout, stderr } = await configure(name, changes.peerAtExchange(name));
      expect({ name, code, stdout, stderr }).toEqual({ name, code: 0, stdout: "", stderr: "" });
    }
    await Promise.all(
      routerNames.map((name) =>
        poll(
          `exchange on ${name}`,
          async () => {
            const states = await lab.bgp(name);
            return plans[name].ixNeighbors.every(({ address }) => states[address] === "Established") || undefined;
          },
          { within: 60_000, every: 100 },
        ),
      ),
    );
  }, 60_000);

  test("two labs at once; an abort ends what was spawned; stop leaves nothing behind and may be called again", async () => {
    const links = readdirSync("/sys/class/net");
    const mounts = readFileSync("/proc/self/mounts", "utf8");
    const second = await startLab();
    const networks = await networksOf(second);
    expect(new Set([...networks, ...(await networksOf(lab))]).size).toBe(2 * nodes.length);
    const abort = new AbortController();
    const sleeper = second.spawn("r1", ["sleep", "1000"], { signal: abort.signal });
    const ended = new Promise((resolve) => sleeper.once("exit", resolve));
    abort.abort();
    await ended;
    // What was spawned is killed with the one that entered the router; the kernel buries it a moment later.
    const sleeps = async (): Promise<boolean> => (await second.exec("r1", ["pgrep", "sleep"])).stdout !== "";
    await poll("the sleeper's end", async () => ((await sleeps()) ? undefined : true), { within: 30_000 });
    second.spawn("agent", ["setsid", "-f", "sleep", "1000"]);
    second.spawn("r1", ["setsid", "-f", "sleep", "1000"]);
    await Promise.all([second.stop(), second.stop()]);
    await second.stop();
    expect(networks.flatMap(processesIn)).toEqual([]);
    expect(readdirSync("/sys/class/net")).toEqual(links);
    expect(readFileSync("/proc/self/mounts", "utf8")).toBe(mounts);
    await expect(second.vtysh("r1", "show version")).rejects.toThrow("not running");
  }, 60_000);

  test("a start that is aborted half-way leaves nothing behind", async () => {
    const children = (): string => readFileSync(`/proc/${process.pid}/task/${process.pid}/children`, "utf8");
    const before = children();
    await expect(startLab({ signal: AbortSignal.timeout(400) })).rejects.toThrow();
    await poll("no new child", () => (children() === before ? true : undefined), { within: 60_000 });
  }, 60_000);

  test("a lab whose owner is killed ends by itself", async () => {
    const script = `
      import { startLab } from ${JSON.stringify(new URL("./lab.ts", import.meta.url).href)};
      const lab = await startLab();
      lab.spawn("agent", ["sleep", "1000"]);
      lab.spawn("hub", ["setsid", "-f", "sleep", "1000"]);
      const nodes = ${JSON.stringify(nodes)};
      const links = await Promise.all(nodes.map((node) => lab.exec(node, ["readlink", "/proc/self/ns/net"])));
      console.log(JSON.stringify(links.map(({ stdout }) => stdout.trim())));`;
    const owner = spawn(process.execPath, ["-e", script], { stdio: ["ignore", "pipe", "inherit"] });
    const networks = await new Promise<string[]>((resolve) =>
      owner.stdout.once("data", (line: Buffer) => resolve(z.array(z.string()).parse(JSON.parse(line.toString())))),
    );
    expect(networks.flatMap(processesIn).length).toBeGreaterThan(20);
    owner.kill("SIGKILL");
    await poll("the end of the lab", () => networks.flatMap(processesIn).length === 0 || undefined, { within: 60_000 });
  }, 60_000);
});
