import { RateLimiterMemory, RateLimiterRes } from "rate-limiter-flexible";
import { FarhandError } from "../../../shared/errors.ts";

const PER_PEER = { points: 20, duration: 60 };
/** A token has 256 bits of secret: a holder who gets it wrong this often is not its holder. */
const PER_TOKEN = { points: 5, duration: 900 };

/**
 * Failed enrolments, counted by who tries and by the join token that is tried, so that neither one peer with many tokens nor
 * many peers with one get far. What is right is refused as well while a count is used up: a guess that
 * happens to hit must not be told from one that misses.
 */
export class Guesses {
  readonly #byPeer = new RateLimiterMemory(PER_PEER);
  readonly #byToken = new RateLimiterMemory(PER_TOKEN);

  /** Throws RATE_LIMITED. */
  async check(peer: string, token: string): Promise<void> {
    await refuseSpent(this.#byPeer, peer);
    await refuseSpent(this.#byToken, token);
  }

  /** `token` only where there is such a token: else whoever makes names up would fill the memory. True when this used up a count. */
  async failed(peer: string, token: string | undefined): Promise<boolean> {
    const spent = [await spend(this.#byPeer, peer)];
    if (token !== undefined) spent.push(await spend(this.#byToken, token));
    return spent.includes(true);
  }
}

async function refuseSpent(limiter: RateLimiterMemory, key: string): Promise<void> {
  const held = await limiter.get(key);
  if (held && held.remainingPoints <= 0)
    throw new FarhandError("RATE_LIMITED", `try again in ${Math.ceil(held.msBeforeNext / 1000)} seconds`);
}

async function spend(limiter: RateLimiterMemory, key: string): Promise<boolean> {
  try {
    return (await limiter.consume(key)).remainingPoints === 0;
  } catch (error) {
    if (error instanceof RateLimiterRes) return false;
    throw error;
  }
}
