/**
 * A person who decides about a held request, as the console asks on their behalf: an exchange of
 * their sign-in for a token bound to the approval, then the decision.
 *
 * @module
 */
import { voteDigest } from "#schemas/approval.ts";
import type { SessionKey } from "#schemas/subjects.ts";
import { payloadsOf, sessionNamed } from "./bus_user.ts";
import { eventually, type Rig } from "./support.ts";

/** A request for approval, as the `asked` frame shows it to the console. */
export type Asked = {
  readonly key: SessionKey;
  readonly request: number;
  readonly approval: string;
  readonly binding: string;
};

/** Waits until the session of `application` is held, and says what is asked. */
export async function askedBy(rig: Rig, application: string): Promise<Asked> {
  await using auditor = await rig.auditor();
  return await eventually(`${application} asks for approval`, async () => {
    const frames = await auditor.frames();
    const session = sessionNamed(frames, application);
    if (session === undefined) return undefined;
    const asked = payloadsOf(frames, "approval", session).findLast(({ payload }) => {
      return payload.state === "asked";
    });
    if (asked === undefined) return undefined;
    const { id, binding, request } = asked.payload;
    return { key: asked.frame.key, request, approval: id, binding };
  });
}

/** Decides with a person's sign-in; the state it led to, or the code of the refusal. */
export async function decide(
  rig: Rig,
  asked: Asked,
  signIn: string,
  decision: "approve" | "deny",
  justification = "Checked against ticket 4711",
): Promise<readonly [string]> {
  await using desk = await rig.console();
  const { key, approval, binding } = asked;
  const exchanged = await desk.exchange({
    version: 1,
    token: signIn,
    connection: null,
    session: null,
    approval,
    vote: voteDigest({ binding, decision, justification }),
    audience: "approval",
  });
  if (!exchanged.ok) return [exchanged.code];
  const { token } = exchanged;
  const reply = await desk.decide({
    version: 1,
    key: { epoch: key.epoch, shard: key.shard, edge: key.edge, session: key.session },
    approval,
    binding,
    decision,
    justification,
    token,
  });
  return [reply.ok ? reply.state : reply.code];
}
