/**
 * A principal, a connection and a situation as Cedar's entities and context.
 *
 * @module
 */
import type { Context, EntityJson, TypeAndId } from "@cedar-policy/cedar-wasm";
import type { Principal, Situation, Subject } from "./situation.ts";

export type Parties = {
  readonly principal: TypeAndId;
  readonly connection: TypeAndId;
  readonly entities: readonly EntityJson[];
};

/** The agent that acts now is the principal; it is `in` those it acts for, and in their groups. */
export function partiesOf(
  { person, actors, groups }: Principal,
  connection: string,
  labels: Readonly<Record<string, string>>,
): Parties {
  const user = { type: "User", id: person };
  const agents = actors.map((id) => ({ type: "Agent", id }));
  const membership = groups.map((id) => ({ type: "Group", id }));
  const resource = { type: "Connection", id: connection };
  const [acting, ...others] = agents;
  const entities: EntityJson[] = [
    { uid: user, attrs: {}, parents: membership },
    { uid: resource, attrs: { name: connection }, parents: [], tags: { ...labels } },
  ];
  // An agent may stand twice in a chain; it is not its own parent.
  const parents = others.filter(({ id }) => id !== acting?.id);
  if (acting !== undefined) entities.push({ uid: acting, attrs: {}, parents: [...parents, user] });
  return { principal: acting ?? user, connection: resource, entities };
}

/** The one context that every action has: policySchema's RequestContext. */
export function contextOf(
  { person, actors, purpose }: Principal,
  connection: string,
  situation: Situation,
  subject: Subject,
): Context {
  return {
    effects: distinct([...situation.effects, ...situation.details]),
    estimated_rows: situation.rows,
    purpose,
    classes: [...situation.classes],
    filtered_classes: [...situation.filtered],
    filters: [...situation.filters],
    filter_kinds: [...situation.filterKinds].sort(),
    probes: situation.probes,
    aggregate_rows_min: situation.aggregateRowsMin,
    relations: [...situation.relations],
    functions: [...situation.functions],
    command: subject.command,
    path: subject.path,
    host: subject.host,
    port: subject.port,
    arguments: [...subject.arguments],
    content: subject.content,
    person,
    actors: [...actors],
    agent: actors.length > 0,
    connection,
  };
}

function distinct(words: readonly string[]): string[] {
  return [...new Set(words)].sort();
}
