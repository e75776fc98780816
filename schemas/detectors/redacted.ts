/**
 * `[ssn]`: what stands where a value of a class was, in any text.
 *
 * @module
 */

/** A class name as it may stand in a marker. */
export function safeName(className: string): string {
  const safe = className.replace(/[^A-Za-z0-9_-]/g, "_").slice(0, 63);
  return safe === "" ? "masked" : safe;
}

/** `[ssn]`: what a redacted text of class `ssn` becomes. */
export function redactedText(className: string): string {
  return `[${safeName(className)}]`;
}
