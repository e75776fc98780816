/**
 * Masking of dates and times, in text (ISO DateStyle) and in binary (days or microseconds from
 * 2000-01-01). A text in another DateStyle is not understood and becomes NULL.
 * https://www.postgresql.org/docs/current/datatype-datetime.html
 *
 * **Invariant:** a masked date is a valid date of its type, and says nothing finer than a year.
 * Derived dates lie in the years 5000 to 8999, where no one mistakes them for a birthday.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { digest } from "./key.ts";
import type { Ask } from "./ask.ts";

/** Masks a `date`. */
export function maskDate(value: Uint8Array, ask: Ask): Uint8Array | null {
  if (ask.rule.operator === "redact" || ask.rule.operator === "partial") {
    return dateOf(redactedDay, ask);
  }
  const known = ask.rule.operator === "generalise" && ask.rule.to === "year" && ask.format === 0
    ? generaliseCommonDate(value, ask.key.thisYear)
    : null;
  if (known !== null) return known;
  const day = ask.format === 1 ? binaryDay(value) : textDay(asText(value));
  if (day === null) return null;
  if (ask.rule.operator === "generalise") {
    return ask.rule.to === "year" ? dateOf(yearStart(day, ask), ask) : dateOf(redactedDay, ask);
  }
  return dateOf(derivedDay(ask, "date", String(day)), ask);
}

/** Masks a `timestamp` or, with `zoned`, a `timestamptz`. */
export function maskTimestamp(value: Uint8Array, zoned: boolean, ask: Ask): Uint8Array | null {
  // Noon UTC is in the same year in whatever time zone a client shows it.
  const blank = BigInt(redactedDay) * dayMicros + (zoned ? dayMicros / 2n : 0n);
  if (ask.rule.operator === "redact" || ask.rule.operator === "partial") {
    return timestampOf(blank, zoned, ask);
  }
  const micros = ask.format === 1 ? binaryMicros(value) : textMicros(asText(value));
  if (micros === null) return null;
  if (ask.rule.operator === "generalise") {
    if (ask.rule.to !== "year") return timestampOf(blank, zoned, ask);
    const day = Number(floorDivide(micros, dayMicros));
    const start = BigInt(yearStart(day, ask)) * dayMicros;
    return timestampOf(zoned ? start + dayMicros / 2n : start, zoned, ask);
  }
  const day = derivedDay(ask, "timestamp", String(micros));
  const bytes = digest(ask.key, ask, "time of day", Buffer.from(String(micros)));
  const seconds = bytes.readUInt32BE(0) % 86_400;
  return timestampOf(BigInt(day) * dayMicros + BigInt(seconds) * 1_000_000n, zoned, ask);
}

/** Masks a `time` or `timetz`: always midnight, since a time of day has nothing to join by. */
export function maskTime(zoned: boolean, ask: Ask): Uint8Array {
  if (ask.format === 1) return new Uint8Array(zoned ? 12 : 8);
  return Buffer.from(zoned ? "00:00:00+00" : "00:00:00");
}

/** Masks an `interval`: always of no length. Valid in every IntervalStyle. */
export function maskInterval(ask: Ask): Uint8Array {
  return ask.format === 1 ? new Uint8Array(16) : Buffer.from("00:00:00");
}

/**
 * The first of January of the year in `YYYY-MM-DD` of the years 1 to 9999: what nearly every date
 * is, read without making a text of it. Null when it is not that. The bytes are not to be changed.
 */
export function generaliseCommonDate(
  value: Uint8Array,
  thisYear: number | null,
): Uint8Array | null {
  if (value.length !== 10 || value[4] !== 0x2d || value[7] !== 0x2d) return null;
  const year = numberAt(value, 0, 4);
  const month = numberAt(value, 5, 2);
  const date = numberAt(value, 8, 2);
  if (year < 1 || month < 1 || month > 12 || date < 1 || date > 31) return null;
  return newYearOf(cappedYear(year, thisYear));
}

/**
 * The first of January of the year in a date that is written as text, in the shape it had:
 * `2024-03-05…` or `03/05/2024`; a bare year stays. Null when it is none of these.
 */
export function generaliseYearText(text: string, thisYear: number | null): string | null {
  const iso = /^(\d{4})(?:-\d{2}-\d{2}(?:[ T]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(.*))?)?$/;
  const found = iso.exec(text);
  if (found?.[1] !== undefined) {
    const year = String(cappedYear(Number(found[1]), thisYear)).padStart(4, "0");
    if (text.length === 4) return year;
    return text.length === 10 ? `${year}-01-01` : `${year}-01-01 00:00:00`;
  }
  const us = /^\d{1,2}\/\d{1,2}\/(\d{4})$/.exec(text);
  if (us?.[1] === undefined) return null;
  return `01/01/${String(cappedYear(Number(us[1]), thisYear)).padStart(4, "0")}`;
}

/** By year, made when first asked for. */
const newYears: Uint8Array[] = [];

function newYearOf(year: number): Uint8Array {
  return newYears[year] ??= Buffer.from(`${String(year).padStart(4, "0")}-01-01`);
}

const epochDay = civilDay(2000, 1, 1);
const redactedDay = civilDay(1, 1, 1) - epochDay;
const derivedFirst = civilDay(5000, 1, 1) - epochDay;
const derivedDays = civilDay(9000, 1, 1) - civilDay(5000, 1, 1);
const dayMicros = 86_400_000_000n;

function derivedDay(ask: Ask, domain: string, canonical: string): number {
  const bytes = digest(ask.key, ask, domain, Buffer.from(canonical));
  return derivedFirst + bytes.readUIntBE(0, 6) % derivedDays;
}

function yearStart(day: number, ask: Ask): number {
  const year = cappedYear(civilOf(day + epochDay).year, ask.key.thisYear);
  return civilDay(year, 1, 1) - epochDay;
}

/** Someone born before `thisYear - 89` turns 90 or more this year: all of them share one year. */
function cappedYear(year: number, thisYear: number | null): number {
  return thisYear !== null && year < thisYear - 89 ? thisYear - 90 : year;
}

/** So many digits as a number; -1 when one of them is none. */
function numberAt(bytes: Uint8Array, at: number, digits: number): number {
  let number = 0;
  for (let i = at; i < at + digits; i++) {
    const digit = (bytes[i] ?? 0) - 0x30;
    if (digit < 0 || digit > 9) return -1;
    number = number * 10 + digit;
  }
  return number;
}

function dateOf(day: number, ask: Ask): Uint8Array {
  if (ask.format === 0) return Buffer.from(dayText(day));
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(day);
  return bytes;
}

function timestampOf(micros: bigint, zoned: boolean, ask: Ask): Uint8Array {
  if (ask.format === 1) {
    const bytes = Buffer.alloc(8);
    bytes.writeBigInt64BE(micros);
    return bytes;
  }
  const day = floorDivide(micros, dayMicros);
  const seconds = Number((micros - day * dayMicros) / 1_000_000n);
  const clock = [seconds / 3600, (seconds / 60) % 60, seconds % 60]
    .map((part) => String(Math.floor(part)).padStart(2, "0")).join(":");
  const text = dayText(Number(day));
  const era = text.endsWith(" BC") ? " BC" : "";
  return Buffer.from(
    `${text.slice(0, text.length - era.length)} ${clock}${zoned ? "+00" : ""}${era}`,
  );
}

function dayText(day: number): string {
  const { year, month, date } = civilOf(day + epochDay);
  const shown = String(year > 0 ? year : 1 - year).padStart(4, "0");
  const rest = [month, date].map((part) => String(part).padStart(2, "0")).join("-");
  return `${shown}-${rest}${year > 0 ? "" : " BC"}`;
}

function binaryDay(value: Uint8Array): number | null {
  if (value.length !== 4) return null;
  const day = Buffer.from(value).readInt32BE();
  return Math.abs(day) > dayMax ? null : day;
}

function binaryMicros(value: Uint8Array): bigint | null {
  if (value.length !== 8) return null;
  const micros = Buffer.from(value).readBigInt64BE();
  return micros > microsMax || micros < -microsMax ? null : micros;
}

// Beyond every date and timestamp that PostgreSQL stores, and short of its two infinities.
const dayMax = 2_147_483_000;
const microsMax = 9_223_372_036_854_000_000n;

const isoDate = /^(\d{4,7})-(\d{2})-(\d{2})( BC)?$/;
const isoTimestamp =
  /^(\d{4,7}-\d{2}-\d{2}) (\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,6}))?(?:([+-])(\d{2})(?::(\d{2}))?(?::(\d{2}))?)?( BC)?$/;

function textDay(text: string): number | null {
  const found = isoDate.exec(text);
  if (found === null) return null;
  const year = Number(found[1]);
  return civilDay(found[4] === undefined ? year : 1 - year, Number(found[2]), Number(found[3])) -
    epochDay;
}

function textMicros(text: string): bigint | null {
  const found = isoTimestamp.exec(text);
  const day = found === null ? null : textDay(`${found[1] ?? ""}${found[10] ?? ""}`);
  if (found === null || day === null) return null;
  const seconds = Number(found[2]) * 3600 + Number(found[3]) * 60 + Number(found[4]);
  const offset = Number(found[7] ?? 0) * 3600 + Number(found[8] ?? 0) * 60 + Number(found[9] ?? 0);
  const utc = found[6] === "-" ? seconds + offset : seconds - offset;
  const micros = BigInt((found[5] ?? "").padEnd(6, "0"));
  return BigInt(day) * dayMicros + BigInt(utc) * 1_000_000n + micros;
}

function asText(value: Uint8Array): string {
  return value.length > 40 ? "" : Buffer.from(value).toString("latin1");
}

function floorDivide(value: bigint, by: bigint): bigint {
  const quotient = value / by;
  return value % by < 0n ? quotient - 1n : quotient;
}

/**
 * Days from 1970-01-01 in the proleptic Gregorian calendar (Hinnant, "chrono-compatible dates").
 */
function civilDay(year: number, month: number, date: number): number {
  const shifted = month <= 2 ? year - 1 : year;
  const era = Math.floor(shifted / 400);
  const yearOfEra = shifted - era * 400;
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + date - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) +
    dayOfYear;
  return era * 146_097 + dayOfEra - 719_468;
}

function civilOf(day: number): { year: number; month: number; date: number } {
  const shifted = day + 719_468;
  const era = Math.floor(shifted / 146_097);
  const dayOfEra = shifted - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) -
      Math.floor(dayOfEra / 146_096)) / 365,
  );
  const dayOfYear = dayOfEra -
    (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const month = Math.floor((5 * dayOfYear + 2) / 153);
  const year = yearOfEra + era * 400 + (month < 10 ? 0 : 1);
  return {
    year,
    month: month < 10 ? month + 3 : month - 9,
    date: dayOfYear - Math.floor((153 * month + 2) / 5) + 1,
  };
}
