/** Seeds that once found something: run before the others, for ever. They find it again only while the world draws the same. */
export const FOUND: readonly { readonly seed: number; readonly what: string }[] = [
  { seed: 9, what: "an outcome was settled before its receipt was signed, and nobody signed it afterwards" },
  { seed: 11, what: "the same, of a success" },
  { seed: 21, what: "a hello that listed SUCCEEDED ended a job before its tasks" },
  { seed: 36, what: "a lost `settled` was never said again within a session" },
  { seed: 1790, what: "the answer to a cancel that came too late ended a job before its tasks" },
  { seed: 2635, what: "the same, of another job" },
];
