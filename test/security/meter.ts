/** What hostile bytes cost, counted in work and not in time: texts parsed and signatures checked, by anybody in this process. */
export interface Cost {
  parses: number;
  /** Characters handed to JSON.parse, in all and at once. */
  characters: number;
  longest: number;
  signatures: number;
}

export async function costOf(work: () => Promise<unknown>): Promise<Cost> {
  const cost: Cost = { parses: 0, characters: 0, longest: 0, signatures: 0 };
  const { parse } = JSON;
  const { subtle } = crypto;
  const verify = subtle.verify.bind(subtle);
  JSON.parse = (text: string, reviver?: Parameters<typeof parse>[1]): unknown => {
    cost.parses++;
    cost.characters += text.length;
    cost.longest = Math.max(cost.longest, text.length);
    return parse(text, reviver);
  };
  subtle.verify = (...args: Parameters<typeof verify>) => {
    cost.signatures++;
    return verify(...args);
  };
  try {
    await work();
  } finally {
    JSON.parse = parse;
    Reflect.deleteProperty(subtle, "verify");
  }
  return cost;
}
