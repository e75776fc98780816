/** Ends an exhaustive switch: does not compile while a case is missing, throws if one slips in. */
export function unreachable(value: never): never {
  throw new Error(`Reached a case that the types exclude: ${typeof value}`);
}
