/**
 * `sallyport policy explain`: what authz would say to a statement of somebody, by its own code: the
 * newest catalog, the configuration, the policy. Nothing is run.
 *
 * @module
 */
import { defaultLimits } from "#actors/authz/analysis/analyse.ts";
import { loadParser } from "#actors/authz/analysis/parser.ts";
import { createJudge } from "#actors/authz/judge.ts";
import { requestLimits } from "#actors/authz/limits.ts";
import { loadPolicy } from "#actors/authz/policy/cedar.ts";
import type { Judgement } from "#actors/authz/session_judge.ts";
import type { Config } from "#schemas/config.ts";
import { parseConfig } from "#schemas/config_file.ts";
import { didYouMean } from "#schemas/did_you_mean.ts";
import type { Open, PrincipalChain } from "#schemas/frames.ts";
import { type Arguments, type Grammar, usage } from "./arguments.ts";
import { explainReport } from "./explain_report.ts";
import {
  channelRequests,
  channels,
  channelTexts,
  judgeInOrder,
  statementRequests,
} from "./explain_request.ts";
import { CommandError, exitCodes } from "./failure.ts";
import { readNamed } from "./files.ts";
import { newestCatalog } from "./newest_catalog.ts";
import { connectAuditor, findPlace } from "./place.ts";
import type { Call, Verb } from "./verb.ts";

const kinds = channels.map((name) => `${name}, ${channelTexts[name]}`).join("; ");
const grammar: Grammar = {
  verb: "policy explain",
  summary: "say what would become of a statement or a command, and why; nothing is run",
  operands: [{ name: "<text>", help: "SQL or what --channel says, quoted; - for standard input" }],
  flags: {
    connection: { value: "<name>", help: "where it would run (default: the only one)" },
    channel: { value: "<kind>", help: "over SSH: exec (default), shell, sftp or forward" },
    as: { value: "<person>", help: "the accountable person's id (default: somebody)" },
    agent: { value: "<ids>", help: "agents that act for them, the one that acts first: a,b" },
    groups: { value: "<names>", help: "the groups of both: analysts,clinical-agents" },
    purpose: { value: "<code>", help: "the purpose of use, as TREAT" },
    config: { value: "<file>", help: "another configuration than the installation's" },
    policy: { value: "<file>", help: "another policy than the installation's" },
  },
  details: [
    `Over SSH the text is, by --channel: ${kinds}.`,
    "Exit code: 0 when it would be allowed or held, 1 when it would be denied.",
  ],
};

export const policyExplain: Verb = { grammar, run };

async function run(call: Call): Promise<number> {
  const { given, terminal } = call;
  const text = await statementOf(given.operand(0));
  const place = await findPlace(call);
  await using auditor = await connectAuditor(place);
  const decoder = new TextDecoder();
  const configFile = given.value("config") ?? `${place.directory}/sallyport.yaml`;
  const policyFile = given.value("policy") ?? `${place.directory}/policy.cedar`;
  const parsed = parseConfig(decoder.decode(await readNamed(configFile, "the configuration")));
  const policyText = decoder.decode(await readNamed(policyFile, "the policy"));
  const loaded = parsed.ok ? loadPolicy(policyText, parsed.config) : null;
  if (!parsed.ok || loaded?.ok !== true) {
    throw new CommandError(
      "the configuration or the policy is wrong",
      "sallyport policy check names each mistake",
    );
  }
  const { config, digest: configDigest } = parsed;
  const connection = connectionOf(given, config);
  const { judge, onCatalog } = createJudge({
    nowMs: Date.now,
    config,
    configDigest,
    policy: () => loaded.policy,
    identityKeys: new Map(),
    parser: await loadParser(),
    analysisLimits: {
      ...defaultLimits,
      bulkRows: config.limits.bulk_rows,
      nodesMax: config.limits.nodes_max,
    },
    requestLimits: requestLimits(config.limits.parameters_max),
  });
  const protocol = config.connections[connection]?.protocol ?? "postgres";
  const requests = requestsOf(protocol, given, text);
  if (protocol === "postgres") {
    terminal.say(`judging for connection ${connection}, by its newest catalog`);
    onCatalog(await newestCatalog(auditor.bus, connection));
  } else terminal.say(`judging for connection ${connection}`);
  const principal = principalOf(given, config);
  const session = judge.admitted(openOf(connection, protocol, principal), principal);
  const judged = judgeInOrder(session, requests);
  show(judged, given, call);
  return judged.decision === "deny" ? exitCodes.failed : exitCodes.done;
}

function show(judged: Judgement, given: Arguments, { terminal }: Call): void {
  if (!given.has("json")) {
    for (const line of explainReport(judged)) terminal.print(line);
    return;
  }
  const { decision, policies, policyVersion, reasons, needs, statements, plan } = judged;
  const json = { decision, policies, policyVersion, reasons, needs, statements, plan };
  terminal.print(JSON.stringify(json, null, 2));
}

async function statementOf(word: string): Promise<string> {
  const text = word === "-"
    ? new TextDecoder().decode(await readNamed("-", "the statement"))
    : word;
  if (text.trim() !== "" && !text.includes("\0")) return text;
  throw usage(grammar, "the statement is empty or holds a NUL");
}

function connectionOf(given: Arguments, config: Config): string {
  const names = Object.keys(config.connections);
  const named = given.value("connection");
  const only = names.length === 1 ? names[0] : undefined;
  const connection = named ?? only;
  if (connection === undefined) {
    throw usage(grammar, `--connection is one of: ${names.join(", ")}`);
  }
  if (Object.hasOwn(config.connections, connection)) return connection;
  throw usage(grammar, `there is no such connection${didYouMean(connection, names)}`);
}

function principalOf(given: Arguments, config: Config): PrincipalChain {
  const list = (flag: string) => (given.value(flag) ?? "").split(",").filter((word) => word !== "");
  const person = given.value("as") ?? "somebody";
  return {
    issuer: config.issuer.url,
    person,
    name: person,
    actors: list("agent").slice(0, 16),
    groups: list("groups").slice(0, 256),
    purpose: given.value("purpose") ?? "",
  };
}

/** The requests that a client would send. */
function requestsOf(
  protocol: Open["protocol"],
  given: Arguments,
  text: string,
): readonly Uint8Array[] {
  const named = given.value("channel");
  if (protocol === "postgres") {
    if (named === null) return statementRequests(text);
    throw usage(grammar, "--channel is for connections over SSH");
  }
  const channel = channels.find((name) => name === (named ?? "exec"));
  if (channel === undefined) {
    throw usage(grammar, `--channel is one of: ${channels.join(", ")}`);
  }
  const requests = channelRequests(channel, text);
  if (requests !== null) return requests;
  throw usage(grammar, `with --channel ${channel} the text is ${channelTexts[channel]}`);
}

function openOf(
  connection: string,
  protocol: Open["protocol"],
  principal: PrincipalChain,
): Open {
  return {
    version: 1,
    connection,
    protocol,
    principal,
    token: "",
    client: { address: "", tls: "", user: principal.person, application: "sallyport" },
    parameters: {},
    openedAt: new Date().toISOString(),
    configDigest: "",
  };
}
