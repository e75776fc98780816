/** One thing that doctor looked at. @module */
export type Check = {
  readonly what: string;
  readonly good: boolean;
  /** What was found. */
  readonly said: string;
  /** What to do when it is not good. */
  readonly hint: string | null;
};
