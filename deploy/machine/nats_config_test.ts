import assert from "node:assert/strict";
import { natsConfig } from "./nats_config.ts";

const least = {
  port: 4222,
  storeDir: "/store",
  serverName: "one",
  syncAlways: true,
  jetstreamMaxFile: 1000,
  jetstreamMaxMemory: 100,
} as const;

Deno.test("natsConfig() listens on the loopback address and syncs always when asked", () => {
  assert.equal(
    natsConfig(least),
    [
      'server_name: "one"',
      'listen: "127.0.0.1:4222"',
      "jetstream {",
      '  store_dir: "/store"',
      "  max_file_store: 1000",
      "  max_memory_store: 100",
      "  sync_interval: always",
      "}",
      "",
    ].join("\n"),
  );
  assert.doesNotMatch(natsConfig({ ...least, syncAlways: false }), /sync_interval/);
});

Deno.test("natsConfig() names the store's key by variable, never by value", () => {
  assert.match(natsConfig({ ...least, encrypted: true }), /cipher: aes\n {2}key: \$SALLYPORT_/);
});

Deno.test("natsConfig() refuses a string that could end early", () => {
  for (const storeDir of ['a"b', "a\\b", "a\nb"]) {
    assert.throws(() => natsConfig({ ...least, storeDir }), TypeError);
  }
});
