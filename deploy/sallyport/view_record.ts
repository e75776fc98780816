/**
 * Reading a recording is itself recorded (design 4): before the command shows one, a `view` frame
 * of it is stored.
 *
 * Nobody signed in at the command, so the frame names what is known: the key that was used. Who may
 * use it is a matter of who may read the installation's files; people with names of their own read
 * recordings at the console.
 *
 * @module
 */
import type { Bus } from "#actors/_kit/bus.ts";
import { systemClock, systemRandom } from "#actors/_kit/clock.ts";
import { frameHeaders } from "#actors/_kit/frame.ts";
import { encodeControl, type View } from "#schemas/frames.ts";
import { auditStream, auditSubject, type SessionKey } from "#schemas/subjects.ts";
import { CommandError } from "./failure.ts";

/** The issuer of readers who are known by their key on the bus alone. */
const keyIssuer = "urn:sallyport:bus-key";

/** Stores the frame. @throws CommandError when it cannot be stored: nothing may be shown then. */
export async function recordView(
  bus: Pick<Bus, "publish">,
  key: SessionKey,
  reader: string,
  what: "replay" | "export",
): Promise<void> {
  const view: View = {
    version: 1,
    by: {
      issuer: keyIssuer,
      person: reader,
      name: `the key of ${reader}`,
      actors: [],
      groups: [],
      purpose: "",
    },
    what,
    at: new Date(systemClock.nowMs()).toISOString(),
  };
  const nonce = systemRandom(16).toBase64({ alphabet: "base64url", omitPadding: true });
  const headers = frameHeaders({ request: 0, part: 0, more: false }, nonce, undefined);
  const options = { stream: auditStream(key.epoch) };
  try {
    await bus.publish(auditSubject(key, "view"), encodeControl("view", view), headers, options);
  } catch {
    throw new CommandError(
      "nothing is given out: reading a recording is itself recorded, and that could not be stored",
      "sallyport doctor says whether the bus stores; an epoch that is sealed is in the archive",
    );
  }
}
