/** Clients that break the protocol, on purpose or not: a clear end, and no harm to others. */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { frontendBytes } from "#schemas/wire/postgres/frontend.ts";
import { payloadsOf, sessionNamed } from "./bus_user.ts";
import { driver, failure } from "./driver.ts";
import { copiedTable, pipelinedRefusals } from "./pipelined_refusals.ts";
import { asSuperuser } from "./planted.ts";
import { psql } from "./psql.ts";
import {
  message,
  rawClient,
  rawSession,
  sslRequest,
  startup,
  stuffedRequest,
  tlsClient,
} from "./raw_client.ts";
import { silentCrowd } from "./silent_crowd.ts";
import { eventually, kinds, pause, type Rig, scenario, startRig } from "./support.ts";

const policy = (text: string) =>
  `${text}
@id("test-bulk")
permit (principal in Group::"analysts", action == Action::"export", resource == Connection::"ehr");
@id("test-writes")
permit (principal in Group::"analysts", action == Action::"write", resource == Connection::"ehr");
`;
const query = (sql: string) => message("Q", `${sql}\0`);

Deno.test("bad input at the gateway", async (test) => {
  await using rig = await startRig({
    policy,
    prepare: (postgres) =>
      asSuperuser(postgres, async (sql) => {
        await sql.unsafe(`${copiedTable}; grant all on runs to gateway_ehr`);
      }),
  });
  const { system } = rig;
  const pids = kinds.map((kind) => system.actor(kind).pid);
  // Says nothing, in the clear and in TLS; both are looked at when all else is done.
  using silent = await rawClient(system);
  using silentInside = await tlsClient(system);

  const openings: readonly (readonly [string, Uint8Array])[] = [
    ["garbage", crypto.getRandomValues(new Uint8Array(4096)).fill(0xff, 0, 4)],
    ["HTTP", new TextEncoder().encode("GET / HTTP/1.1\r\nhost: x\r\n\r\n")],
    ["an oversized length", Uint8Array.of(0x7f, 0xff, 0xff, 0xff, 0, 3, 0, 0)],
    ["a negative length", Uint8Array.of(0xff, 0, 0, 0, 0, 3, 0, 0)],
    ["a startup without its end", startup({ user: "x" }).fill(0x41, 8)],
    ["a startup in the clear", startup({ user: "agent", database: "ehr" })],
    ["bytes behind SSLRequest", stuffedRequest()],
  ];
  for (const [name, bytes] of openings) {
    await scenario(test, rig, `in the clear: ${name}`, async () => {
      using client = await rawClient(system);
      await client.send(bytes);
      match(await client.toEnd(), /^(E.*sallyport: .*)?$/s);
    });
  }
  await scenario(test, rig, "in TLS: garbage, and no password", async () => {
    using first = await tlsClient(system);
    await first.send(crypto.getRandomValues(new Uint8Array(4096)).fill(0xff, 0, 4));
    match(await first.toEnd(), /sallyport: the first packet is not/);
    using second = await tlsClient(system);
    await second.send(startup({ user: "agent", database: "ehr" }));
    await second.until("R");
    await second.send(query("select 1"));
    match(await second.toEnd(), /sallyport: a password message was expected/);
  });

  await scenario(
    test,
    rig,
    "a database that is none, asked for by somebody and by nobody",
    async () => {
      const { agent } = system.tokens;
      const forged = agent.replace(/.{8}$/, "AAAAAAAA");
      for (const [token, code] of [[agent, "3D000"], [forged, "28P01"]]) {
        using client = await tlsClient(system);
        await client.send(startup({ user: "agent", database: "nonesuch" }));
        await client.until("R");
        await client.send(message("p", `${token}\0`));
        match(await client.toEnd(), new RegExp(`^E.*FATAL.*C${code}\0Msallyport: `, "s"));
      }
    },
  );

  const broken: readonly (readonly [string, readonly Uint8Array[], RegExp])[] = [
    ["an unknown message", [message("z", "")], /FATAL.*08P01/s],
    ["a length below four", [Uint8Array.of(0x51, 0, 0, 0, 1)], /FATAL.*08P01/s],
    ["a length over the limit", [Uint8Array.of(0x51, 0x7f, 0xff, 0xff, 0xff)], /FATAL.*54000/s],
    ["a second password", [message("p", "x\0")], /FATAL.*08P01/s],
  ];
  for (const [name, parts, expected] of broken) {
    await scenario(test, rig, `in a session: ${name}`, async () => {
      using client = await rawSession(system, "broken");
      await client.send(...parts);
      match(await client.toEnd(), expected);
    });
  }

  const refused: readonly (readonly [string, readonly Uint8Array[]])[] = [
    ["invalid UTF-8", [message("Q", Uint8Array.of(0x73, 0xff, 0xfe, 0))]],
    ["a query without its end", [message("Q", "select 1")]],
    ["NUL in a query", [message("Q", "select 1\0 drop table patients\0")]],
    ["a Bind that lies", [message("B", "\0\0\0\0\xff\xff\0\0"), message("S", "")]],
    ["an Execute of nothing", [message("E", "none\0\0\0\0\0"), message("S", "")]],
  ];
  for (const [name, parts] of refused) {
    await scenario(test, rig, `in a session: ${name} is an error, and it goes on`, async () => {
      using client = await rawSession(system, "refused");
      await client.send(...parts);
      const answer = await client.until("Z\0\0\0\u0005I");
      match(answer, /^E.*C(08P01|22021|34000|42601|26000)\0/s);
      await client.send(query("select 'on'"));
      match(await client.until("Z\0\0\0\u0005I"), /on/);
    });
  }

  await scenario(test, rig, "a crowd that does not log in shuts nobody out", async () => {
    const hello = Uint8Array.of(0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3);
    using silent = silentCrowd(system.edge, 40);
    using halfway = silentCrowd(system.edge, 40, [sslRequest, hello]);
    using direct = silentCrowd(system.edge, 40, [hello]);
    const gone = () => silent.gone() + halfway.gone() + direct.gone();
    await eventually("those beyond the limit are let go of", () => gone() >= 70 || undefined);
    await eventually("a client gets in beside the others", async () => {
      return (await psql(system, { args: ["-Atc", "select 1"] })).code === 0 || undefined;
    });
    ok(gone() < 120);
  });

  await pipelinedRefusals(test, rig);

  await scenario(
    test,
    rig,
    "a function called by its number is refused, and it goes on",
    async () => {
      using client = await rawSession(system, "fastpath");
      // current_setting('data_directory'), if it ran.
      const asked = {
        kind: "function_call",
        functionOid: 2077,
        argumentFormats: [0],
        arguments: [new TextEncoder().encode("data_directory")],
        resultFormat: 0,
      } as const;
      await client.send(frontendBytes(asked));
      const answer = await client.until("Z\0\0\0\u0005I");
      match(answer, /^E.*C0A000\0Msallyport: /s);
      ok(!answer.includes("V\0"), "no result");
      await client.send(query("select 'on'"));
      match(await client.until("Z\0\0\0\u0005I"), /on/);
    },
  );

  await scenario(test, rig, "Terminate and half a message; sending no more", async () => {
    using first = await rawSession(system, "terminated");
    await first.send(query("select pg_sleep(1)"), message("X", ""));
    await first.toEnd();
    using second = await rawSession(system, "half");
    await second.send(query("select 1").subarray(0, 7));
    second[Symbol.dispose]();
    using third = await rawSession(system, "finished");
    await third.send(query("select 'last'"));
    await third.finish();
    await third.toEnd();
    for (const name of ["terminated", "half", "finished"]) await isClosed(rig, name);
  });

  await scenario(test, rig, "10 MB of statement, 60,000 parameters, 20 MB refused", async () => {
    await using sql = await driver(system);
    const [big] = await sql.unsafe(`select 1 as n /* ${"x".repeat(10_000_000)} */`);
    strictEqual(big?.["n"], 1);
    const values = Array.from({ length: 60_000 }, (_, index) => index);
    const list = values.map((index) => `$${index + 1}::int`).join(",");
    const many = sql.unsafe(`select count(*)::int as n from (values (${list})) v limit 1`, values);
    const code = await failure(many);
    ok(["no failure", "54001", "54000"].includes(code), code);
    await using other = await driver(system);
    const code2 = await failure(other.unsafe(`select 1 /* ${"x".repeat(20_000_000)} */`));
    ok(["54000", "CONNECTION_CLOSED"].includes(code2), code2);
  });

  await scenario(test, rig, "more answers than a verdict can tell of are refused", async () => {
    using client = await rawSession(system, "answers");
    await client.send(frontendBytes(
      { kind: "parse", statement: "", text: "select 1 as a, 2 as b", parameterTypes: [] },
      ...Array.from({ length: 8000 }, () => {
        return { kind: "describe", target: "statement", name: "" } as const;
      }),
      { kind: "sync" },
    ));
    match(await client.until("Z\0\0\0\u0005I"), /^E.*C54000\0Msallyport: .*answers/s);
    await client.send(query("select 'on'"));
    match(await client.until("Z\0\0\0\u0005I"), /on/);
  });

  await scenario(test, rig, "a client that stops reading costs bounded memory", async () => {
    using client = await rawSession(system, "stalled");
    await client.send(query("select repeat('x', 1000) from generate_series(1, 2000000)"));
    const seen: number[] = [];
    const stored = await eventually("it stands still", async () => {
      await pause(1000);
      seen.push(await storedBytes(rig, "stalled"));
      const [first, ...others] = seen.slice(-3);
      return first && others.length === 2 && others.every((bytes) => bytes === first)
        ? first
        : undefined;
    }, 120_000);
    ok(stored < 64 * 1024 * 1024, `${stored} bytes were taken for a client that reads none`);
    client[Symbol.dispose]();
    await isClosed(rig, "stalled");
  });

  await scenario(test, rig, "who says nothing is sent away; no process has died", async () => {
    await silent.toEnd();
    await silentInside.toEnd();
    for (const pid of pids) Deno.kill(pid, "SIGCONT");
    deepStrictEqual(kinds.map((kind) => system.actor(kind).pid), pids);
    const result = await psql(system, { args: ["-Atc", "select 'new'"] });
    deepStrictEqual(result, { code: 0, stdout: "new\n", stderr: "" });
  });
});

async function isClosed(rig: Rig, application: string): Promise<void> {
  await using auditor = await rig.auditor();
  await eventually(`${application} is closed`, async () => {
    const frames = await auditor.frames();
    const session = sessionNamed(frames, application);
    return payloadsOf(frames, "close", session).length > 0 || undefined;
  });
}

async function storedBytes(rig: Rig, application: string): Promise<number> {
  await using auditor = await rig.auditor();
  const frames = await auditor.frames();
  const session = sessionNamed(frames, application);
  return frames.reduce((bytes, frame) => {
    const isResponse = frame.key.session === session && frame.kind === "response";
    return bytes + (isResponse ? frame.payload.length : 0);
  }, 0);
}
