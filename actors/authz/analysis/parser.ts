/**
 * PostgreSQL's own parser (libpg_query for PostgreSQL 18, compiled to WebAssembly), loaded once.
 *
 * The published wrapper keeps one instance for ever; an exception that unwinds through it (the
 * JavaScript stack overflowing inside the module, or memory running out) leaves its error stack
 * and its memory in an unknown state. Here such an instance is dropped and a spare takes over, so
 * one hostile statement cannot harm the next.
 *
 * Loading reads `libpg-query.wasm`: it needs `--allow-read` of the package's folder under
 * `node_modules`.
 *
 * **Invariant:** a parser answers or refuses; it never throws, and no message repeats the
 * statement.
 *
 * @module
 */
import createModule from "libpg-query/wasm/libpg-query.js";

export type Parsed =
  | { readonly ok: true; readonly tree: unknown }
  | {
    readonly ok: false;
    readonly code: "syntax_error" | "too_complex";
    readonly message: string;
    /** In characters from 1, as PostgreSQL counts, when known. */
    readonly position: number | null;
  };
export type Parser = (sql: string) => Parsed;

/** Resolves with a parser. @throws when the WebAssembly file cannot be read. */
export async function loadParser(): Promise<Parser> {
  const pool: Instance[] = [await load(), await load()];
  return (sql) => {
    const refusal = unparsable(sql);
    if (refusal !== null) return refusal;
    const instance = pool[0];
    if (instance === undefined) {
      return tooComplex("The parser is restarting after a statement it could not hold");
    }
    try {
      const parsed = parse(instance, sql);
      if (instance.heapBytes() > heapBytesMax) retire(pool);
      return parsed;
    } catch {
      retire(pool);
      return tooComplex("The statement exceeds what the parser can hold");
    }
  };
}

type Instance = {
  readonly call: (name: string, ...args: readonly unknown[]) => number;
  readonly read: (address: number) => string;
  readonly heapBytes: () => number;
};

/** Beyond this an instance is replaced: memory of a module grows and never shrinks. */
const heapBytesMax = 268_435_456;

function unparsable(sql: string): Parsed | null {
  // The module reads C strings: what follows a NUL would be executed and never judged.
  const nul = sql.indexOf("\0");
  if (nul >= 0) return syntaxError("The statement holds a NUL character", null);
  if (!sql.isWellFormed()) return syntaxError("The statement is not well-formed Unicode", null);
  return null;
}

/** Takes the first instance out of service and loads another behind the spare. */
function retire(pool: Instance[]): void {
  pool.shift();
  load().then((fresh) => pool.push(fresh), () => {});
}

/* Layout of PgQueryParseResult and PgQueryError, wasm32: pointers and ints of four bytes. */
function parse(instance: Instance, sql: string): Parsed {
  const { call, read } = instance;
  const bytes = call("lengthBytesUTF8", sql) + 1;
  const query = call("_malloc", bytes);
  if (query === 0) return tooComplex("The statement exceeds the parser's memory");
  call("stringToUTF8", sql, query, bytes);
  const result = call("_wasm_parse_query_raw", query);
  call("_free", query);
  if (result === 0) return tooComplex("The statement exceeds the parser's memory");
  const error = call("getValue", result + 8, "i32");
  const answer = error === 0
    ? parsed(read(call("getValue", result, "i32")))
    : failed(read(call("getValue", error, "i32")), call("getValue", error + 16, "i32"));
  call("_wasm_free_parse_result", result);
  return answer;
}

function parsed(json: string): Parsed {
  if (json === "") return tooComplex("The parser gave no tree");
  const tree: unknown = JSON.parse(json);
  return { ok: true, tree };
}

function failed(message: string, cursor: number): Parsed {
  const position = cursor > 0 ? cursor : null;
  if (message.startsWith("memory exhausted") || message.startsWith("stack depth")) {
    return {
      ok: false,
      code: "too_complex",
      message: "The statement is nested too deeply",
      position,
    };
  }
  return syntaxError("The statement has a syntax error", position);
}

function syntaxError(message: string, position: number | null): Parsed {
  return { ok: false, code: "syntax_error", message, position };
}

function tooComplex(message: string): Parsed {
  return { ok: false, code: "too_complex", message, position: null };
}

async function load(): Promise<Instance> {
  const module: unknown = await createModule({ print: () => {}, printErr: () => {} });
  if (typeof module !== "object" || module === null) {
    throw new TypeError("Cannot load the SQL parser: the module is not an object");
  }
  // The one boundary without types: emscripten's module object, its functions read by name.
  const exports = module as Readonly<Record<string, unknown>>;
  const invoke = (name: string, args: readonly unknown[]): unknown => {
    const found = exports[name];
    if (typeof found !== "function") {
      throw new TypeError(`Cannot load the SQL parser: ${name} is missing`);
    }
    return found(...args);
  };
  return {
    call: (name, ...args) => {
      const value = invoke(name, args);
      return typeof value === "number" ? value : 0;
    },
    read: (address) => {
      const value = invoke("UTF8ToString", [address]);
      return typeof value === "string" ? value : "";
    },
    heapBytes: () => {
      const heap = exports["HEAPU8"];
      return heap instanceof Uint8Array ? heap.byteLength : 0;
    },
  };
}
