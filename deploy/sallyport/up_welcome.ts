/**
 * What `up` says once an installation of `init` stands: how to come in, and where people decide.
 *
 * @module
 */
import { relative } from "node:path";
import { keepTokens, obtainDemoTokens } from "#deploy/demo/demo_tokens.ts";
import {
  consoleUrlOf,
  type Machine,
  postgresAddress,
  type RunningMachine,
} from "#deploy/own_machine.ts";
import type { Config } from "#schemas/config.ts";
import type { Place } from "./place.ts";
import type { Call } from "./verb.ts";

export type Standing = {
  readonly place: Place;
  readonly machine: Machine;
  readonly config: Config;
  readonly own: RunningMachine;
};

/** Says it on standard error, so that with `--json` standard output is JSON alone. */
export async function welcome(standing: Standing, call: Call): Promise<void> {
  const { place: { directory }, machine, config, own: { issuer } } = standing;
  const away = relative(call.cwd, directory);
  const folder = away === "" || away.startsWith("..") ? directory : away;
  const { host, port } = postgresAddress(machine);
  const [connection = ""] = Object.entries(config.connections).flatMap(([name, { protocol }]) => {
    return protocol === "postgres" ? [name] : [];
  });
  const psql = (token: string, user: string) =>
    `  PGPASSWORD=${token} psql "host=${host} port=${port} dbname=${connection} ` +
    `user=${user} sslmode=verify-full sslrootcert=${folder}/certificates/ca.crt"`;
  const lines = issuer === null
    ? [
      `With an access token of ${config.issuer.url} for ${config.issuer.audience}:`,
      psql("<token>", "me"),
      ...(config.issuer.people_clients.length > 0 ? [] : [
        "By one without `act` an agent acts for its holder, for no client is people's own yet\n" +
        "(issuer.people_clients in sallyport.yaml).",
      ]),
      "What is held is decided at:",
    ]
    : [
      "To try it, as the demo's agent, acting for the analyst Ana:",
      psql(`$(cat ${folder}/tokens/agent)`, "report-agent"),
      "What is held is decided by Carl or Dana of compliance (choose one, no password):",
    ];
  if (issuer !== null) await keepTokens(directory, await obtainDemoTokens(issuer));
  const tail = [
    `  ${consoleUrlOf(machine)}`,
    "What is wrong, if anything:",
    "  deno task sallyport doctor",
  ];
  const trying =
    "The identity provider is the demo's and asks no password: before real agents come " +
    "in,\nname your organisation's in sallyport.yaml (issuer, console.client_id), and start again.";
  const all = ["", ...lines, ...tail, ...(issuer === null ? [] : [trying]), ""];
  for (const line of all) call.terminal.say(line);
}
