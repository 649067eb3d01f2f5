import { describe, expect, it } from "vitest";
import { missingServices, planFor, services, type Machine } from "./services.ts";

const debian: Machine = { isRoot: true, osRelease: 'NAME="Debian"\nID=debian\n', isCi: false };
const frr = services.filter((service) => service.package === "frr");

describe("services for the tests", () => {
  it("misses what the tests need and the machine does not have", () => {
    const present = new Set(["/repo/test/lab", "/usr/sbin/sshd", "/usr/bin/ssh", "/usr/bin/sshpass", "/sbin/ip"]);
    const missing = missingServices("/repo", (path) => present.has(path));
    expect(missing.map((service) => service.package)).toEqual(["sudo", "frr", "frr-pythontools"]);
  });

  it("needs nothing for tests that are not there", () => {
    expect(missingServices("/repo", () => false)).toEqual([]);
  });

  it("does nothing where nothing is missing", () => {
    expect(planFor([], { ...debian, isCi: true })).toEqual({ do: "nothing" });
  });

  it.each([debian.osRelease, "ID=ubuntu\nID_LIKE=debian\n", 'ID=linuxmint\nID_LIKE="ubuntu debian"\n'])(
    "installs as root on %j",
    (osRelease) => {
      expect(planFor(frr, { ...debian, osRelease })).toEqual({ do: "install", packages: ["frr"] });
    },
  );

  it.each<[string, Partial<Machine>]>([
    ["an ordinary user", { isRoot: false }],
    ["another system", { osRelease: "ID=fedora\n" }],
    ["no system that says its name", { osRelease: "" }],
  ])("goes on without for %s, and fails there in CI", (_, change) => {
    const plan = planFor(frr, { ...debian, ...change });
    expect(plan.do).toBe("go on");
    expect(plan).toHaveProperty("lines", [expect.stringContaining("the real-router lab is skipped without frr")]);
    expect(planFor(frr, { ...debian, ...change, isCi: true }).do).toBe("fail");
  });
});
