/**
 * The records of a clinic that does not exist: patients, visits, notes and claims, the same ones
 * for the same seed.
 *
 * **Invariant:** no value can be a real person's: names are drawn at random from lists, social
 * security numbers lie in the 9xx range that is never issued, telephone numbers in 555-01xx, which
 * is reserved for fiction, and mail addresses at example.org (RFC 2606).
 *
 * @module
 */

/** A source of numbers in [0, 1) that a seed fixes. */
export type Chance = () => number;

export type ClinicSizes = {
  readonly patients: number;
  readonly visits: number;
  readonly notes: number;
  readonly claims: number;
};

export const demoSizes: ClinicSizes = {
  patients: 5000,
  visits: 20_000,
  notes: 20_000,
  claims: 15_000,
};

export type Row = readonly (string | number)[];

/** Mulberry32: 32 bits of state, ample for made-up records. */
export function chanceOf(seed: number): Chance {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** id, mrn, name, ssn, dob, sex, zip, email, phone, created_at. */
export function* patientRows(chance: Chance, sizes: ClinicSizes): Generator<Row> {
  for (let id = 1; id <= sizes.patients; id++) {
    const first = pick(chance, firstNames);
    const last = pick(chance, lastNames);
    yield [
      id,
      `MRN-${String(100_000 + id * 7 % 900_000).padStart(8, "0")}`,
      `${first} ${last}`,
      ssn(chance),
      day(chance, Date.UTC(1928, 0, 1), Date.UTC(2024, 0, 1)),
      pick(chance, ["F", "M", "F", "M", "X"]),
      `${pick(chance, zip3)}${digits(chance, 2)}`,
      `${first}.${last}.${id}@example.org`.toLowerCase(),
      phone(chance),
      `${day(chance, Date.UTC(2022, 0, 1), Date.UTC(2024, 0, 1))}T09:00:00Z`,
    ];
  }
}

/** id, patient_id, visited_on, department, reason. The first visits give each patient one. */
export function* visitRows(chance: Chance, sizes: ClinicSizes): Generator<Row> {
  for (let id = 1; id <= sizes.visits; id++) {
    yield [
      id,
      id <= sizes.patients ? id : 1 + integer(chance, sizes.patients),
      day(chance, Date.UTC(2024, 0, 1), Date.UTC(2026, 6, 1)),
      pick(chance, departments),
      pick(chance, reasons),
    ];
  }
}

/** id, visit_id, author, body. About one note in five holds an identifier in its free text. */
export function* noteRows(chance: Chance, sizes: ClinicSizes): Generator<Row> {
  for (let id = 1; id <= sizes.notes; id++) {
    yield [id, 1 + integer(chance, sizes.visits), pick(chance, authors), noteBody(chance)];
  }
}

/** id, visit_id, amount, payer, icd10, status. */
export function* claimRows(chance: Chance, sizes: ClinicSizes): Generator<Row> {
  for (let id = 1; id <= sizes.claims; id++) {
    yield [
      id,
      1 + integer(chance, sizes.visits),
      (40 + chance() * chance() * 4000).toFixed(2),
      pick(chance, payers),
      pick(chance, icd10),
      pick(chance, ["submitted", "submitted", "paid", "paid", "paid", "denied"]),
    ];
  }
}

function noteBody(chance: Chance): string {
  const parts = [pick(chance, findings), pick(chance, plans)];
  const roll = chance();
  if (roll < 0.08) parts.push(`Call back at ${phone(chance)} after four.`);
  else if (roll < 0.14) {
    const name = `${pick(chance, firstNames)}.${pick(chance, lastNames)}`.toLowerCase();
    parts.push(`Send the results to ${name}@example.org.`);
  } else if (roll < 0.18) parts.push(`Insurance form lists SSN ${ssn(chance)}.`);
  else if (roll < 0.2) parts.push(`Came with ${pick(chance, firstNames)}, next of kin.`);
  return parts.join(" ");
}

/** Group numbers below 50: those above belong to taxpayer numbers, which are issued. */
function ssn(chance: Chance): string {
  const area = 900 + integer(chance, 100);
  const group = 1 + integer(chance, 49);
  return `${area}-${String(group).padStart(2, "0")}-${1000 + integer(chance, 9000)}`;
}

function phone(chance: Chance): string {
  return `(${pick(chance, areaCodes)}) 555-01${digits(chance, 2)}`;
}

function day(chance: Chance, from: number, until: number): string {
  return new Date(from + chance() * (until - from)).toISOString().slice(0, 10);
}

function digits(chance: Chance, count: number): string {
  return String(integer(chance, 10 ** count)).padStart(count, "0");
}

function integer(chance: Chance, below: number): number {
  return Math.floor(chance() * below);
}

function pick(chance: Chance, list: readonly string[]): string {
  return list[integer(chance, list.length)] ?? "";
}

function words(text: string): readonly string[] {
  return text.split(" ");
}

const firstNames = words(
  "Ada Alma Amir Anders Aisha Beatriz Boris Carmen Chidi Clara Dario Deepa Elena Emil Esther Farah " +
    "Felix Gita Greta Hana Hugo Ines Ivan Jonas Jun Kaia Karim Lea Liam Lucia Mads Mei Mira Nadia " +
    "Noor Olga Omar Paula Priya Ravi Rosa Sami Sara Tariq Theo Uma Vera Wei Yara Zoe",
);
const lastNames = words(
  "Abbott Baptiste Berg Chaudhry Costa Dahl Desai Eriksen Falk Ferreira Garcia Haddad Hansen Ito " +
    "Jansen Kaya Keller Kovac Laurent Lindqvist Lopez Maduro Marsh Mbeki Moreau Nakamura Nguyen " +
    "Novak Okoye Olsen Park Pereira Quist Rahman Rossi Ruiz Sato Schmidt Silva Singh Sorensen " +
    "Tanaka Thorne Usman Varga Weber Wirth Yilmaz Zhang Ziegler",
);
/** Three of them have few inhabitants, and Safe Harbor shows those as 000. */
const zip3 = words("021 036 059 100 191 303 331 481 532 606 692 731 782 841 900 941 972 981");
const areaCodes = words("202 212 303 312 404 415 503 512 617 718");
const departments = [
  "Cardiology",
  "Dermatology",
  "Emergency",
  "Endocrinology",
  "Family medicine",
  "Orthopaedics",
  "Paediatrics",
  "Psychiatry",
];
const reasons = [
  "Annual check-up",
  "Back pain",
  "Chest pain",
  "Cough and fever",
  "Diabetes follow-up",
  "Headache",
  "Medication review",
  "Rash",
  "Sprained ankle",
  "Vaccination",
];
const authors = ["Dr. Imani Cole", "Dr. Peter Vance", "Nurse N. Lind", "Dr. Sofia Brandt"];
const findings = [
  "Blood pressure slightly raised, heart sounds normal.",
  "No fever today; lungs clear on both sides.",
  "Patient reports better sleep and less pain.",
  "HbA1c stable since the last visit.",
  "Mild swelling of the left ankle, no fracture seen.",
  "Rash has faded after two weeks of ointment.",
  "Headaches twice a week, no warning signs.",
];
const plans = [
  "Continue the present medication.",
  "Control in six weeks.",
  "Blood work ordered.",
  "Referred to physiotherapy.",
  "Dose reduced by half; review in a month.",
  "No further visit needed unless symptoms return.",
];
const payers = ["Example Health", "Sample Mutual", "Demo Care Plan", "Self-pay"];
const icd10 = words(
  "E11.9 E78.5 F41.1 I10 J06.9 K21.9 L30.9 M54.50 N39.0 R51.9 S93.401A Z00.00 Z23",
);
