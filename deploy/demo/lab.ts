/**
 * The demo's second system: an SSH host with the files of a clinic that does not exist.
 *
 * **Invariant:** as with the database, no value can be a real person's; see clinic_data.ts.
 *
 * @module
 */
import { type SshHost, type SshHostOptions, startSshHost } from "#deploy/machine/ssh_host.ts";
import { chanceOf, noteRows, patientRows, type Row, visitRows } from "./clinic_data.ts";

const sizes = { patients: 40, visits: 80, notes: 60, claims: 0 };
const seed = 20261121;

/** Starts the host with its files; what agents left there on an earlier run is kept. */
export function startLab(options: Omit<SshHostOptions, "fill">): Promise<SshHost> {
  return startSshHost({ ...options, fill: fillLab });
}

/** Writes the files into an empty folder. */
async function fillLab(home: string): Promise<void> {
  const patients = [...patientRows(chanceOf(seed), sizes)];
  for (const [path, text] of labFiles(patients)) {
    const folder = `${home}/${path.slice(0, path.lastIndexOf("/") + 1)}`;
    await Deno.mkdir(folder, { recursive: true });
    const mode = path.startsWith("bin/") ? 0o755 : 0o644;
    await Deno.writeTextFile(`${home}/${path}`, text, { mode });
  }
  await Deno.mkdir(`${home}/inbox`, { recursive: true });
}

function* labFiles(patients: readonly Row[]): Generator<readonly [string, string]> {
  yield [".bashrc", "PS1='lab:\\w\\$ '\nHISTFILE=\n"];
  yield [".profile", ". ~/.bashrc\n"];
  yield ["README.txt", readme];
  yield ["bin/count-visits", countVisits];
  for (const [id, mrn, name, ssn, dob, , zip, email, phone] of patients) {
    const lines = [
      `MRN: ${mrn}`,
      `Name: ${name}`,
      `SSN: ${ssn}`,
      `Born: ${dob}`,
      `ZIP: ${zip}`,
      `Mail: ${email}`,
      `Phone: ${phone}`,
      "",
    ];
    yield [`patients/${String(id).padStart(4, "0")}.txt`, lines.join("\n")];
  }
  const visits = [...visitRows(chanceOf(seed + 1), sizes)];
  yield ["visits.csv", csv(["id", "patient", "date", "department", "reason"], visits)];
  for (const [id, visit, author, body] of noteRows(chanceOf(seed + 2), sizes)) {
    const path = `notes/visit-${String(visit).padStart(4, "0")}-${id}.txt`;
    yield [path, `${author}\n\n${body}\n`];
  }
  yield ["logs/scanner.log", scannerLog(patients)];
}

function csv(names: readonly string[], rows: readonly Row[]): string {
  return [names, ...rows].map((row) => `${row.join(",")}\n`).join("");
}

/** A device's log, in which identifiers stand in the middle of lines, coloured as such logs are. */
function scannerLog(patients: readonly Row[]): string {
  return patients.map(([id, mrn, , ssn, , , , email]) => {
    const minute = String(Number(id) % 60).padStart(2, "0");
    const level = Number(id) % 7 === 0 ? "\x1b[33mWARN\x1b[0m" : "INFO";
    const what = Number(id) % 3 === 0 ? `SSN \x1b[1m${ssn}\x1b[0m` : `MRN \x1b[1m${mrn}\x1b[0m`;
    return `2026-11-20T08:${minute}:00Z ${level} scanned ${what}, report sent to ${email}\n`;
  }).join("");
}

const readme = `The lab's files. Nobody in them exists.

patients/  one record for each patient
notes/     what was written at a visit
visits.csv dates, departments and reasons
logs/      what the scanner says
inbox/     a place for files that are sent here
`;

const countVisits = `#!/bin/sh
# Visits by department.
cut -d, -f4 ~/visits.csv | tail -n +2 | sort | uniq -c | sort -rn
`;
