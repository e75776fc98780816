/** @module */
import { match, ok } from "node:assert/strict";
import { tokenNames } from "./demo_tokens.ts";
import { welcomeLines } from "./welcome.ts";

Deno.test("welcomeLines() are commands to copy: short, and without a token", () => {
  const lines = welcomeLines({
    folder: ".sallyport/demo",
    host: "127.0.0.1",
    port: 15432,
    sshPort: 12222,
    consoleUrl: "http://127.0.0.1:19443",
  });
  for (const line of lines) ok(line.length <= 200, line);
  const text = lines.join("\n");
  match(
    text,
    /PGPASSWORD=\$\(cat \.sallyport\/demo\/tokens\/agent\) psql "host=127\.0\.0\.1 port=15432 /,
  );
  match(text, /sslrootcert=\.sallyport\/demo\/certificates\/ca\.crt"/);
  match(text, /http:\/\/127\.0\.0\.1:19443/);
  const files = [...text.matchAll(/tokens\/(\w+)/g)].map(([, name]) => name);
  ok(files.every((name) => tokenNames.some((known) => known === name)), files.join());
});
