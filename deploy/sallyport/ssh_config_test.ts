import { equal, match } from "node:assert/strict";
import { hostBlock, withInclude, withoutBlock } from "./ssh_config.ts";

const entry = {
  connection: "lab",
  names: ["lab", "lab.example"],
  host: "127.0.0.1",
  port: 2222,
  folder: "/keys/sallyport",
};

Deno.test("a connection's entry is written, found again and taken out alone", () => {
  const lab = hostBlock(entry);
  match(lab, /^Host lab lab\.example\n {2}HostName 127\.0\.0\.1\n {2}Port 2222\n {2}User lab\n/m);
  const other = hostBlock({ ...entry, connection: "labor", names: ["labor"] });
  equal(withoutBlock(lab + other, "lab"), other);
  equal(withoutBlock(other, "lab"), other);
});

Deno.test("the include stands once, before all that the user wrote", () => {
  const line = 'Include "/keys/sallyport/config"';
  const once = withInclude("Host *\n", "/keys/sallyport");
  equal(once, `${line}\nHost *\n`);
  equal(withInclude(once, "/keys/sallyport"), once);
});
