import { deepStrictEqual, match, ok, rejects, strictEqual } from "node:assert/strict";
import { identityKeys } from "#actors/_kit/identity_keys.ts";
import { signingKey } from "#actors/identity/signing_key.ts";
import { nextKeyFile, rotateIdentityKey } from "#deploy/identity_key.ts";
import { openInstallation } from "#deploy/installation.ts";
import { LostSecretError, OutdatedKeyError } from "#deploy/secret_file.ts";

Deno.test("an installation keeps its keys, and makes no key anew that the record needs", async (test) => {
  const directory = await Deno.makeTempDir({ prefix: "sallyport-installation-" });
  const options = { edges: ["pg-1"], sshEdges: ["ssh-1"], logName: "example.org/log" };
  const open = () => openInstallation(directory, options);
  try {
    const first = await open();

    await test.step("opened again it is the same", async () => {
      strictEqual((await open()).logVerifier, first.logVerifier);
    });

    await test.step("a lost bus key is made anew", async () => {
      await Deno.remove(`${directory}/keys/masking.nk`);
      const keyOf = ({ keys }: typeof first, name: string) =>
        keys.find((key) => key.name === name)?.publicKey;
      const again = await open();
      ok(keyOf(again, "masking") !== keyOf(first, "masking"));
      strictEqual(keyOf(again, "authz"), keyOf(first, "authz"));
    });

    for (const [key, made] of [["log.seed", "log.vkey"], ["identity.jwk", "identity.jwks"]]) {
      await test.step(`a lost ${key} is missed, until what needs it is moved away`, async () => {
        const [file, publicFile] = [`${directory}/keys/${key}`, `${directory}/public/${made}`];
        const [secret, published] = [
          await Deno.readTextFile(file),
          await Deno.readTextFile(publicFile),
        ];
        await Deno.remove(file);
        await rejects(open(), (error) => {
          ok(error instanceof LostSecretError);
          ok(error.message.startsWith(file) && error.hint.includes(publicFile));
          return true;
        });
        await rejects(Deno.stat(file), Deno.errors.NotFound);
        await Deno.writeTextFile(file, secret, { mode: 0o600 });
        await open();
        strictEqual(await Deno.readTextFile(publicFile), published);

        await Deno.remove(file);
        await Deno.remove(publicFile);
        if (key === "log.seed") {
          await rejects(open(), LostSecretError);
          await Deno.remove(`${directory}/keys/log.key`);
        }
        await open();
        ok(await Deno.readTextFile(publicFile) !== published);
      });
    }

    await test.step("identity's key is rotated, and vouches for those before it", async () => {
      const [file, publicFile] = [
        `${directory}/keys/identity.jwk`,
        `${directory}/public/identity.jwks`,
      ];
      const published = async () => identityKeys(JSON.parse(await Deno.readTextFile(publicFile)));
      const nowSeconds = Math.floor(Date.now() / 1000);
      const kids = [...(await published()).keys()];
      const before = await Deno.readTextFile(file);
      const first = await rotateIdentityKey(directory, nowSeconds);
      ok(await Deno.readTextFile(file) !== before);
      deepStrictEqual([...(await published()).keys()], [first.kid, ...kids]);
      // Also where the private half was lost.
      await Deno.remove(file);
      const second = await rotateIdentityKey(directory, nowSeconds + 1);
      strictEqual(second.earlier, kids.length + 1);
      // A start publishes the same.
      await Deno.remove(publicFile);
      await open();
      deepStrictEqual([...(await published()).keys()], [second.kid, first.kid, ...kids]);
      // One rotation at a time, and none that a clock's error would make worthless.
      await Deno.writeTextFile(nextKeyFile(directory), "");
      await rejects(rotateIdentityKey(directory, nowSeconds + 2), Deno.errors.AlreadyExists);
      await Deno.remove(nextKeyFile(directory));
      await rejects(rotateIdentityKey(directory, nowSeconds - 1000), TypeError);
      deepStrictEqual([...(await published()).keys()], [second.kid, first.kid, ...kids]);
    });

    await test.step("a key of before the last rotation signs nothing more", async () => {
      const [file, publicFile] = [
        `${directory}/keys/identity.jwk`,
        `${directory}/public/identity.jwks`,
      ];
      const read = async () => [await Deno.readTextFile(file), await Deno.readTextFile(publicFile)];
      const nowSeconds = Math.floor(Date.now() / 1000);
      const yesterday = await Deno.readTextFile(file);
      await rotateIdentityKey(directory, nowSeconds + 2);
      const [today = "", published = ""] = await read();
      // From a copy of yesterday: it may be the one that was stolen.
      await Deno.writeTextFile(file, yesterday);
      await rejects(open(), (error) => {
        ok(error instanceof OutdatedKeyError);
        match(error.hint, /from your newest copy.*sallyport rotate/);
        return true;
      });
      await rejects(rotateIdentityKey(directory, nowSeconds + 3), OutdatedKeyError);
      deepStrictEqual(await read(), [yesterday, published]);
      // A rotation that was cut off before the key was in its place: its end is made up for.
      await Deno.writeTextFile(nextKeyFile(directory), today, { mode: 0o600 });
      await open();
      deepStrictEqual(await read(), [today, published]);
      await rejects(Deno.stat(nextKeyFile(directory)), Deno.errors.NotFound);
      // What was published is from a copy of yesterday, or no set of keys.
      for (
        const older of [JSON.stringify((await signingKey(JSON.parse(yesterday))).publicKeys), "x"]
      ) {
        await Deno.writeTextFile(publicFile, older);
        await open();
        deepStrictEqual(await read(), [today, published]);
      }
    });

    await test.step("secrets are their owner's alone", async () => {
      const modes = new Set<number>();
      for await (const { name } of Deno.readDir(`${directory}/keys`)) {
        modes.add(((await Deno.stat(`${directory}/keys/${name}`)).mode ?? 0) & 0o777);
      }
      deepStrictEqual([...modes], [0o600]);
    });
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});
