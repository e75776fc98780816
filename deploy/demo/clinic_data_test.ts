import assert from "node:assert/strict";
import { chanceOf, claimRows, noteRows, patientRows, type Row, visitRows } from "./clinic_data.ts";

const sizes = { patients: 500, visits: 1000, notes: 1000, claims: 300 };

Deno.test("patientRows() are the same for the same seed, and others for another", () => {
  const rows = (seed: number) => [...patientRows(chanceOf(seed), sizes)];
  assert.deepEqual(rows(1), rows(1));
  assert.notDeepEqual(rows(1), rows(2));
});

Deno.test("patientRows() hold nothing that could be somebody's", () => {
  const mrns = new Set<unknown>();
  for (const row of patientRows(chanceOf(7), sizes)) {
    const [, mrn, name, ssn, dob, , zip, email, phone] = row.map(String);
    assert.match(mrn ?? "", /^MRN-\d{8}$/);
    assert.match(name ?? "", /^[A-Z][a-z]+ [A-Z][a-z]+$/);
    assert.match(ssn ?? "", /^9\d\d-[0-4]\d-\d{4}$/);
    assert.match(dob ?? "", /^(19|20)\d\d-\d\d-\d\d$/);
    assert.match(zip ?? "", /^\d{5}$/);
    assert.match(email ?? "", /@example\.org$/);
    assert.match(phone ?? "", /^\(\d{3}\) 555-01\d\d$/);
    mrns.add(mrn);
  }
  assert.equal(mrns.size, sizes.patients);
});

Deno.test("no value needs an escape in COPY's text format", () => {
  const all: Row[] = [patientRows, visitRows, noteRows, claimRows].flatMap((rows) => [
    ...rows(chanceOf(3), sizes),
  ]);
  assert.equal(all.length, 2800);
  for (const value of all.flat()) assert.doesNotMatch(String(value), /[\t\n\r\\]/);
});

Deno.test("noteRows() hold telephone numbers, mail addresses and SSNs now and then", () => {
  const bodies = [...noteRows(chanceOf(5), sizes)].map((row) => String(row[3]));
  for (const pattern of [/555-01\d\d/, /@example\.org/, /SSN 9\d\d-/]) {
    const count = bodies.filter((body) => pattern.test(body)).length;
    assert.ok(count > 10 && count < sizes.notes / 5, String(pattern));
  }
});
