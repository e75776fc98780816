import { equal, match, ok } from "node:assert/strict";
import { conditions } from "./conditions.ts";
import { genericMessage, sqlstate } from "./sqlstate.ts";

Deno.test("genericMessage() gives the condition's words", () => {
  equal(genericMessage("42501"), "insufficient privilege");
  equal(genericMessage("23505"), "unique violation");
  equal(genericMessage("57P02"), "crash shutdown");
});

Deno.test("genericMessage() falls back on the class, then on a word that says nothing", () => {
  equal(genericMessage("22ZZZ"), "data exception");
  equal(genericMessage("ZZZZZ"), "error");
  equal(genericMessage(""), "error");
  equal(genericMessage("22 Jane Doe"), "error");
});

Deno.test("genericMessage() never gives out what it was given", () => {
  for (const code of ["Q1234", "42Jan", "MRN-1", "constructor"]) {
    ok(!genericMessage(code).includes(code));
  }
});

Deno.test("every line of the table is a SQLSTATE and a name", () => {
  for (const line of conditions.trim().split("\n")) match(line, /^[0-9A-Z]{5} [a-z0-9_]+$/);
});

Deno.test("every SQLSTATE that the gateway uses is in the table under its name", () => {
  for (const [name, code] of Object.entries(sqlstate)) {
    const words = name.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
    equal(genericMessage(code), words);
  }
});
