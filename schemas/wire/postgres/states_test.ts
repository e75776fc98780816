import { deepStrictEqual, equal } from "node:assert/strict";
import { frontendStates, type State, stateAfterClient, stateAfterServer } from "./states.ts";

function walk(state: State, tags: string): State | null {
  let at: State | null = state;
  for (const tag of tags) at = at === null ? null : stateAfterClient(at, tag);
  return at;
}

Deno.test("a session with a password: asked, answered, content, ready", () => {
  const asked = stateAfterServer(
    stateAfterServer("startup", "startup_received"),
    "authentication_cleartext_password",
  );
  equal(asked, "password");
  equal(stateAfterClient(asked, "p"), "authenticating");
  equal(stateAfterClient("authenticating", "p"), null, "a second answer was not asked for");
  const content = stateAfterServer("authenticating", "authentication_ok");
  equal(content, "authenticating");
  equal(stateAfterServer(content, "ready_for_query"), "ready");
});

Deno.test("SASL asks first for the mechanism, then for its messages", () => {
  const asked = stateAfterServer("authenticating", "authentication_sasl");
  equal(asked, "sasl_initial");
  equal(stateAfterServer("authenticating", "authentication_sasl_continue"), "sasl");
  equal(stateAfterClient("sasl", "p"), "authenticating");
});

Deno.test("no statement is due before the session is ready", () => {
  const early: readonly State[] = ["startup", "authenticating", "password", "sasl_initial", "sasl"];
  for (const state of early) {
    for (const tag of "QPBDECSHFdcf") equal(stateAfterClient(state, tag), null, `${state} ${tag}`);
  }
});

Deno.test("an extended batch ends with its Sync", () => {
  equal(walk("ready", "PBDE"), "extended");
  equal(walk("ready", "PBDEHBE"), "extended");
  equal(walk("ready", "PBDES"), "ready");
  equal(walk("ready", "PQ"), null);
  equal(walk("ready", "PF"), null);
});

Deno.test("after an error in a batch everything up to Sync is let pass and nothing runs", () => {
  const failed = stateAfterServer("extended", "error_response");
  equal(failed, "extended_failed");
  equal(walk(failed, "BDECPH"), "extended_failed");
  equal(walk(failed, "BDES"), "ready");
});

Deno.test("COPY takes data, flush and sync until it is done or fails", () => {
  equal(walk(stateAfterServer("ready", "copy_in_response"), "ddHSdc"), "ready");
  equal(walk(stateAfterServer("extended", "copy_in_response"), "ddcS"), "ready");
  equal(walk("copy_in_extended", "dfS"), "ready");
  equal(walk("copy_in", "dQ"), null);
  equal(walk("ready", "dcf"), "ready", "late data of a COPY that failed");
});

Deno.test("nothing is due after Terminate, and every state but the ends can terminate", () => {
  for (const [state, row] of Object.entries(frontendStates)) {
    if (state === "startup" || state === "closed") continue;
    equal(new Map(Object.entries(row)).get("X"), "closed", state);
  }
  deepStrictEqual(frontendStates.closed, {});
  equal(stateAfterServer("closed", "ready_for_query"), "closed");
});

Deno.test("a tag that names a property of every object is not due", () => {
  equal(stateAfterClient("ready", "constructor"), null);
  equal(stateAfterClient("ready", "__proto__"), null);
});
