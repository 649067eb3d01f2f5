/**
 * Runs in the worker of each test file, before it: says which mutant is on, and writes down which refusals each test comes by.
 * `inject` hands over what the run was told; nothing of the product knows of this.
 */
import { afterEach, beforeEach, inject } from "vitest";
import { ASK } from "./question.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** The number of the mutant that is on; -1 for none. */
    mutant: number;
  }
  interface TaskMeta {
    /** Refusals that were come by in this test. */
    passed?: number[];
    /** Refusals that were come by outside any test since the one before: while files were loaded, and in hooks. */
    passedBetween?: number[];
  }
}

const mutant = inject("mutant");
const seen = new Set<number>();
const take = (): number[] => {
  const numbers = [...seen];
  seen.clear();
  return numbers;
};

Reflect.set(globalThis, ASK, (number: number): boolean => {
  seen.add(number);
  return number === mutant;
});

beforeEach(({ task }) => {
  task.meta.passedBetween = take();
});
afterEach(({ task }) => {
  task.meta.passed = take();
});
