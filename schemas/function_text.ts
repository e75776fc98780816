/**
 * What the text of a function may do, as far as its words tell. Target reads the texts that the
 * catalog holds, authz those that a statement is about to add.
 *
 * **Invariant:** what has none of the words does none of the work; a word in a comment or a string
 * counts as well, and a text in another language counts as doing everything.
 *
 * @module
 */

/** What a function may do beyond computing from its arguments. */
export type FunctionWork = {
  /** May write rows or change the session. */
  readonly moves: boolean;
  /** May read rows. */
  readonly reads: boolean;
  /** May create, change or drop what has a name; what does also `moves`. */
  readonly defines: boolean;
};

const everything: FunctionWork = { moves: true, reads: true, defines: true };

/** What a function does by itself. Functions in C are installed by superusers, with extensions. */
export function functionWork(language: string, text: string): FunctionWork {
  if (language === "c" || language === "internal") {
    return { moves: false, reads: false, defines: false };
  }
  if (language !== "sql" && language !== "plpgsql") return everything;
  // Names may be written with Unicode escapes.
  if (/u&"/i.test(text)) return everything;
  const words = wordsOf(text);
  // In SQL, SELECT INTO makes a table; in PL/pgSQL it fills a variable.
  const makes = language === "sql" && words.includes("into");
  // A cursor that is opened may take the name of one that is open already.
  const opens = language === "sql"
    ? words.includes("declare")
    : words.includes("open") && (comment.test(text) || openStatement.test(text));
  return {
    moves: makes || opens || lockingRows.test(text) ||
      words.some((word) => movingWords.has(word) || movingFamilies.test(word)),
    reads: words.some((word) => readingWords.has(word)),
    defines: makes || words.some((word) => definingWords.has(word) || word.startsWith("dblink")),
  };
}

/** The words of a text, in lower case; parts of quoted names too. */
export function wordsOf(text: string): string[] {
  return text.toLowerCase().match(/[\p{L}_][\p{L}\p{N}_$]*/gu) ?? [];
}

/* OPEN where a statement of PL/pgSQL may begin; behind a comment it may be anywhere. */
const openStatement = /(?:[;>]|\b(?:begin|then|else|loop))\s*open\b/i;
const comment = /--|\/\*/;
/* Locks of rows take numbers of transactions, which can be counted. */
const lockingRows = /\bfor\s+(?:key\s+)?share\b/i;
const movingWords: ReadonlySet<string> = new Set(
  `insert update delete merge truncate copy execute call do create drop alter grant revoke set reset
  discard prepare lock comment security reindex cluster vacuum analyze refresh notify listen load
  import set_config setval nextval setseed temp temporary pg_temp lowrite`.split(/\s+/),
);
/* Functions that write, that leave something behind, or that run a query given as text. */
const movingFamilies = new RegExp(
  String.raw`^(?:lo_|dblink|pg_notify|pg_\w*advisory|\w+_to_xml|ts_stat|ts_rewrite|crosstab|` +
    String.raw`pg_(?:restore|clear|file|create|drop|replication|logical)_|pg_stat_reset)`,
);
/* Of a text that is run, and of a procedure that is called, nothing is known. */
const definingWords: ReadonlySet<string> = new Set(
  "create drop alter import execute call do".split(" "),
);
const readingWords: ReadonlySet<string> = new Set(
  "select from perform table with query execute into".split(" "),
);
