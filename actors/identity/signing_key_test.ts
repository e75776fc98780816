import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import { earlierKeysMax } from "#actors/_kit/identity_keys.ts";
import { currentKey } from "./current_key.ts";
import { followingKey, newSigningKey, signingKey } from "./signing_key.ts";

const start = 1_800_000_000;

Deno.test("followingKey() vouches for the key before it and for all before that", async () => {
  const first = await newSigningKey();
  const second = await followingKey(first, start, 60);
  const third = await followingKey(second, start + 1000, 60);
  const [one, two, three] = await Promise.all([first, second, third].map(signingKey));
  ok(one && two && three);
  const windows = [one, two, three].map(({ kid }) => {
    const { fromSeconds, untilSeconds } = three.keys.get(kid) ?? {};
    return [fromSeconds, untilSeconds];
  });
  deepStrictEqual(windows, [[0, start + 60], [start, start + 1060], [0, Infinity]]);
  strictEqual(three.publicKeys.keys.length, 1);
  // Nothing of a private key is published.
  const published = JSON.stringify(three.publicKeys);
  for (const { d } of [first, second, third]) ok(!published.includes(String(d)));
  // What is published is enough to follow a key that was lost.
  const [lost] = two.publicKeys.keys;
  const found = await signingKey(
    await followingKey({ ...lost, earlier: two.publicKeys.earlier }, start + 1000, 60),
  );
  ok(found.keys.get(one.kid) && found.keys.get(two.kid));
});

Deno.test("followingKey() makes no key that nobody would take", async () => {
  const first = await newSigningKey();
  const second = await followingKey(first, start, 60);
  const cases: readonly unknown[] = [
    null,
    {},
    { ...first, x: "short" },
    // The clock went back behind the key's own beginning.
    { ...second, since: start + 2000 },
    { ...second, earlier: ["x"] },
    { ...second, earlier: Array.from({ length: earlierKeysMax }, () => "x") },
  ];
  for (const followed of cases) await rejects(followingKey(followed, start + 1000, 60), TypeError);
});

Deno.test("currentKey() takes a new key from its file, and nothing else", async () => {
  const first = await newSigningKey();
  const second = await followingKey(first, start, 60);
  const strange = JSON.stringify(await newSigningKey());
  let text: string | null = JSON.stringify(first);
  const key = await currentKey(() => {
    if (text === null) throw new Error("there is no file");
    return text;
  });
  const { kid } = key.now();
  strictEqual(await key.look(), "same");
  for (const wrong of ["{", "{}", null, strange]) {
    text = wrong;
    strictEqual(await key.look(), wrong === strange ? "stranger" : "unreadable");
    // Said once.
    strictEqual(await key.look(), "same");
    strictEqual(key.now().kid, kid);
  }
  text = JSON.stringify(second);
  strictEqual(await key.look(), "taken");
  strictEqual(key.now().kid, (await signingKey(second)).kid);
  // From a copy of before the rotation: it may be the one that was stolen.
  text = JSON.stringify(first);
  strictEqual(await key.look(), "stranger");
  strictEqual(key.now().kid, (await signingKey(second)).kid);
});
