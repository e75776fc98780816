import { deepStrictEqual } from "node:assert/strict";
import { followFunctions } from "./catalog_code.ts";

Deno.test("followFunctions() finds what functions do through the functions they call", () => {
  const one = (oid: number, name: string, text: string, language = "plpgsql") => {
    return { oid, name, language, text };
  };
  const work = followFunctions([
    one(1, "mover", "begin execute $1; end"),
    one(2, "caller", "begin return Mover('x'); end"),
    one(3, "callers caller", 'begin return "caller"(1); end'),
    one(4, "calls the quoted", 'begin return "callers caller"(); end'),
    one(5, "pure", "begin return $1 || 'x'; end"),
    one(6, "reader", "select ssn from patients", "sql"),
    one(7, "calls_reader", "begin return reader(); end"),
    one(8, "compiled", "mover", "c"),
    one(9, "writer", "begin insert into log values ($1); end"),
  ]);
  const names = (isWanted: (oid: number) => boolean) => [...work.keys()].filter(isWanted);
  deepStrictEqual(names((oid) => work.get(oid)?.moves === true), [1, 2, 3, 4, 9]);
  deepStrictEqual(names((oid) => work.get(oid)?.defines === true), [1, 2, 3, 4]);
  deepStrictEqual(names((oid) => work.get(oid)?.reads === true), [1, 2, 3, 4, 6, 7, 9]);
});
