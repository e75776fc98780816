/**
 * Serves the console with sample frames and no bus, to look at its pages in a browser. Everybody is
 * signed in as Carl of compliance, by a cookie that the server adds; nothing real is behind it.
 *
 *     deno run --allow-net=127.0.0.1 --allow-read=node_modules tests/console/preview_main.ts 9555
 *
 * @module
 */
import {
  answered,
  approvalOf,
  hold,
  openOf,
  rowsOf,
  terminalSession,
  verdictOf,
  voteOf,
} from "#actors/console/samples_testing.ts";
import { ana, consoleUrl, epoch, person, type Rig, rig, startMs } from "#actors/console/testing.ts";
import { checkpointMessage } from "#schemas/log/checkpoint_message.ts";
import { parseVerifier, signerOf } from "#schemas/log/key.ts";
import { append, emptyFrontier, type Frontier } from "#schemas/log/merkle.ts";
import { maskLiterals } from "#schemas/sql/literals.ts";
import { checkpointStream, checkpointSubject } from "#schemas/subjects.ts";
import { backendBytes } from "#schemas/wire/postgres/backend.ts";
import { errorResponse } from "#schemas/wire/postgres/error_response.ts";
import { frontendBytes } from "#schemas/wire/postgres/frontend.ts";

const { signer } = signerOf(`clinic.example/${epoch}`, new Uint8Array(32).fill(5));
const logVerifier = parseVerifier(signer.vkey);
if (logVerifier === null) throw new Error("The test's key is no verifier key");
const player = {
  script: packaged("asciinema-player/dist/bundle/asciinema-player.min.js"),
  style: packaged("asciinema-player/dist/bundle/asciinema-player.css"),
};
const test = await rig({ logVerifier, change: { maskLiterals, player }, fromMs: Date.now() });
test.tokens.set("carl", { ...person("carl", ["compliance"]), name: "Carl Meyer" });
const entered = await test.console.app.request(`${consoleUrl}/login/token`, {
  method: "POST",
  body: new URLSearchParams({ token: "carl" }),
  headers: { origin: consoleUrl },
});
const cookie = entered.headers.get("set-cookie")?.split(";")[0] ?? "";

await liveSession(test);
await deniedSession(test);
await settledApproval(test);
await claimUpdate(test);
await hold(test, {
  id: "ap1",
  session: "s4",
  principal: { ...ana, name: "Ana Ortiz", actors: ["report-agent", "planner"] },
  verdict: {
    plan: {
      results: [{
        answers: "query",
        statement: null,
        formats: [],
        columns: [
          { classes: ["mrn"], mask: { operator: "tokenise", scope: "mrn" }, origin: null },
          { classes: ["dob"], mask: { operator: "generalise", to: "year" }, origin: null },
          { classes: [], mask: { operator: "keep" }, origin: null },
        ],
        copy: null,
      }],
      errors: "generic",
    },
  },
  statement: { relations: ["public.patients", "public.encounters"] },
});
await terminalSession(test, "s6", { ...person("nora", ["treatment-team"]), name: "Nora Lind" });
await checkpoint(test);

const port = Number(Deno.args[0] ?? "9555");
Deno.serve({ hostname: "127.0.0.1", port }, (request) => {
  const headers = new Headers(request.headers);
  headers.set("cookie", cookie);
  if (request.method === "POST") headers.set("origin", consoleUrl);
  return test.console.app.fetch(new Request(request, { headers }));
});

async function liveSession(to: Rig): Promise<void> {
  const session = "Vq3kP0sW1xTzR8aYb2Nd";
  await to.say("open", 0, openOf({ ...ana, name: "Ana Ortiz" }), session);
  const rows = [
    ["tok_8Qm2vX", "1961", "021**", "3"],
    ["tok_1LpZ9c", "1974", "021**", "1"],
    ["tok_7TgH4a", "90 or older", null, "12"],
  ];
  const response = rowsOf(["mrn", "born", "zip3", "visits"], rows);
  await answered(
    to,
    1,
    "select mrn, extract(year from dob) as born, zip3, count(*) as visits\n" +
      "from patients join encounters using (patient_id)\nwhere city = 'Boston'\ngroup by 1, 2, 3",
    response,
    { session, masked: "mrn=3,dob=3,zip=2", rows: 3 },
  );
  const bytes = frontendBytes({
    kind: "query",
    text: "select * from patients where ssn = '482-11-9034'",
  });
  await to.add("request", 2, bytes, { session });
  const verdict = verdictOf(2, bytes, "deny", {
    policies: ["no-search-by-ssn"],
    reasons: [{
      code: "forbidden",
      policy: "no-search-by-ssn",
      message: "Filtering by ssn is not allowed.",
      detail: "",
      hint: "Ask by mrn instead.",
      sqlstate: "42501",
    }],
  });
  await to.say("verdict", 2, verdict, session);
  const refused = errorResponse({
    severity: "ERROR",
    sqlstate: "42501",
    message: "Filtering by ssn is not allowed.",
    hint: "Ask by mrn instead.",
  });
  await to.add("response", 2, backendBytes(refused), { session, part: 1 });
}

async function deniedSession(to: Rig): Promise<void> {
  const nora = { ...person("nora", ["treatment-team"]), name: "Nora Lind", purpose: "TREAT" };
  await to.say("open", 0, openOf(nora), "s2");
  await answered(to, 1, "select name, mrn from patients where ward = 'B2'", rowsOf(["name"], []), {
    session: "s2",
    rows: 14,
  });
  const released = { parts: 1, bytes: 10, sha256: "0".repeat(64) };
  const closedAt = new Date(startMs).toISOString();
  await to.say("close", 1, {
    version: 1,
    reason: "client closed",
    requests: 1,
    released,
    closedAt,
  }, "s2");
}

async function settledApproval(to: Rig): Promise<void> {
  await hold(to, { id: "ap0", session: "s3", principal: { ...ana, name: "Ana Ortiz" } });
  const by = voteOf("dana", "deny", "The report does not need dates of birth; ask without them.");
  await to.say("approval", 1, approvalOf("ap0", 1, "denied", to.clock.nowMs(), by), "s3");
}

async function claimUpdate(to: Rig): Promise<void> {
  const text = "update claims set status = 'paid' where claim_id = 48213";
  await hold(to, {
    id: "ap2",
    session: "s5",
    principal: { ...ana, name: "Ana Ortiz", actors: ["triage-agent"] },
    messages: [{ kind: "query", text }],
    statement: {
      command: "UPDATE",
      effects: ["write"],
      relations: ["public.claims"],
      classesRead: [],
      estimatedRows: 1,
    },
  });
}

async function checkpoint(to: Rig): Promise<void> {
  let frontier: Frontier = emptyFrontier;
  for (let leaf = 0; leaf < 21; leaf++) frontier = append(frontier, new Uint8Array(32).fill(leaf));
  const { headers, payload } = checkpointMessage(frontier, signer);
  const subject = checkpointSubject("clinic");
  await to.bus.publish(subject, payload, headers, { stream: checkpointStream });
  await to.settle();
}

function packaged(specifier: string): string {
  return Deno.readTextFileSync(new URL(import.meta.resolve(specifier)));
}
