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
 * A server in the midst of a COPY passes over a Sync; one whose COPY has failed answers it; and
 * which of them read it nobody else can tell. So a Sync that would come there is held back until
 * data follows it, and goes upstream only once the COPY has failed without.
 *
 * **Invariant:** what comes and is not owed is not of this request: to go on would give the answer
 * to one request for the answer to another.
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
  /** A Sync of the agent's that was not sent. */
  syncHeld: boolean;
};

export function newExpectation(): Expectation {
  return { owed: [], copy: "none", skipping: false, syncHeld: false };
}

/**
 * Notes that a frontend message goes upstream; a Sync of a COPY under way is held back instead.
 * @returns false where the server would end the session: in a COPY nothing but a COPY's own is due.
 */
export function expectAnswer(expectation: Expectation, tag: string): boolean {
  if (expectation.copy !== "none" && !ofCopies.has(tag)) return false;
  switch (tag) {
    case "d":
      expectation.syncHeld = false;
      break;
    case "H":
    case "X":
      break;
    case "c":
    case "f":
      expectation.syncHeld = false;
      // Outside COPY the server ignores both, as it does after an error that ended the COPY.
      if (expectation.copy === "none") break;
      expectation.owed.push(expectation.copy === "simple" ? "Q" : "E");
      expectation.copy = "none";
      break;
    case "S":
      if (expectation.copy !== "none") {
        expectation.syncHeld = true;
        break;
      }
      expectation.skipping = false;
      expectation.owed.push(tag);
      break;
    default:
      if (!expectation.skipping) expectation.owed.push(tag);
  }
  return true;
}

/** Whether a Sync that was held back goes upstream now; it is noted then. */
export function sendsHeldSync(expectation: Expectation): boolean {
  const { syncHeld, copy, owed } = expectation;
  if (!syncHeld || copy !== "none" || owed.length > 0) return false;
  expectation.syncHeld = false;
  return expectAnswer(expectation, "S");
}

/** Whether a backend message of this tag may come now. */
export function isDue({ owed }: Expectation, tag: string): boolean {
  if (anyTime.has(tag)) return true;
  const first = owed[0];
  if (first === undefined || !answersTo(first).includes(tag)) return false;
  // Behind what begins a COPY the server takes nothing but the COPY.
  return tag !== "G" || owed.every((other, at) => at === 0 || other === "S");
}

/** Notes a backend message that is due. */
export function answered(expectation: Expectation, tag: string): void {
  const [first] = expectation.owed;
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

/** CopyData, CopyDone, CopyFail; Flush and Sync, which a COPY passes over. */
const ofCopies: ReadonlySet<string> = new Set("dcfHS");
/** Errors, notices, notifications, settings; the number of the session. */
const anyTime: ReadonlySet<string> = new Set("ENASK");

function failed(expectation: Expectation): void {
  const [first] = expectation.owed;
  if (expectation.copy === "simple") {
    // ReadyForQuery follows of itself; what the client still sends of its COPY is ignored.
    expectation.copy = "none";
    expectation.owed.length = 0;
    expectation.owed.push("Q");
    return;
  }
  if (first === "Q" || first === "F" || first === "S") return;
  if (first === undefined && expectation.copy === "none") return;
  expectation.copy = "none";
  const sync = expectation.owed.indexOf("S");
  expectation.owed.splice(0, sync < 0 ? expectation.owed.length : sync);
  expectation.skipping = sync < 0;
}

/** The tags of all that may answer a message. */
function answersTo(owed: string): string {
  switch (owed) {
    case "Q":
      return "TDCIGHdcZ";
    case "F":
      return "VZ";
    case "S":
      return "Z";
    case "P":
      return "1";
    case "B":
      return "2";
    case "C":
      return "3";
    case "D":
      return "tTn";
    case "E":
      return "DCIsGHdc";
    default:
      return "";
  }
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
