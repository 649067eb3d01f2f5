import { setImmediate } from "node:timers/promises";
import { sha256 } from "../../../shared/bytes.ts";
import type { Device } from "../../../shared/documents/inventory.ts";
import type { ChangeMode } from "../../../shared/documents/manifest.ts";
import { ERRORS, FarhandError } from "../../../shared/errors.ts";
import { secretNames } from "../../../drivers/model/author.ts";
import type { TextFinding } from "../../../drivers/model/lint/finding.ts";
import { textLintFor } from "../../../drivers/model/lint/platforms.ts";
import { TemplateFault, type TemplateCode } from "../plan/fault.ts";
import { Template } from "../plan/template.ts";
import { type Definition, type Variables, variablesOf } from "../plan/variables.ts";
import type { Held } from "./held.ts";
import { Findings, type Said, type TemplateFinding } from "./template-finding.ts";
import {
  DEFINE,
  neededNames,
  notTheirs,
  readNames,
  rootOf,
  suggestion,
  UNDEFINED,
  undefinedNames,
  unknownNames,
  unusedVariables,
} from "./template-names.ts";

export interface LintInput {
  readonly files: readonly { readonly name: string; readonly source: string }[];
  /** Undefined: the templates alone. */
  readonly devices: readonly Device[] | undefined;
  readonly variables: Variables;
  /** Undefined: no file of variables was given. */
  readonly given: { readonly file: string; readonly definitions: readonly Definition[] } | undefined;
  readonly mode: ChangeMode;
  /** Undefined where no hub is asked. */
  readonly held: Held | undefined;
  readonly signal: AbortSignal;
}

/** Texts that are rendered, at most, before whoever gives up is heard. */
const AT_ONCE = 32;

/** All that can be said of templates without any device, by the code that a plan goes by. CANCELED. */
export async function lintTemplates(input: LintInput): Promise<TemplateFinding[]> {
  const findings = new Findings();
  const { devices, given, files } = input;
  const definitions = given?.definitions ?? [];
  const read = files.map(({ name, source }) => readNames(name, source));
  const defined = new Set(definitions.map(({ name }) => name));
  for (const [at, { name, source }] of files.entries()) {
    const names = read[at];
    const template = opened(name, source, findings);
    if (!template || !names) continue;
    unknownNames(names, defined, findings);
    if (devices) await lintOn(template, devices, input, findings);
    if (devices || given) undefinedNames(names, definitions, findings);
    else neededNames(names, findings);
  }
  if (devices) ofPlatforms(devices, input.mode, findings);
  if (given) unusedVariables(given.file, definitions, read, findings);
  return findings.all();
}

function opened(name: string, source: string, findings: Findings): Template | undefined {
  try {
    return new Template(name, source);
  } catch (error) {
    if (!(error instanceof FarhandError) || !(error.cause instanceof TemplateFault)) throw error;
    addFault(name, error.cause, [], findings);
    return undefined;
  }
}

async function lintOn(
  template: Template,
  devices: readonly Device[],
  input: LintInput,
  findings: Findings,
): Promise<void> {
  const { variables, mode, given, held, signal } = input;
  const names = (given?.definitions ?? []).map(({ name }) => name);
  /** One text for many devices is read once for each platform. */
  const known = new Map<string, readonly TextFinding[]>();
  const secrets = new Set<string>();
  for (const [at, device] of devices.entries()) {
    if (at % AT_ONCE === AT_ONCE - 1) await setImmediate();
    if (signal.aborted) throw new FarhandError("CANCELED");
    const values = variablesOf(variables, device);
    const { text, faults } = template.inspect(values);
    for (const fault of faults) addFault(template.name, fault, names, findings, device);
    if (text === undefined || faults.length > 0) continue;
    for (const name of secretNames(text)) {
      secrets.add(name);
      if (held?.(device.site, name) === false) findings.add(notHeld(template.name, name), device.id);
    }
    const lint = textLintFor(device.platform, device.transport);
    if (!lint?.can(mode)) continue;
    const key = `${lint.platform} ${lint.transport} ${sha256(text)}`;
    const found = known.get(key) ?? lint.lint(device.id, mode, text);
    known.set(key, found);
    if (found.length > 0) addTexts(template, { device, found, values, text }, findings);
  }
  if (secrets.size > 0)
    findings.add({
      code: "SECRETS",
      severity: "tells",
      file: template.name,
      line: null,
      detail: `asks the agents for ${[...secrets].toSorted().join(", ")}`,
      hint: "farhand secret list tells which agent holds which",
    });
}

const notHeld = (file: string, name: string): Said => ({
  code: "SECRET_UNKNOWN",
  severity: "warns",
  file,
  line: null,
  detail: `no agent of the site has said that it holds ${name}`,
  hint: ERRORS.SECRET_UNKNOWN.next,
});

interface Rendered {
  readonly device: Device;
  readonly found: readonly TextFinding[];
  readonly values: Readonly<Record<string, unknown>>;
  readonly text: string;
}

function addTexts(template: Template, { device, found, values, text }: Rendered, findings: Findings): void {
  const lines = template.linesOf(text, values);
  for (const { code, severity, line, reason, shown, hint } of found)
    findings.add(
      {
        code,
        severity,
        file: template.name,
        line: line === null ? null : (lines?.[line - 1] ?? null),
        detail: reason,
        hint,
        text: line === null ? null : { line, shown },
      },
      device.id,
    );
}

const HINTS: Readonly<Record<TemplateCode, string>> = {
  TEMPLATE: ERRORS.TEMPLATE.next,
  TEMPLATE_SYNTAX:
    "{% if %} ends with {% endif %}, {% for %} with {% endfor %}; {{ }} prints, {% %} decides, {# #} is a comment",
  INCLUDE: "a template is one file: what is signed is all there is; put the text in its place",
  UNKNOWN_FILTER: notTheirs("filter"),
  UNKNOWN_TEST: notTheirs("test"),
  UNKNOWN_FUNCTION: "templates are MiniJinja's: a function or a method of Python is not in it",
  UNDEFINED_VARIABLE: DEFINE,
  SECRET_NAME: 'secret("NAME"): 1 to 63 of A-Z a-z 0-9 . _ - /',
  STRAY_MARK: '‹ and › stand for secrets; one is written {{ secret("NAME") }}',
  TEXT_TOO_LARGE: "plan it in parts",
  RENDERS_NOTHING: "leave these devices out of --select, or give them a text",
  VARIABLES_FILE: "correct the line",
};

/** Variables that cannot be read, without which nothing can be said of what they are for. */
export function ofVariables(file: string, { code, line, what }: TemplateFault): TemplateFinding[] {
  const findings = new Findings();
  findings.add({ code, severity: "blocks", file, line: line ?? null, detail: what, hint: HINTS[code] });
  return findings.all();
}

function addFault(
  file: string,
  { code, line, what }: TemplateFault,
  names: readonly string[],
  findings: Findings,
  device?: Device,
): void {
  const missing = code === UNDEFINED ? rootOf(what) : undefined;
  const others = names.filter((name) => name !== missing);
  const meant = missing === undefined ? null : suggestion(missing, others);
  const hint = meant === null ? HINTS[code] : `${meant} Else ${HINTS[code]}`;
  findings.add({ code, severity: "blocks", file, line: line ?? null, detail: asRead(what), hint }, device?.id);
}

/** As whoever reads the template alone says it, so that both are one finding. */
function asRead(what: string): string {
  const { kind, name } =
    /^unknown (?<kind>filter|test|function): (?:\w+ )?(?<name>\w+) is unknown/.exec(what)?.groups ?? {};
  return kind === undefined || name === undefined ? what : `unknown ${kind}: ${name}`;
}

/** Which devices there is no such change for at all, and what people must accept by name to have one. */
function ofPlatforms(devices: readonly Device[], mode: ChangeMode, findings: Findings): void {
  for (const device of devices) {
    const { platform, transport } = device;
    const say = (said: Pick<TemplateFinding, "code" | "severity" | "detail" | "hint">): void =>
      findings.add({ file: null, line: null, ...said }, device.id);
    const over = transport === undefined ? platform : `${platform} over ${transport}`;
    const lint = textLintFor(platform, transport);
    if (transport === "snmp")
      say({ code: "READS_ONLY", severity: "blocks", detail: `${over} is only read`, hint: LEAVE_OUT });
    else if (!lint)
      say({
        code: "PLATFORM_UNKNOWN",
        severity: "blocks",
        detail: `no driver for ${over}`,
        hint: ERRORS.PLATFORM_UNKNOWN.next,
      });
    else if (!lint.can(mode))
      say({ code: "MODE_UNSUPPORTED", severity: "blocks", detail: `${over} cannot ${mode}`, hint: LEAVE_OUT });
    else if (lint.evidence === "simulated")
      say({
        code: "EVIDENCE_TOO_LOW",
        severity: "warns",
        detail: `the driver of ${over} is proved on simulators only`,
        hint: `farhand plan change … --accept-simulated ${platform}, or an agent that was certified on such a device`,
      });
  }
}

const LEAVE_OUT = "leave these devices out of --select: there is no such change for them";
