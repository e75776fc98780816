/** Which words of errors and notices stay, case by case. @module */
import { deepStrictEqual, equal, ok } from "node:assert/strict";
import type { BackendMessage } from "#schemas/wire/postgres/backend.ts";
import { volumeExceeded } from "#schemas/wire/postgres/volume_exceeded.ts";
import { beginResponse, openRewriter, rewrite } from "./rewrite.ts";
import { detectors, options, planOf, play, requestOf } from "./testing.ts";

type Fields = Record<string, string>;

function error(fields: Fields): BackendMessage {
  return { kind: "error_response", fields: listed(fields) };
}
function notice(fields: Fields): BackendMessage {
  return { kind: "notice_response", fields: listed(fields) };
}
function listed(fields: Fields) {
  return Object.entries(fields).map(([code, value]) => ({ code, value }));
}

const secret = "536-22-1234";

Deno.test("rewriteError() gives generic words where a value may stand", () => {
  const cases: [string, Fields, string][] = [
    [
      "a cast of a value",
      {
        S: "ERROR",
        V: "ERROR",
        C: "22P02",
        M: `invalid input syntax for type integer: "${secret}"`,
      },
      "S=ERROR V=ERROR C=22P02 M=invalid text representation",
    ],
    [
      "a unique violation",
      {
        S: "ERROR",
        C: "23505",
        M: 'duplicate key value violates unique constraint "patients_ssn_key"',
        D: `Key (ssn)=(${secret}) already exists.`,
        s: "public",
        t: "patients",
        n: "patients_ssn_key",
        F: "nbtinsert.c",
        L: "666",
        R: "_bt_check_unique",
      },
      "S=ERROR C=23505 M=unique violation s=public t=patients n=patients_ssn_key " +
      "F=nbtinsert.c L=666 R=_bt_check_unique",
    ],
    [
      "a value as the name of a relation",
      { S: "ERROR", C: "42P01", M: `relation "${secret}" does not exist` },
      "S=ERROR C=42P01 M=undefined table",
    ],
    [
      "a value as the name of a schema",
      { S: "ERROR", C: "3F000", M: `schema "${secret}" does not exist` },
      "S=ERROR C=3F000 M=invalid schema name",
    ],
    [
      "a value as the name of a cursor",
      { S: "ERROR", C: "34000", M: `cursor "${secret}" does not exist` },
      "S=ERROR C=34000 M=invalid cursor name",
    ],
    [
      "RAISE under the SQLSTATE of a timeout",
      { S: "ERROR", C: "57014", M: secret, W: "PL/pgSQL function f() line 1 at RAISE" },
      "S=ERROR C=57014 M=query canceled",
    ],
    [
      "RAISE with a value as a name",
      { S: "ERROR", C: "23514", M: secret, t: secret, n: secret, c: secret, W: "PL/pgSQL f()" },
      "S=ERROR C=23514 M=check violation",
    ],
    [
      "a check of many that are named after values",
      { S: "ERROR", C: "23514", M: `violates check constraint "${secret}"`, t: "x", n: secret },
      "S=ERROR C=23514 M=check violation",
    ],
    [
      "a domain of many that are named after values",
      { S: "ERROR", C: "23502", M: `domain ${secret} does not allow null values`, d: secret },
      "S=ERROR C=23502 M=not null violation",
    ],
    [
      "RAISE with a value as the SQLSTATE",
      { S: "ERROR", C: "53622", M: secret, W: "PL/pgSQL function f()" },
      "S=ERROR C=P0001 M=raise exception",
    ],
    [
      "dynamic SQL, whose position is in another statement",
      {
        S: "ERROR",
        C: "42601",
        M: `syntax error at or near "${secret}"`,
        p: "8",
        q: `select ${secret}`,
      },
      "S=ERROR C=42601 M=syntax error",
    ],
    [
      "permission denied, for what is no name",
      { S: "ERROR", C: "42501", M: `permission denied for "${secret} and more"` },
      "S=ERROR C=42501 M=insufficient privilege",
    ],
  ];
  for (const [name, fields, expected] of cases) {
    const played = play([error(fields)], planOf([]));
    deepStrictEqual(played.lines, [expected], name);
    ok(!played.bytes.includes(secret), name);
  }
});

Deno.test("rewriteError() keeps words of the statement's own names, and of the machine", () => {
  const cases: Fields[] = [
    { S: "ERROR", C: "42703", M: 'column "sssn" does not exist', P: "8" },
    { S: "ERROR", C: "42601", M: 'syntax error at or near "selec"', P: "1" },
    { S: "ERROR", C: "3F000", M: 'schema "x" does not exist', P: "15" },
    { S: "ERROR", C: "42501", M: "permission denied for table patients" },
    { S: "ERROR", C: "25P02", M: "current transaction is aborted" },
    { S: "ERROR", C: "26000", M: 'prepared statement "s1" does not exist' },
    { S: "ERROR", C: "40001", M: "could not serialize access due to concurrent update" },
    { S: "ERROR", C: "57014", M: "canceling statement due to statement timeout" },
    { S: "ERROR", C: "55P03", M: 'could not obtain lock on relation "t"' },
  ];
  for (const fields of cases) {
    const [line] = play([error({ ...fields, D: secret, H: secret })], planOf([])).lines;
    equal(line, Object.entries(fields).map(([code, value]) => `${code}=${value}`).join(" "));
  }
});

Deno.test("rewriteError() withholds what a notice says", () => {
  const fields = { S: "NOTICE", V: "NOTICE", C: "00000", M: secret, W: "PL/pgSQL function f()" };
  const expected = "S=NOTICE V=NOTICE C=00000 M=notice withheld: it may hold protected data";
  deepStrictEqual(play([notice(fields)], planOf([])).lines, [expected]);
  const other = { ...fields, S: "WARNING", V: "WARNING", C: "22012", L: "7" };
  const many = play([notice(other), notice(fields), notice(other)], planOf([])).lines;
  deepStrictEqual(many, [expected], "neither how many there are nor of which kinds");
});

Deno.test("rewriteError() keeps words where no class is touched, but for what detectors find", () => {
  const fields = { S: "ERROR", C: "23505", M: "m", D: `Key (x)=(${secret}) exists.`, n: "k" };
  const open = planOf([], "keep");
  const kept = play([error(fields)], open);
  deepStrictEqual(kept.lines, [`S=ERROR C=23505 M=m D=Key (x)=(${secret}) exists. n=k`]);
  const scanned = play([error(fields)], open, { options: { detectors } });
  deepStrictEqual(scanned.lines, ["S=ERROR C=23505 M=m D=Key (x)=([ssn]) exists. n=k"]);
  deepStrictEqual(scanned.masked, { ssn: 1 });
});

Deno.test("what the gateway says of its own limit stays whole, and nothing that is like it", () => {
  const volume = { rowsMax: 5, rowsOf: "request", bytesMax: 9, bytesOf: "session" } as const;
  const other = { ...volume, rowsMax: 6 };
  const words = (said: Uint8Array) => {
    const rewriter = openRewriter(options, null);
    beginResponse(rewriter, requestOf(planOf([]), { volume }));
    return new TextDecoder().decode(rewrite(rewriter, said).bytes);
  };
  for (const by of ["rows", "bytes"] as const) {
    for (const fate of ["cancelled", "completed", "aborted"] as const) {
      const own = volumeExceeded(volume, by, fate);
      equal(words(own), new TextDecoder().decode(own));
    }
  }
  ok(!words(volumeExceeded(other, "rows", "cancelled")).includes("limit of 6"));
});
