/** Somebody's device, made from a seed: the same options give the same bytes. */
export interface SampleOptions {
  readonly seed: number;
  readonly index?: number;
  /** Ports besides the one that it is managed by. */
  readonly interfaces?: number;
  readonly username?: string;
}

export interface Sample {
  readonly hostname: string;
  readonly serial: string;
  readonly config: string;
}
