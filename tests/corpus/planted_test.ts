import { equal, ok } from "node:assert/strict";
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { findPlanted, plantedValues } from "./planted.ts";

const { ssn: [ssn], name: [name], dob: [dob], number: [number] } = plantedValues;
const hex = Buffer.from(ssn).toString("hex");

const found: Readonly<Record<string, string>> = {
  "as it is": `x ${ssn} y`,
  "in upper case": name.toUpperCase(),
  "reversed": [...ssn].toReversed().join(""),
  "digits alone": ssn.replaceAll("-", ""),
  "taken apart": [...ssn].join(" | "),
  "a character a line": [...name].join("\n"),
  "hexadecimal": hex,
  "base64": btoa(name),
  "base64 of hexadecimal": btoa(hex),
  "base64 behind other letters": `abc${btoa(`:${ssn}`)}`,
  "rot13": name.replace(/[a-z]/gi, (letter) => {
    const base = letter <= "Z" ? 65 : 97;
    return String.fromCharCode((letter.charCodeAt(0) - base + 13) % 26 + base);
  }),
  "code points": [...name].map((letter) => letter.charCodeAt(0)).join(","),
  "Unicode escapes": [...name].map((letter) => `\\u00${hexOf(letter)}`).join(""),
  "percent escapes": [...name].map((letter) => `%${hexOf(letter)}`).join(""),
  "octal escapes": [...ssn].map((digit) => `\\0${digit.charCodeAt(0).toString(8)}`).join(""),
  "entities": [...name].map((letter) => `&#${letter.charCodeAt(0)};`).join(""),
  "bits": [...ssn].map((digit) => digit.charCodeAt(0).toString(2).padStart(8, "0")).join(""),
  "a hash": createHash("md5").update(ssn).digest("hex"),
  "another date style": `${dob.slice(8)}.${dob.slice(5, 7)}.${dob.slice(0, 4)}`,
  "a number in money": Number(number).toLocaleString("en-US"),
  "UTF-16": Buffer.from(name, "utf16le").toString("latin1"),
};

for (const [how, text] of Object.entries(found)) {
  Deno.test(`findPlanted() finds a value ${how}`, () => ok(findPlanted(text) !== null, how));
}

Deno.test("findPlanted() finds nothing in what is masked or plain", () => {
  const plain = ["[ssn] [name] 0001-01-01", "oncology 12 2024-02-01 C71.9", "", "\0\u0001"];
  for (const text of plain) equal(findPlanted(text), null);
});

function hexOf(letter: string): string {
  return letter.charCodeAt(0).toString(16);
}
