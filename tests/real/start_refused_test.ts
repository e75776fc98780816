/**
 * An actor that cannot start says why in one line, and what to do about it: as its supervisor and
 * whoever reads its log see it.
 *
 * @module
 */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { freePorts } from "#deploy/machine/free_port.ts";

const root = new URL("../../", import.meta.url).pathname;
/** Stands in a configuration where no secret belongs. */
const secret = "hunter2-in-the-wrong-place";

Deno.test("an actor that cannot start says why and what to do, in one line", async () => {
  const folder = await Deno.makeTempDir();
  const write = (name: string, text: string) => {
    const path = `${folder}/${name}`;
    Deno.writeTextFileSync(path, text);
    return path;
  };
  try {
    const [port = 0] = freePorts(1);
    const demo = await Deno.readTextFile(`${root}deploy/demo/sallyport.yaml`);
    const config = write("sallyport.yaml", demo);
    const misspelt = demo.replace("pending_ms_max:", `pending_ms_mx: ${secret}\n  pending_ms_max:`);
    const seed = write("key.nk", "no key, and never looked at");
    const settings = (name: string, configFile: string, seedFile = seed) => {
      return write(
        `${name}.json`,
        JSON.stringify({
          name: "approval",
          nats: { url: `nats://127.0.0.1:${port}`, seedFile, inboxPrefix: "_INBOX_approval" },
          epoch: "2026_11",
          configFile,
          identityKeysFile: `${folder}/identity.jwks`,
        }),
      );
    };
    const cases: readonly (readonly [readonly string[], RegExp])[] = [
      [[], /no settings file is named/],
      [[`${folder}/none.json`], /a file is not there: .*none\.json/],
      [[write("half.json", '{"name": "ap')], /half\.json is no JSON/],
      [[write("lacks.json", '{"name": "approval"}')], /lacks\.json is wrong: nats: /],
      [
        [settings("misspelt", write("misspelt.yaml", misspelt))],
        /misspelt\.yaml is wrong: approvals\.pending_ms_mx: is not a key we know \(did you mean "pending_ms_max"/,
      ],
      [[settings("gone", `${folder}/gone.yaml`)], /a file is not there: .*gone\.yaml/],
      [[settings("keyless", config, `${folder}/none.nk`)], /a file is not there: .*none\.nk/],
      [[settings("alone", config)], /the bus at nats:\/\/127\.0\.0\.1:\d+ .*unavailable/],
    ];
    const ran = await Promise.all(cases.map(async ([words, expected]) => {
      const { code, stderr } = await new Deno.Command(Deno.execPath(), {
        args: ["run", "-A", "--no-prompt", `${root}actors/approval/main.ts`, ...words],
        stdin: "null",
      }).output();
      return { code, lines: new TextDecoder().decode(stderr).trimEnd().split("\n"), expected };
    }));
    for (const { code, lines, expected } of ran) {
      strictEqual(lines.length, 1, lines.join("\n"));
      const [line = ""] = lines;
      const { event, why, hint } = JSON.parse(line);
      deepStrictEqual([event, code, typeof hint], ["cannot_start", 78, "string"], line);
      match(why, expected);
      ok(!line.includes(secret), "no value of the file");
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
