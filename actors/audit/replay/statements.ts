/**
 * What an agent asked, read from the exact bytes of its request: the text of each statement with
 * its literals masked for display, and parameters by size alone.
 *
 * **Invariant:** no literal and no parameter value is shown; text that cannot be masked is
 * withheld.
 *
 * @module
 */
import { decodeBind } from "#schemas/wire/postgres/bind.ts";
import { decodeClose } from "#schemas/wire/postgres/close.ts";
import { decodeDescribe } from "#schemas/wire/postgres/describe.ts";
import { decodeExecute } from "#schemas/wire/postgres/execute.ts";
import { formatOf } from "#schemas/wire/postgres/format_code.ts";
import { bodyOf, type Frame, Framer } from "#schemas/wire/postgres/frame.ts";
import { decodeParse } from "#schemas/wire/postgres/parse.ts";
import { decodeQuery } from "#schemas/wire/postgres/query.ts";

/** Masks the literals of a statement's text; null when it cannot tell them. */
export type MaskSql = (sql: string) => string | null;

/** One message of a request, in words. */
export type Statement = {
  readonly message:
    | "query"
    | "parse"
    | "bind"
    | "describe"
    | "execute"
    | "close"
    | "copy_data"
    | "other";
  readonly text: string;
};

export type StatementLimits = {
  /** Bytes of one request that are read for display. */
  readonly requestBytesMax: number;
  /** Messages of one request that are shown. */
  readonly statementsMax: number;
};

/** Reads one request's bytes; more than the limits is counted, not shown. */
export function readStatements(
  bytes: Uint8Array,
  maskSql: MaskSql,
  limits: StatementLimits,
): { statements: Statement[]; omitted: number } {
  const framer = new Framer({ messageBytesMax: limits.requestBytesMax });
  framer.push(bytes);
  const statements: Statement[] = [];
  let omitted = 0;
  let copied = 0;
  for (let frame = framer.next(); frame.kind === "frame"; frame = framer.next()) {
    if (frame.tag === "d") {
      copied += bodyOf(frame).length;
      continue;
    }
    const statement = describeMessage(frame, maskSql);
    if (statement === null) continue;
    if (statements.length < limits.statementsMax) statements.push(statement);
    else omitted++;
  }
  if (copied > 0) statements.push({ message: "copy_data", text: `COPY data, ${copied} bytes` });
  return { statements, omitted };
}

function describeMessage(frame: Frame, maskSql: MaskSql): Statement | null {
  switch (frame.tag) {
    case "Q": {
      const query = decodeQuery(frame);
      return query.kind === "malformed" ? unreadable : sql("query", query.text, maskSql);
    }
    case "P": {
      const parse = decodeParse(frame);
      if (parse.kind === "malformed") return unreadable;
      const prefix = parse.statement === "" ? "" : `${nameOf(parse.statement)}: `;
      const { text } = sql("parse", parse.text, maskSql);
      return { message: "parse", text: `${prefix}${text}` };
    }
    case "B":
      return bindText(frame);
    case "D": {
      const described = decodeDescribe(frame);
      if (described.kind === "malformed") return unreadable;
      return { message: "describe", text: `${described.target} ${nameOf(described.name)}` };
    }
    case "E": {
      const execute = decodeExecute(frame);
      if (execute.kind === "malformed") return unreadable;
      const rows = execute.rowsMax > 0 ? `, at most ${execute.rowsMax} rows` : "";
      return { message: "execute", text: `portal ${nameOf(execute.portal)}${rows}` };
    }
    case "C": {
      const closed = decodeClose(frame);
      if (closed.kind === "malformed") return unreadable;
      return { message: "close", text: `${closed.target} ${nameOf(closed.name)}` };
    }
    case "S":
    case "H":
    case "c":
    case "f":
      return null;
    default:
      return unreadable;
  }
}

function bindText(frame: Frame): Statement {
  const bind = decodeBind(frame);
  if (bind.kind === "malformed") return unreadable;
  const values = bind.parameters.map((value, index) => {
    if (value === null) return `$${index + 1} NULL`;
    const format = formatOf(bind.parameterFormats, index) === 1 ? "binary" : "text";
    return `$${index + 1} ${format}, ${value.length} bytes`;
  });
  const list = values.length === 0 ? "no parameters" : values.join("; ");
  return { message: "bind", text: `${nameOf(bind.statement)}: ${list}` };
}

function sql(message: "query" | "parse", text: string, maskSql: MaskSql): Statement {
  const masked = maskSql(text);
  if (masked !== null) return { message, text: masked };
  return { message, text: `[statement of ${text.length} characters, withheld]` };
}

function nameOf(name: string): string {
  // A client may put anything in a name, also a value.
  if (name === "") return "(unnamed)";
  return /^[A-Za-z0-9_$.:-]{1,64}$/.test(name) ? name : `[name of ${name.length} characters]`;
}

const unreadable: Statement = { message: "other", text: "[message not understood]" };
