/**
 * The judge: checks who opens a session, and gives it the judge of its protocol. Policy, catalogs
 * and parsers stand behind it, so that the actor stays pure and the live reload of any of them is
 * one assignment.
 *
 * @module
 */
import type { Catalog } from "#schemas/catalog.ts";
import type { Open, PrincipalChain, Reason } from "#schemas/frames.ts";
import type { SessionKey } from "#schemas/subjects.ts";
import type { IdentityKeys } from "#actors/_kit/identity_keys.ts";
import { verifyIdentityToken } from "#actors/_kit/identity_token.ts";
import type { IdentityCheck } from "#actors/_kit/vote.ts";
import { identityIssuer } from "#schemas/identity.ts";
import { unreachable } from "#schemas/unreachable.ts";
import { createJudgements, type JudgementPorts } from "./judgements.ts";
import { createPostgresJudge, type PostgresPorts } from "./postgres/judge.ts";
import type { SessionJudge } from "./session_judge.ts";
import { createSshJudge } from "./ssh/judge.ts";
import { notAdmitted } from "./verdicts.ts";

export type Judge = {
  /** Checks an opening; one that is not admitted gets a judge that refuses everything. */
  open(open: Open | null, key: SessionKey, timeMs: number): SessionJudge;
  /** The judge of a session whose principal is known to be who it says. */
  admitted(open: Open, principal: PrincipalChain): SessionJudge;
  /** Whose signature says who somebody is, and what they consented to. */
  readonly identity: IdentityCheck;
};

export type JudgePorts = JudgementPorts & PostgresPorts & {
  readonly identityKeys: IdentityKeys;
};

/** Creates the judge; catalogs are given to it as they come. */
export function createJudge(ports: JudgePorts): {
  readonly judge: Judge;
  onCatalog(catalog: Catalog): void;
  onCatalogBroken(connection: string): void;
} {
  const { config } = ports;
  const judgements = createJudgements(ports);
  const postgres = createPostgresJudge(ports, judgements);
  const ssh = createSshJudge(judgements);
  const { onCatalog, onCatalogBroken } = postgres;
  const identity = { keys: ports.identityKeys, issuer: identityIssuer(config.organisation) };
  return { judge: { open, admitted, identity }, onCatalog, onCatalogBroken };

  function open(opening: Open | null, key: SessionKey, timeMs: number): SessionJudge {
    if (opening === null) return refusing("the session's opening is not understood");
    const verified = verifyIdentityToken(opening.token, identity.keys, {
      issuer: identity.issuer,
      audience: "edge",
      connection: opening.connection,
      session: key.session,
    }, timeMs / 1000);
    if (!verified.ok) return refusing(`the token is not good: ${verified.code}`);
    const { principal } = verified;
    if (JSON.stringify(principal) !== JSON.stringify(opening.principal)) {
      return refusing("the session's principal is not the token's");
    }
    return admitted(opening, principal);
  }

  function admitted(opening: Open, principal: PrincipalChain): SessionJudge {
    const { connection, protocol } = opening;
    const known = Object.hasOwn(config.connections, connection)
      ? config.connections[connection]
      : undefined;
    // What an edge of another protocol sends would be read in the wrong grammar.
    if (known?.protocol !== protocol) {
      return judgements.refusing(unknownConnection(connection, protocol));
    }
    switch (known.protocol) {
      case "postgres":
        return postgres.session(opening, principal);
      case "ssh":
        return ssh.session(opening, principal, known);
      default:
        return unreachable(known);
    }
  }

  function refusing(message: string): SessionJudge {
    return judgements.refusing(notAdmitted(message));
  }
}

function unknownConnection(name: string, protocol: Open["protocol"]): Reason {
  const hints = {
    postgres: "Name a connection as the database, for example dbname=ehr.",
    ssh: "Name a connection as the user, for example ssh lab@gateway.",
  };
  return {
    code: "unknown_connection",
    policy: null,
    message: `there is no connection "${name.slice(0, 63)}" of this protocol`,
    detail: "",
    hint: hints[protocol],
    sqlstate: "3D000",
  };
}
