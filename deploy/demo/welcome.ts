/**
 * What the demo says when it stands: how to come in as whom, and where to look. Commands that fit a
 * line and can be copied; tokens stand in files, for one is longer than a screen is wide.
 *
 * @module
 */
import type { tokenNames } from "./demo_tokens.ts";

export type Welcome = {
  /** The demo's folder, as a shell in the reader's folder names it. */
  readonly folder: string;
  readonly host: string;
  readonly port: number;
  readonly sshPort: number;
  readonly consoleUrl: string;
};

/** Lines without line ends. */
export function welcomeLines({ folder, host, port, sshPort, consoleUrl }: Welcome): string[] {
  const psql = (name: (typeof tokenNames)[number], user: string) =>
    `  PGPASSWORD=$(cat ${folder}/tokens/${name}) psql "host=${host} port=${port} dbname=ehr ` +
    `user=${user} sslmode=verify-full sslrootcert=${folder}/certificates/ca.crt"`;
  const token = `${folder}/tokens/agent`;
  const connect = `deno task sallyport connect --connection lab --subject-token-file ${token}`;
  return [
    "In another terminal, in this folder:",
    "",
    "An agent, acting for the analyst Ana:",
    psql("agent", "report-agent"),
    "Nora, a nurse of the treatment team:",
    psql("nurse", "nora"),
    "The agent over SSH, for a quarter of an hour without a prompt:",
    `  ${connect} && ssh lab 'ls patients'`,
    `  (or ssh -p ${sshPort} lab@${host}, with the token as the password)`,
    "What is held is decided by Carl or Dana of compliance (choose one, no password):",
    `  ${consoleUrl}`,
    "What happened:",
    "  deno task sallyport sessions | report | replay <session> | verify",
    "",
    `Ctrl-C stops everything. What each process said: ${folder}/logs`,
  ];
}
