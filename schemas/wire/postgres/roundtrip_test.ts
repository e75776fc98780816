import { deepStrictEqual } from "node:assert/strict";
import fc from "fast-check";
import { backendBytes, type BackendMessage, decodeBackend } from "./backend.ts";
import { decodeFrontend, frontendBytes, type FrontendMessage } from "./frontend.ts";
import type { State } from "./states.ts";
import { frameOf, tagged } from "./testing.ts";

const text = fc.string({ unit: "binary" }).map((value) => value.replaceAll("\0", ""));
const name = text.map((value) => `n${value}`);
const data = fc.uint8Array({ maxLength: 80 });
const value = fc.option(data, { nil: null });
const format = fc.constantFrom(0 as const, 1 as const);
const oid = fc.integer({ min: 0, max: 0xffffffff });
const int32 = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
const int16 = fc.integer({ min: -(2 ** 15), max: 2 ** 15 - 1 });
const field = fc.record({
  code: fc.integer({ min: 1, max: 255 }).map((byte) => String.fromCharCode(byte)),
  value: text,
}, { noNullPrototype: true });
const column = fc.record({
  name: text,
  tableOid: oid,
  attribute: int16,
  typeOid: oid,
  typeSize: int16,
  typeModifier: int32,
  format,
}, { noNullPrototype: true });
function kind<K extends string>(...kinds: readonly [K, ...K[]]): fc.Arbitrary<K> {
  return fc.constantFrom<K>(...kinds);
}
const values = fc.array(value, { maxLength: 8 }).chain((items) =>
  fc.record({
    items: fc.constant(items),
    formats: fc.oneof(
      fc.array(format, { maxLength: 1 }),
      fc.array(format, { minLength: items.length, maxLength: items.length }),
    ),
  })
);
const target = fc.constantFrom("statement" as const, "portal" as const);
const anyFrontend: fc.Arbitrary<readonly [FrontendMessage, State]> = fc.oneof(
  fc.tuple(fc.record({ kind: fc.constant("query" as const), text }), fc.constant("ready" as const)),
  fc.tuple(
    fc.record({
      kind: fc.constant("parse" as const),
      statement: text,
      text,
      parameterTypes: fc.array(oid),
    }),
    fc.constant("extended" as const),
  ),
  fc.tuple(
    fc.tuple(text, text, values, fc.array(format)).map((
      [portal, statement, { items, formats }, resultFormats],
    ) => ({
      kind: "bind" as const,
      portal,
      statement,
      parameterFormats: formats,
      parameters: items,
      resultFormats,
    })),
    fc.constant("extended" as const),
  ),
  fc.tuple(
    fc.record({ kind: fc.constantFrom("describe" as const, "close" as const), target, name: text }),
    fc.constant("extended" as const),
  ),
  fc.tuple(
    fc.record({
      kind: fc.constant("execute" as const),
      portal: text,
      rowsMax: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
    }),
    fc.constant("extended" as const),
  ),
  fc.tuple(
    fc.record({ kind: fc.constantFrom("sync" as const, "flush" as const, "terminate" as const) }),
    fc.constant("ready" as const),
  ),
  fc.tuple(
    fc.record({ kind: fc.constant("copy_data" as const), data }),
    fc.constant("copy_in" as const),
  ),
  fc.tuple(
    fc.record({ kind: fc.constant("copy_fail" as const), reason: text }),
    fc.constant("copy_in" as const),
  ),
  fc.tuple(
    fc.tuple(oid, values, format).map(([functionOid, { items, formats }, resultFormat]) => ({
      kind: "function_call" as const,
      functionOid,
      argumentFormats: formats,
      arguments: items,
      resultFormat,
    })),
    fc.constant("ready" as const),
  ),
  fc.tuple(
    fc.record({ kind: fc.constant("password" as const), password: text }),
    fc.constant("password" as const),
  ),
  fc.tuple(
    fc.record({
      kind: fc.constant("sasl_initial_response" as const),
      mechanism: text,
      data: value,
    }),
    fc.constant("sasl_initial" as const),
  ),
  fc.tuple(
    fc.record({ kind: fc.constant("sasl_response" as const), data }),
    fc.constant("sasl" as const),
  ),
);

Deno.test("decodeFrontend() gives back what frontendBytes() wrote", () => {
  fc.assert(
    fc.property(anyFrontend, ([message, state]) => {
      deepStrictEqual(decodeFrontend(frameOf(frontendBytes(message)), state), { ...message });
    }),
    { seed: 1, numRuns: 500 },
  );
});

Deno.test("decodeFrontend() never throws, and what it accepts encodes to the same bytes", () => {
  const states: readonly State[] = ["ready", "copy_in", "password", "sasl_initial", "sasl"];
  fc.assert(
    fc.property(
      fc.constantFrom(..."QPBDECSHXFdcfpzT"),
      fc.array(fc.oneof(fc.constantFrom(0, 0, 0, 1, 255), fc.nat(255)), { maxLength: 40 }),
      fc.constantFrom(...states),
      (tag, body, state) => {
        const bytes = tagged(tag, Uint8Array.from(body));
        const decoded = decodeFrontend(frameOf(bytes), state);
        if (decoded.kind !== "malformed") deepStrictEqual(frontendBytes(decoded), bytes);
      },
    ),
    { seed: 2, numRuns: 3000 },
  );
});

const anyBackend: fc.Arbitrary<BackendMessage> = fc.oneof(
  fc.record({ kind: kind("authentication_ok", "authentication_cleartext_password") }),
  fc.record({
    kind: kind("authentication_md5_password"),
    salt: fc.uint8Array({ minLength: 4, maxLength: 4 }),
  }),
  fc.record({ kind: kind("authentication_sasl"), mechanisms: fc.array(name) }),
  fc.record({ kind: kind("authentication_sasl_continue", "authentication_sasl_final"), data }),
  fc.record({
    kind: kind("backend_key_data"),
    processId: int32,
    secretKey: fc.uint8Array({ minLength: 4, maxLength: 256 }),
  }),
  fc.record({ kind: kind("bind_complete", "close_complete", "no_data", "copy_done") }),
  fc.record({ kind: kind("command_complete"), tag: text }),
  fc.record({ kind: kind("copy_data"), data }),
  fc.record({
    kind: kind("copy_in_response", "copy_out_response", "copy_both_response"),
    format: fc.constant(1 as const),
    columnFormats: fc.array(format),
  }),
  fc.record({ kind: kind("data_row"), values: fc.array(value) }),
  fc.record({ kind: kind("error_response", "notice_response"), fields: fc.array(field) }),
  fc.record({ kind: kind("function_call_response"), value }),
  fc.record({
    kind: kind("negotiate_protocol_version"),
    version: int32,
    unknownOptions: fc.array(text),
  }),
  fc.record({
    kind: kind("notification_response"),
    processId: int32,
    channel: text,
    payload: text,
  }),
  fc.record({ kind: kind("parameter_description"), types: fc.array(oid) }),
  fc.record({ kind: kind("parameter_status"), name: text, value: text }),
  fc.record({
    kind: kind("ready_for_query"),
    status: kind("idle", "in_transaction", "failed_transaction"),
  }),
  fc.record({ kind: kind("row_description"), fields: fc.array(column) }),
);

Deno.test("decodeBackend() gives back what backendBytes() wrote", () => {
  fc.assert(
    fc.property(anyBackend, (message) => {
      deepStrictEqual(decodeBackend(frameOf(backendBytes(message))), { ...message });
    }),
    { seed: 7, numRuns: 800 },
  );
});

Deno.test("decodeBackend() never throws, and what it accepts encodes to the same bytes", () => {
  fc.assert(
    fc.property(
      fc.constantFrom(..."RK23CGHWdcDINEVvnASZTt1sQ"),
      fc.array(fc.oneof(fc.constantFrom(0, 0, 0, 1, 10, 255), fc.nat(255)), { maxLength: 40 }),
      (tag, body) => {
        const bytes = tagged(tag, Uint8Array.from(body));
        const decoded = decodeBackend(frameOf(bytes));
        if (decoded.kind === "malformed") return;
        // The words of errors are read with loss.
        if (decoded.kind === "error_response" || decoded.kind === "notice_response") return;
        deepStrictEqual(backendBytes(decoded), bytes);
      },
    ),
    { seed: 8, numRuns: 4000 },
  );
});
