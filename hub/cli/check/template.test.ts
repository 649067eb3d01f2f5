import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { makeOrg } from "../../../shared/testing/org.ts";
import { trustOf, World } from "../testing/world.ts";

const org = await makeOrg();
let world: World;
beforeEach(() => {
  world = new World().trusting(org);
  world.write("inv.yaml", INVENTORY);
});
afterEach(() => world[Symbol.dispose]());

const INVENTORY = `org: acme
sites: [{ id: ams, wayHome: [] }, { id: lon, wayHome: [] }]
defaults: { platform: cisco_iosxe, credential: lab }
devices:
  - { id: ams-r1, site: ams, address: 192.0.2.1, hostKeys: [] }
  - { id: ams-r2, site: ams, address: 192.0.2.2, hostKeys: [] }
  - { id: lon-r1, site: lon, address: 192.0.2.3, hostKeys: [], platform: frr_linux, tags: { role: edge } }
`;

const Said = z.object({
  code: z.string(),
  severity: z.string(),
  file: z.string().nullable(),
  line: z.number().nullable(),
  detail: z.string(),
  hint: z.string().nullable(),
  text: z.object({ line: z.number(), shown: z.string() }).nullable(),
  deviceCount: z.number(),
  devices: z.array(z.string()),
});
const Document = z.object({
  schema: z.literal("farhand.check-template/1"),
  devices: z.number().nullable(),
  findings: z.array(Said),
});

interface Files {
  readonly template: string;
  readonly vars?: string;
}

/** Runs it on an inventory's devices; `where severity CODE devices: detail` of each but what people must accept by name. */
async function lint({ template, vars }: Files, ...args: readonly string[]) {
  world.write("t.j2", template);
  if (vars !== undefined) world.write("vars.yaml", vars);
  const given = vars === undefined ? [] : ["--vars", "vars.yaml"];
  const { exit, out } = await world.run("check", "template", "t.j2", ...given, "--json", ...args);
  const { findings } = Document.parse(JSON.parse(out));
  const told = findings
    .filter(({ code }) => code !== "EVIDENCE_TOO_LOW")
    .map(({ file, line, severity, code, devices, detail }) => {
      const place = `${file ?? "-"}${line === null ? "" : `:${line}`}`;
      return `${place} ${severity} ${code} ${devices.join(",") || "-"}: ${detail}`;
    });
  return { exit, told, findings };
}

const onAll = (files: Files, ...args: string[]) => lint(files, "--inventory", "inv.yaml", ...args);
const onAms = (files: Files, ...args: string[]) => onAll(files, "--select", "site=ams", ...args);

it("has nothing to say of a template that a plan would take, and exits 0", async () => {
  const template = "interface Loopback0\n description {{ location }}\n";
  const { exit, told } = await onAll({ template, vars: "all: { location: x }" });
  expect({ exit, told }).toEqual({ exit: 0, told: [] });
});

describe("of the template alone", () => {
  it("names the line of a syntax error, and what to do", async () => {
    const { exit, told, findings } = await lint({ template: "hostname x\n{% if foo %}\n" });
    expect({ exit, told }).toEqual({
      exit: 1,
      told: ["t.j2:2 blocks TEMPLATE_SYNTAX -: syntax error: unexpected end of input, expected end of block: %}"],
    });
    expect(findings[0]?.hint).toContain("{% endif %}");
  });

  it("names what the engine does not have, on ways that no device takes too, and what was meant", async () => {
    const template = `{% if false %}
{{ x|ipaddr }} {{ x|uper }} {{ lookup('env', 'X') }}
{% endif %}
{% if x is defned %}{{ range(3)|join }}{{ secret("s") }}{% endif %}
{% filter nosuch %}y{% endfilter %}
{% macro m(a, b=x|first) %}{{ a|default(b) }}{% endmacro %}{{ m(1) }}
`;
    const { exit, findings } = await lint({ template });
    expect(exit).toBe(1);
    const unknown = findings.filter(({ code }) => code.startsWith("UNKNOWN_"));
    expect(unknown.map(({ line, code, detail, hint }) => `${line} ${code} ${detail}; ${hint}`)).toEqual([
      expect.stringMatching(/^2 UNKNOWN_FILTER unknown filter: ipaddr; templates are MiniJinja's/) as string,
      "2 UNKNOWN_FILTER unknown filter: uper; did you mean upper?",
      expect.stringMatching(/^2 UNKNOWN_FUNCTION unknown function: lookup; /) as string,
      "4 UNKNOWN_TEST unknown test: defned; did you mean defined?",
      expect.stringMatching(/^5 UNKNOWN_FILTER unknown filter: nosuch; /) as string,
    ]);
  });

  it("tells which variables it needs", async () => {
    const template =
      "{% for p in peers %}{{ p.ip }}{{ loop.index }}{% endfor %}{% set y = asn %}{{ y }}{{ device.id }}";
    expect(await lint({ template })).toMatchObject({
      exit: 0,
      told: ["t.j2 tells VARIABLES -: uses asn, peers"],
      findings: [{ deviceCount: 0 }],
    });
  });
});

it("is one finding where a device stumbles over a name that the template alone shows too", async () => {
  const { told } = await onAms({ template: "hostname {{ device.id|uper }}\n" });
  expect(told).toEqual(["t.j2:1 blocks UNKNOWN_FILTER ams-r1,ams-r2: unknown filter: uper"]);
});

describe("of its variables", () => {
  it("names the devices for which one is not defined, and all of them, not the first", async () => {
    const template = "hostname {{ site_name }}\nntp server {{ ntp }}\nlogging host {{ log.host }}\n";
    const vars = "all: { log: {} }\nsites: { ams: { site_name: x } }\ndevices: { ams-r1: { ntp: 192.0.2.9 } }\n";
    const { exit, told } = await onAll({ template, vars });
    expect({ exit, told }).toEqual({
      exit: 1,
      told: [
        "t.j2:1 blocks UNDEFINED_VARIABLE lon-r1: undefined value: site_name",
        "t.j2:2 blocks UNDEFINED_VARIABLE ams-r2,lon-r1: undefined value: ntp",
        "t.j2:3 blocks UNDEFINED_VARIABLE ams-r1,ams-r2,lon-r1: undefined value: log.host",
      ],
    });
  });

  it("says what was probably meant", async () => {
    const { findings } = await onAms({ template: "hostname {{ loaction }}\n", vars: "all: { location: x }\n" });
    expect(findings.find(({ code }) => code === "UNDEFINED_VARIABLE")?.hint).toMatch(/^did you mean location\?/);
  });

  it("counts the devices and names the first few", async () => {
    const devices = Array.from(
      { length: 40 },
      (_, at) => `  - { id: r${at}, site: ams, address: 192.0.2.${at}, hostKeys: [], platform: frr_linux }`,
    );
    world.write("many.yaml", `${INVENTORY}${devices.join("\n")}\n`);
    const { findings } = await lint({ template: "x {{ y }}\n" }, "--inventory", "many.yaml");
    expect(findings[0]).toMatchObject({ code: "UNDEFINED_VARIABLE", deviceCount: 43 });
    expect(findings[0]?.devices).toHaveLength(8);
    const { out, err } = await world.run("check", "template", "t.j2", "--inventory", "many.yaml");
    expect(out).toContain("43 of 43: ams-r1, ams-r2, lon-r1, …");
    expect(err).toContain("1 template on 43 devices");
  });

  it("names one that nobody defines where no device came by, unless the template asks first", async () => {
    const template =
      "hostname x\n{% if device.site == 'par' %}\nntp server {{ ntp }}\n{% endif %}\n{% if vrf is defined %}\nvrf {{ vrf }}\n{% endif %}\n";
    expect((await onAms({ template })).told).toEqual([
      "t.j2:3 warns UNDEFINED_VARIABLE -: ntp is defined for nobody, and used where none of these devices came by",
    ]);
  });

  it("names those that no template uses, with their line and their level", async () => {
    const vars =
      "all:\n  location: x\n  mtuu: 9000\nsites:\n  ams:\n    peers: []\ndevices:\n  ams-r1:\n    peers: []\n";
    const template = "hostname {{ location }}\n{{ 'mtu 1' if mtu|default(1500) == 1 }}\n";
    const { exit, told, findings } = await onAms({ template, vars });
    expect({ exit, told }).toEqual({
      exit: 0,
      told: [
        "vars.yaml:3 warns UNUSED_VARIABLE -: mtuu (all) is used by no template here",
        "vars.yaml:6 tells UNUSED_VARIABLE -: peers (sites ams, devices ams-r1) is used by no template here",
      ],
    });
    expect(findings.find(({ line }) => line === 3)?.hint).toBe("did you mean mtu?");
    // Another template may be the one that uses it.
    world.write("other.j2", "{{ mtuu }}{{ peers }}\n");
    const both = await world.run("check", "template", "t.j2", "other.j2", "--vars", "vars.yaml", "--json");
    expect(both.out).not.toContain("UNUSED_VARIABLE");
  });

  it("tells the line of a file of variables that cannot be read, and of a device that does not exist", async () => {
    const template = "hostname x\n";
    expect((await onAms({ template, vars: "all: {}\nsite: {}\n" })).told).toEqual([
      "vars.yaml:2 blocks VARIABLES_FILE -: unknown member site; did you mean sites?",
    ]);
    expect((await onAms({ template, vars: "devices:\n  ams-r9: {}\n" })).told).toEqual([
      "vars.yaml:2 blocks VARIABLES_FILE -: no device ams-r9; did you mean ams-r1?",
    ]);
    // Without an inventory nobody knows which devices there are.
    expect((await lint({ template, vars: "devices:\n  ams-r9: {}\n" })).told).toEqual([]);
  });
});

describe("of the texts", () => {
  it("says where a text is empty", async () => {
    const { exit, told } = await onAll({
      template: "{% if device.site == 'ams' %}\nntp server 192.0.2.9\n{% endif %}\n",
    });
    expect({ exit, told }).toEqual({ exit: 1, told: ["t.j2 blocks RENDERS_NOTHING lon-r1: renders to nothing"] });
  });

  it("tells every line that a plan would refuse, in the template and in the text, platform by platform", async () => {
    const template = `hostname {{ device.id }}
{% for n in [1, 2] %}
snmp-server community {{ ro }} RO
{% endfor %}
{% raw %}
banner motd # {{ x }} #
{% endraw %}
{% if device.platform == 'cisco_iosxe' %}
do show clock
{% endif %}
logging host 192.0.2.9{{ "\\u200b" }}
`;
    const { exit, told, findings } = await onAll({ template, vars: "all: { ro: hunter2 }\n" });
    expect({ exit, told }).toEqual({
      exit: 1,
      told: [
        "t.j2:1 blocks TEXT_REFUSED lon-r1: FRR neither shows nor saves it; set the hostname of the system",
        "t.j2:3 blocks INLINE_SECRET ams-r1,ams-r2: a secret is written out",
        "t.j2:6 blocks TEXT_REFUSED ams-r1,ams-r2,lon-r1: template text that was not rendered",
        "t.j2:9 blocks TEXT_REFUSED ams-r1,ams-r2: a command that is no configuration",
        "t.j2:11 blocks TEXT_REFUSED ams-r1,ams-r2,lon-r1: control or invisible characters",
      ],
    });
    expect(findings.find(({ line }) => line === 9)?.text).toEqual({ line: 5, shown: "do show clock" });
    expect(findings.find(({ line }) => line === 11)?.text?.shown).toBe("logging host 192.0.2.9·");
    expect(JSON.stringify(findings.filter(({ devices }) => devices.includes("ams-r1")))).not.toContain("hunter2");
  });

  it("does not guess the line where a template works on its own text", async () => {
    const template = "{% set x %}do show {{ device.id }}{% endset %}\n{{ x if x|length < 16 else 'do nothing' }}\n";
    const { findings } = await onAms({ template });
    expect(findings.find(({ code }) => code === "TEXT_REFUSED")).toMatchObject({ line: null, text: { line: 1 } });
    const { out } = await world.run("check", "template", "t.j2", "--inventory", "inv.yaml");
    expect(out).toContain("t.j2, line 1 of the text");
  });

  it("says which secrets the agents are asked for, and which marks are none", async () => {
    const template = 'snmp-server community {{ secret("snmp-ro") }} RO\nhostname {{ name }}\n';
    expect((await onAms({ template, vars: "all: { name: x }" })).told).toEqual([
      "t.j2 tells SECRETS -: asks the agents for snmp-ro",
    ]);
    expect((await onAms({ template, vars: "all: { name: ‹x }" })).told).toEqual([
      "t.j2 blocks STRAY_MARK ams-r1,ams-r2: ‹ or › outside a secret's token",
    ]);
    const wrong = { template: 'x\nsnmp-server community {{ secret("a b") }} RO\n' };
    expect((await onAms(wrong)).told).toEqual([
      expect.stringMatching(/^t\.j2:2 blocks SECRET_NAME ams-r1,ams-r2: secret/) as string,
    ]);
  });

  it("tells blanks that the device changes", async () => {
    const template = "interface Loopback0\n\tdescription x  \n";
    expect((await onAms({ template })).told).toEqual([
      "t.j2:2 warns TAB_INDENT ams-r1,ams-r2: indented by a tab, which counts as blanks up to the next column of eight",
      "t.j2:2 tells TRAILING_BLANKS ams-r1,ams-r2: blanks behind the line, which the device does not keep",
    ]);
  });
});

it("names devices that have no such change, and what must be accepted by name", async () => {
  world.write(
    "inv.yaml",
    `${INVENTORY}  - { id: n1, site: lon, address: 192.0.2.4, hostKeys: [], platform: cisco_nxos }
  - { id: x1, site: lon, address: 192.0.2.5, hostKeys: [], platform: acme_os }
  - { id: s1, site: lon, address: 192.0.2.6, platform: snmp_generic, transport: snmp }
`,
  );
  const { exit, told, findings } = await onAll({ template: "ntp server 192.0.2.9\n" });
  expect({ exit, told }).toEqual({
    exit: 1,
    told: [
      "- blocks MODE_UNSUPPORTED n1: cisco_nxos cannot merge",
      "- blocks PLATFORM_UNKNOWN x1: no driver for acme_os",
      "- blocks READS_ONLY s1: snmp_generic over snmp is only read",
    ],
  });
  expect(findings.find(({ code }) => code === "EVIDENCE_TOO_LOW")).toMatchObject({
    severity: "warns",
    devices: ["ams-r1", "ams-r2"],
    hint: expect.stringContaining("--accept-simulated cisco_iosxe") as string,
  });
});

it("asks the signed inventory where a selector stands alone, as a plan does", async () => {
  world.hub({ "GET /api/v1/trust": () => trustOf(org) });
  world.write("t.j2", "log syslog informational\nx {{ y }}\n");
  const { exit, out } = await world.run("check", "template", "t.j2", "--select", "site=ams", "--json");
  expect(exit).toBe(1);
  expect(Document.parse(JSON.parse(out)).findings[0]).toMatchObject({ code: "UNDEFINED_VARIABLE", line: 2 });
  expect(world.requests).toEqual(["GET /api/v1/trust"]);
  // One agent has said so of one secret; a credential of that name is none.
  const secret = {
    agent: "agent-ams",
    kind: "secret",
    name: "ro",
    held: { version: 1, stopped: false, atMs: 1 },
    sent: null,
  };
  world.hub({
    "GET /api/v1/trust": () => trustOf(org),
    "GET /api/v1/secrets": () => ({
      secrets: [secret, { ...secret, name: "rw", held: null }, { ...secret, name: "md5", kind: "credential" }],
    }),
  });
  world.write("t.j2", ["ro", "rw", "md5"].map((name) => `snmp-server community {{ secret("${name}") }} RO\n`).join(""));
  const asked = await world.run("check", "template", "t.j2", "--select", "site=ams", "--json");
  const unknown = Document.parse(JSON.parse(asked.out)).findings.filter(({ code }) => code === "SECRET_UNKNOWN");
  expect(unknown.map(({ severity, detail, devices }) => [severity, detail, devices])).toEqual([
    ["warns", "no agent of the site has said that it holds md5", ["ams-r1", "ams-r2"]],
    ["warns", "no agent of the site has said that it holds rw", ["ams-r1", "ams-r2"]],
  ]);
  world.write("hosts", "[edge]\nr1 ansible_host=192.0.2.1\n");
  expect((await world.run("check", "template", "t.j2", "--inventory", "hosts")).err).toContain("hosts is Ansible's");
  expect((await world.run("check", "template", "t.j2", "--select", "site=nowhere")).err).toContain("NOT_FOUND");
  expect((await world.run("check", "template")).exit).toBe(64);
});

it("says something of any text at all, and throws for none", async () => {
  const { lintTemplates } = await import("./template-lint.ts");
  const device = org.inventory.inventory.document.devices.filter(({ id }) => id === "ams-r1");
  const piece = fc.oneof(
    fc.constantFrom(
      "{{",
      "}}",
      "{%",
      "%}",
      "{#",
      "#}",
      "{{ x }}",
      "{% if x %}",
      "{% endif %}",
      "{% set a = ",
      "{% for",
      " in ",
      "(",
      ")",
      "|",
      "is",
      "not",
      "=",
      '"',
      "'",
      "\n",
      "  ",
      "macro m(a",
      "raw",
      "\uE000",
      "‹",
      '‹secret("x")›',
      "{% call(a) m() %}",
      "{% with a=b %}",
      "{% filter x %}",
    ),
    fc.string({ maxLength: 6, unit: "binary" }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(piece, { maxLength: 20 }), async (pieces) => {
      const input = {
        files: [{ name: "t.j2", source: pieces.join(" ") }],
        devices: device,
        variables: { all: { x: "y" }, sites: {}, devices: {} },
        given: { file: "v.yaml", definitions: [{ name: "x", level: "all", line: 1 }] },
        mode: "merge" as const,
        held: undefined,
        signal: new AbortController().signal,
      };
      for (const { code, detail } of await lintTemplates(input)) {
        expect(code).toMatch(/^[A-Z_]{3,40}$/);
        expect(detail).not.toBe("");
      }
    }),
    { numRuns: 500 },
  );
});

it("stops where it is told to", async () => {
  const { lintTemplates } = await import("./template-lint.ts");
  const input = {
    files: [{ name: "t.j2", source: "x\n" }],
    devices: org.inventory.inventory.document.devices,
    variables: { all: {}, sites: {}, devices: {} },
    given: undefined,
    mode: "merge" as const,
    held: undefined,
    signal: AbortSignal.abort(),
  };
  await expect(lintTemplates(input)).rejects.toThrow("CANCELED");
});
