/** Of what nobody has listed, policy and masking take the class `unlisted` as any other. */
import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { Config } from "#schemas/config.ts";
import { frontendBytes } from "#schemas/wire/postgres/frontend.ts";
import { config as plainConfig, permitAll } from "../policy/testing.ts";
import { admitted, asked } from "./testing.ts";

const { ehr, ...others } = plainConfig.connections;
const config = Config.parse({
  ...plainConfig,
  connections: { ehr: { ...ehr, unlisted: "mask", plain: ["public.claims.*"] }, ...others },
  classes: { ssn: { columns: ["*.*.ssn"] } },
});
const hides = `${permitAll}
  @id("hides") forbid (principal, action == Action::"reveal", resource)
    unless { resource.name == "ssn" || resource.name == "opaque" };`;

Deno.test("an unlisted column is redacted, and the server's words with it", () => {
  const { plan } = request("select payer, label from claims, departments", hides);
  deepStrictEqual(
    plan?.results[0]?.columns.map(({ classes, mask }) => [classes, mask.operator]),
    [[[], "keep"], [["unlisted"], "redact"]],
  );
  strictEqual(plan?.errors, "generic");
});

Deno.test("a policy reveals it as it reveals any class", () => {
  const reveals = hides.replace('opaque"', 'opaque" || resource.name == "unlisted"');
  const { plan } = request("select label from departments", reveals);
  // Nothing is hidden from whom every class is revealed to.
  deepStrictEqual(plan, { results: [], errors: "keep", verbatim: true });
});

Deno.test("its mask is not written back over what is there", () => {
  const { decision, reasons: [reason] } = request(
    "update departments set label = '[unlisted]' where code = 'x'",
    hides,
  );
  deepStrictEqual([decision, reason?.code], ["deny", "write_back"]);
  strictEqual(reason?.detail, 'It would be written to "label" (unlisted).');
});

Deno.test("a connection that keeps what is unlisted shows it, whatever another does", () => {
  const kept = Config.parse({
    ...plainConfig,
    connections: {
      ehr: { ...ehr, unlisted: "keep" },
      lab: { ...others["lab"], unlisted: "mask" },
    },
  });
  const sql = "select label from departments";
  const { plan } = request(sql, hides, kept);
  deepStrictEqual(plan?.results[0]?.columns.map(({ mask }) => mask.operator), ["keep"]);
  // Nothing behind it is of that class, so that who may see all else may see everything.
  const alone = `${permitAll}
    @id("hides") forbid (principal, action == Action::"reveal", resource)
      when { resource.name == "unlisted" };`;
  const plans = [request(sql, alone, kept).plan, request(sql, alone).plan];
  deepStrictEqual(plans.map((one) => one?.verbatim), [true, undefined]);
});

function request(text: string, policy: string, used = config) {
  const bytes = frontendBytes({ kind: "query", text });
  return admitted(policy, { config: used }).request(asked(bytes));
}
