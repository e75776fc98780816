import assert from "node:assert/strict";
import { parseDeb822Sources, parseOneLineSources } from "./debian.ts";

Deno.test("parseDeb822Sources() reads each enabled deb stanza", () => {
  const archives = parseDeb822Sources([
    "# a comment",
    "Types: deb deb-src",
    "URIs: mirror+file:/etc/apt/mirrors.list",
    "Suites: bookworm bookworm-updates",
    "Components: main contrib",
    "Signed-By: /usr/share/keyrings/one.gpg",
    "",
    "Types: deb-src",
    "URIs: cdrom:/source",
    "Suites: bookworm",
    "",
    "Types: deb",
    "Enabled: no",
    "URIs: cdrom:/off",
    "Suites: bookworm",
    "",
  ].join("\n"));
  assert.deepEqual(archives, [{
    uri: "mirror+file:/etc/apt/mirrors.list",
    suites: ["bookworm", "bookworm-updates"],
    components: ["main", "contrib"],
    signedBy: "/usr/share/keyrings/one.gpg",
  }]);
});

Deno.test("parseDeb822Sources() keeps the lines of an inline key", () => {
  const [archive] = parseDeb822Sources(
    "Types: deb\nURIs: file:/archive\nSuites: trixie\nComponents: main\nSigned-By:\n" +
      " -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n xyz\n",
  );
  assert.equal(archive?.signedBy, "\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n xyz");
});

Deno.test("parseOneLineSources() reads options, and skips comments and source lines", () => {
  const archives = parseOneLineSources([
    "deb [arch=amd64 signed-by=/usr/share/keyrings/one.gpg] file:/archive trixie main contrib # x",
    "#deb file:/off trixie main",
    "deb-src file:/archive trixie main",
    "deb file:/plain sid main",
  ].join("\n"));
  assert.deepEqual(archives, [
    {
      uri: "file:/archive",
      suites: ["trixie"],
      components: ["main", "contrib"],
      signedBy: "/usr/share/keyrings/one.gpg",
    },
    { uri: "file:/plain", suites: ["sid"], components: ["main"], signedBy: null },
  ]);
});
