/**
 * Who is in the demo's organisation: the people and agents its identity provider knows. None of
 * them exists.
 *
 * @module
 */

/** Purposes of use are HL7 v3 ActReason codes: treatment, operations, compliance, payment. */
export type DemoPerson = {
  readonly username: string;
  readonly name: string;
  readonly role: string;
  readonly email: string;
  readonly groups: readonly string[];
  readonly purposes: readonly string[];
};
export type DemoAgent = {
  readonly id: string;
  readonly name: string;
  readonly groups: readonly string[];
};

export const demoPeople: readonly DemoPerson[] = [
  {
    username: "ana",
    name: "Ana Ortiz",
    role: "Data analyst",
    email: "ana@example.org",
    groups: ["analysts"],
    purposes: ["HOPERAT"],
  },
  {
    username: "nora",
    name: "Nora Lind",
    role: "Nurse, treatment team",
    email: "nora@example.org",
    groups: ["treatment-team"],
    purposes: ["TREAT"],
  },
  {
    username: "carl",
    name: "Carl Meyer",
    role: "Compliance officer",
    email: "carl@example.org",
    groups: ["compliance"],
    purposes: ["HCOMPL"],
  },
  {
    username: "dana",
    name: "Dana Okafor",
    role: "Compliance officer",
    email: "dana@example.org",
    groups: ["compliance"],
    purposes: ["HCOMPL"],
  },
];

export const demoAgents: readonly DemoAgent[] = [
  { id: "report-agent", name: "Report agent", groups: ["clinical-agents"] },
  { id: "triage-agent", name: "Triage agent", groups: ["clinical-agents"] },
];
