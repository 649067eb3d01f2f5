/** The global function that instrumented code asks whether the mutant of that number is on. */
export const ASK = "__farhandMutant";
