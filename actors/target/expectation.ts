/**
 * What the server still owes for the request that is running: which backend messages complete it.
 *
 * Theory of operation. A simple Query is answered up to ReadyForQuery. In the extended protocol
 * each message is answered by one of its own (Parse by ParseComplete, ..., Sync by ReadyForQuery);
 * after an error the server skips all up to the next Sync. COPY in suspends a request:
 * CopyInResponse ends it so far, and the CopyData that follow are requests of their own, answered
 * by nothing until CopyDone or CopyFail.
 * https://www.postgresql.org/docs/current/protocol-flow.html
 *
 * @module
 */

/** How a COPY in was begun decides what ends it. */
export type CopyMode = "none" | "simple" | "extended";

export type Expectation = {
  /** Tags of the frontend messages that are still to be answered, in order. */
  readonly owed: string[];
  copy: CopyMode;
  /** After an error in the extended protocol nothing is answered until a Sync. */
  skipping: boolean;
};

export function newExpectation(): Expectation {
  return { owed: [], copy: "none", skipping: false };
}

/** Notes that a frontend message was sent upstream. */
export function expectAnswer(expectation: Expectation, tag: string): void {
  switch (tag) {
    case "d":
    case "H":
    case "X":
      return;
    case "c":
    case "f":
      // Outside COPY the server ignores both, as it does after an error that ended the COPY.
      if (expectation.copy === "none") return;
      expectation.owed.push(expectation.copy === "simple" ? "Q" : "E");
      expectation.copy = "none";
      return;
    case "S":
      expectation.skipping = false;
      expectation.owed.push(tag);
      return;
    default:
      if (!expectation.skipping) expectation.owed.push(tag);
  }
}

/** Notes a backend message. */
export function answered(expectation: Expectation, tag: string): void {
  const first = expectation.owed[0];
  if (tag === "E") return failed(expectation);
  if (first === undefined) return;
  if (tag === "G") {
    expectation.copy = first === "Q" ? "simple" : "extended";
    expectation.owed.length = 0;
    return;
  }
  if (completes(first, tag)) expectation.owed.shift();
}

/** True when the server owes nothing more. */
export function isSettled(expectation: Expectation): boolean {
  return expectation.owed.length === 0;
}

function failed(expectation: Expectation): void {
  const first = expectation.owed[0];
  if (expectation.copy === "simple") {
    // ReadyForQuery follows of itself; what the client still sends of its COPY is ignored.
    expectation.copy = "none";
    expectation.owed.length = 0;
    expectation.owed.push("Q");
    return;
  }
  if (first === "Q" || first === "F" || first === "S") return;
  expectation.copy = "none";
  const sync = expectation.owed.indexOf("S");
  expectation.owed.splice(0, sync < 0 ? expectation.owed.length : sync);
  expectation.skipping = sync < 0;
}

function completes(owed: string, tag: string): boolean {
  switch (owed) {
    case "Q":
    case "F":
    case "S":
      return tag === "Z";
    case "P":
      return tag === "1";
    case "B":
      return tag === "2";
    case "C":
      return tag === "3";
    case "D":
      return tag === "T" || tag === "n";
    case "E":
      return tag === "C" || tag === "I" || tag === "s";
    default:
      return false;
  }
}
