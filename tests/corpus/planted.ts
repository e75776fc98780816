/**
 * The values that only a leak can bring out, and the search for them in whatever came.
 *
 * A value counts as found in any form that is undone without a key: other case, reversed, taken
 * apart, as digits, in hexadecimal, base64, octal, code points, rot13, percent or Unicode escapes,
 * and as the plain hash of what is easily guessed.
 *
 * **Invariant:** no statement of the corpus holds a planted value or a part of one.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";

/** What stands in the tables of `clinic.sql` under a class, each value nowhere else. */
export const plantedValues = {
  mrn: ["MRN-77180001", "MRN-77180002", "MRN-77180003"],
  name: ["Zebulina Quorxplanted", "Wolframina Yttriumfeld", "Xanthippe Kvothebrook"],
  ssn: ["987-43-9911", "986-52-8821", "985-61-7731"],
  dob: ["1931-07-23", "1947-11-29", "1953-08-17", "1962-02-19"],
  zip: ["87931-4471", "86427-3391", "85713-9927"],
  email: ["zebu.quorx@zqmail.example", "wolf.yttr@wymail.example", "xanth.kvot@xkmail.example"],
  phone: ["(617) 555-0177", "(718) 555-0188", "(819) 555-0199"],
  note: ["Zqplantednote about glioblastoma", "Wyplantednote about endocarditis"],
  number: ["804172631", "739518462", "618305947"],
  text: ["vaultwordkestrel", "vaultwordmerganser", "arrivalwordkittiwake", "bookwordguillemot"],
} as const;

/** Parts that give a value away as well. */
const parts = [
  ...["zebulina", "quorxplanted", "wolframina", "yttriumfeld", "xanthippe", "kvothebrook"],
  ...["zqplantednote", "wyplantednote", "glioblastoma", "endocarditis"],
  ...["zebuquorx", "wolfyttr", "xanthkvot", "zqmail", "wymail", "xkmail"],
  ...["kestrel", "merganser", "kittiwake", "guillemot"],
];

type Needle = { readonly what: string; readonly text: string };

const needles: readonly Needle[] = Object.entries(plantedValues).flatMap(([what, values]) =>
  values.flatMap((value) => [
    { what, text: squeezed(value) },
    ...(/\d{7}/.test(squeezed(value)) ? [{ what, text: value.replace(/\D/g, "") }] : []),
    ...(what === "dob" ? datesOf(value).map((text) => ({ what, text })) : []),
    ...["md5", "sha1", "sha224", "sha256", "sha384", "sha512"].map((algorithm) => ({
      what: `${algorithm} of ${what}`,
      text: createHash(algorithm).update(value).digest("hex").slice(0, 24),
    })),
  ])
).concat(parts.map((text) => ({ what: "part of a value", text })));

const reversedNeedles = needles.filter(({ what }) => !what.includes(" of ")).map((needle) => ({
  what: `reversed ${needle.what}`,
  text: [...needle.text].toReversed().join(""),
}));
const wanted = [...needles, ...reversedNeedles].filter(({ text }) => text.length >= 6);

/** Names the first planted value in a text, however it is written; null when there is none. */
export function findPlanted(text: string): string | null {
  const seen = new Set<string>();
  let views = [text];
  for (let depth = 0; depth < depthMax; depth++) {
    const next: string[] = [];
    for (const view of views) {
      if (view.length < 6 || seen.has(view)) continue;
      seen.add(view);
      const found = inView(view);
      if (found !== null) return depth === 0 ? found : `${found}, decoded`;
      next.push(...decoded(view));
    }
    views = next.slice(0, viewsMax);
  }
  return null;
}

/** Encodings undone one inside the other. */
const depthMax = 3;
/** Views looked at on each level. */
const viewsMax = 100;
/** What every needle starts with; no needle is shorter. */
const stemChars = 6;

const byStem = Map.groupBy(wanted, ({ text }) => text.slice(0, stemChars));
const digitNeedles = wanted.filter(({ text }) => /^\d{9,}$/.test(text));

function inView(view: string): string | null {
  const text = squeezed(view);
  for (let at = 0; at + stemChars <= text.length; at++) {
    const found = byStem.get(text.slice(at, at + stemChars))
      ?.find((needle) => text.startsWith(needle.text, at));
    if (found !== undefined) return found.what;
  }
  const digits = view.replace(/\D/g, "");
  return digitNeedles.find((needle) => digits.includes(needle.text))?.what ?? null;
}

/** What a view may be the encoded form of. */
function* decoded(view: string): Generator<string> {
  yield rot13(view);
  yield runs(view, /(?:[0-9a-f]{2}){6,}/gi, (run) => Buffer.from(run, "hex"));
  for (let shift = 0; shift < 4; shift++) {
    yield runs(view, /[A-Za-z0-9+/_-]{8,}={0,2}/g, (run) => {
      return Buffer.from(run.slice(shift), "base64");
    });
  }
  if (view.includes("%")) {
    yield view.replace(/%([0-9a-f]{2})/gi, (_, hex) => String.fromCharCode(parseInt(hex, 16)));
  }
  if (/\\|&#|u[0-9a-f]{4}/i.test(view)) {
    yield view
      .replace(/\\{0,4}u\+?\{?0*([0-9a-f]{2,4})\}?/gi, (_, hex) => codePoint(parseInt(hex, 16)))
      .replace(/&#x([0-9a-f]+);/gi, (_, hex) => codePoint(parseInt(hex, 16)))
      .replace(/&#(\d+);/g, (_, decimal) => codePoint(Number(decimal)))
      .replace(/\\{1,2}([0-7]{3})/g, (_, octal) => codePoint(parseInt(octal, 8)))
      .replace(/\\{1,2}x([0-9a-f]{2})/gi, (_, hex) => codePoint(parseInt(hex, 16)));
  }
  yield numbers(view, /\b\d{2,3}\b/g, 10);
  yield numbers(view, /\b[0-9a-f]{2}\b/gi, 16);
  if (/^[01\s]+$/.test(view)) yield bits(view);
  // UTF-16 and other text with a NUL between characters.
  if (view.includes("\0")) yield view.replaceAll("\0", "");
}

function runs(view: string, pattern: RegExp, decode: (run: string) => Uint8Array): string {
  return [...view.matchAll(pattern)].map(([run]) => latin1(decode(run))).join(" ");
}

/** Numbers as the code points of a text. */
function numbers(view: string, pattern: RegExp, base: number): string {
  const found = view.match(pattern) ?? [];
  if (found.length < stemChars) return "";
  return String.fromCharCode(...found.slice(0, 50_000).map((number) => parseInt(number, base)));
}

function bits(view: string): string {
  const digits = view.replace(/\s/g, "");
  return (digits.match(/[01]{8}/g) ?? []).map((byte) => codePoint(parseInt(byte, 2))).join("");
}

function codePoint(code: number): string {
  return code <= 0x10ffff ? String.fromCodePoint(code) : "";
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("latin1");
}

function rot13(text: string): string {
  return text.replace(/[a-z]/gi, (letter) => {
    const base = letter <= "Z" ? 65 : 97;
    return String.fromCharCode((letter.charCodeAt(0) - base + 13) % 26 + base);
  });
}

/** Letters and digits alone, in lower case. */
function squeezed(text: string): string {
  return text.toLowerCase().replace(/[^\p{L}\p{N}]/gu, "");
}

/** A date as other styles of DateStyle and `to_char` write it, digits alone. */
function datesOf(date: string): string[] {
  const [year = "", month = "", day = ""] = date.split("-");
  const days = Date.UTC(Number(year), Number(month) - 1, Number(day)) / 86_400_000;
  return [`${month}${day}${year}`, `${day}${month}${year}`, String(days * 86_400)];
}
