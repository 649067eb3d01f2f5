/** What a scenario claims, each with what was seen. The demo fails when one of them is false. */
export interface Check {
  readonly name: string;
  readonly ok: boolean;
  readonly seen: unknown;
}

export class Checks {
  readonly all: Check[] = [];

  that(name: string, ok: boolean, seen: unknown): void {
    this.all.push({ name, ok, seen });
  }

  equal(name: string, seen: unknown, wanted: unknown): void {
    this.that(name, JSON.stringify(seen) === JSON.stringify(wanted), seen);
  }

  get ok(): boolean {
    return this.all.length > 0 && this.all.every((check) => check.ok);
  }
}

export interface Section {
  readonly scenario: string;
  readonly ok: boolean;
  readonly seconds: number;
  readonly checks: readonly Check[];
}

/** Runs a scenario; what it throws is a check that failed, so that the others still run and the document is whole. */
export async function section(scenario: string, run: (checks: Checks) => Promise<void>): Promise<Section> {
  const started = performance.now();
  const checks = new Checks();
  try {
    await run(checks);
  } catch (error) {
    checks.that("ran to its end", false, error instanceof Error ? error.message : String(error));
  }
  return {
    scenario,
    ok: checks.ok,
    seconds: Number(((performance.now() - started) / 1000).toFixed(2)),
    checks: checks.all,
  };
}
