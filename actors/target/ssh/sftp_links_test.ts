/** Paths that lead elsewhere than they say. */
import { deepStrictEqual, ok } from "node:assert/strict";
import { encodeSftpClient, type SftpClientPacket } from "#schemas/wire/sftp/client.ts";
import { type Resolve, sftpLinks } from "./sftp_links.ts";

const attributes = {};
const open = (path: string): SftpClientPacket => {
  return { kind: "open", id: 1, path, flags: 1, attributes };
};

/** `/srv/lab/out` leads to `/etc`, `/srv/lab/file` to a file elsewhere; walked name by name. */
const host: Resolve = (path) => {
  const links: Record<string, string> = { "/srv/lab/out": "/etc", "/srv/lab/file": "/etc/file" };
  if (path === ".") return Promise.resolve({ kind: "path", path: "/srv/lab" });
  if (path.startsWith("/gone/")) return Promise.resolve({ kind: "missing" });
  if (path.startsWith("/locked/")) return Promise.resolve({ kind: "failed" });
  let at = "";
  for (const name of path.split("/")) {
    if (name === "" || name === ".") continue;
    const next = name === ".." ? at.slice(0, at.lastIndexOf("/")) : `${at}/${name}`;
    at = links[next] ?? next;
  }
  return Promise.resolve({ kind: "path", path: at === "" ? "/" : at });
};

const passes = (...packets: readonly SftpClientPacket[]) => {
  const parts = packets.map(encodeSftpClient);
  return sftpLinks(host)(Uint8Array.from(parts.flatMap((part) => [...part])));
};

Deno.test("a path that is what it says passes, from the root and from the home", async () => {
  const paths = ["/srv/lab/a", "a", "./a//b", "a/../b", ".", "/", "/gone/a", "/srv/lab/outer"];
  for (const path of paths) ok(await passes(open(path)), path);
});

Deno.test("a path through a link, or to one, does not pass", async () => {
  const paths = ["/srv/lab/out/passwd", "out/passwd", "out", "file", "x/../file", "/locked/a"];
  for (const path of paths) ok(!await passes(open(path)), path);
  for (const kind of ["stat", "opendir", "statvfs"] as const) {
    ok(!await passes({ kind, id: 1, path: "out" }), kind);
  }
  ok(!await passes(open("a\0b")), "NUL");
});

Deno.test("`..` behind a link is taken as the host takes it", async () => {
  for (const path of ["out/../passwd", "/srv/lab/out/../passwd", "out/..", "out/../out"]) {
    ok(!await passes(open(path)), path);
    ok(!await passes({ kind: "remove", id: 1, path: `${path}/x` }), path);
  }
  ok(!await passes({ kind: "lstat", id: 1, path: "out/.." }));
  ok(await passes({ kind: "lstat", id: 1, path: "." }));
});

Deno.test("operations on a name itself may name a link, in a folder that is what it says", async () => {
  for (const kind of ["lstat", "readlink", "remove", "rmdir"] as const) {
    ok(await passes({ kind, id: 1, path: "out" }), kind);
    ok(!await passes({ kind, id: 1, path: "out/a" }), kind);
  }
  for (const kind of ["rename", "posix_rename", "hardlink"] as const) {
    ok(await passes({ kind, id: 1, from: "a", to: "b" }), kind);
    ok(!await passes({ kind, id: 1, from: "out/a", to: "b" }), kind);
    ok(!await passes({ kind, id: 1, from: "a", to: "out/b" }), kind);
  }
  ok(await passes({ kind: "symlink", id: 1, from: "/etc/passwd", to: "l" }));
  ok(!await passes({ kind: "symlink", id: 1, from: "x", to: "out/l" }));
});

Deno.test("one path that leads elsewhere stops the whole request; handles pass", async () => {
  const close: SftpClientPacket = { kind: "close", id: 2, handle: Uint8Array.of(1) };
  ok(await passes({ kind: "init", version: 3 }));
  ok(await passes(close, close));
  ok(!await passes(close, open("out/a"), close));
});

Deno.test("what is not understood does not pass", async () => {
  ok(!await passes({ kind: "unknown_extension", id: 1, name: "new@example.org" }));
  const check = sftpLinks(host);
  const whole = encodeSftpClient(open("a"));
  deepStrictEqual(
    [await check(whole.subarray(0, -1)), await check(Uint8Array.of(0, 0, 0, 1, 99))],
    [false, false],
  );
  const nowhere = sftpLinks(() => Promise.resolve({ kind: "failed" }));
  ok(!await nowhere(whole));
});
