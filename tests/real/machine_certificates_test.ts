/** Certificates made here hold in a real TLS handshake, and only for their names. */
import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { ensureAuthority, issueCertificate } from "#deploy/machine/certificates.ts";

const say = () => {};

Deno.test("issueCertificate() makes what TLS verifies, and the authority is kept", async () => {
  const directory = await Deno.makeTempDir();
  try {
    const authority = await ensureAuthority({ directory, say });
    const files = await issueCertificate({
      authority,
      directory,
      name: "server",
      dnsNames: ["ehr.example.org"],
    });
    const certificate = new X509Certificate(await Deno.readTextFile(files.certFile));
    const parent = new X509Certificate(authority.certPem);
    assert.ok(certificate.verify(parent.publicKey));
    assert.ok(certificate.checkIssued(parent));
    assert.ok(!certificate.ca);
    assert.equal(((await Deno.stat(files.keyFile)).mode ?? 0) & 0o777, 0o600);
    assert.equal(await handshake(files, authority.certPem, "ehr.example.org"), "ok");
    assert.equal(await handshake(files, authority.certPem, "localhost"), "ok");
    assert.match(await handshake(files, authority.certPem, "other.example.org"), /[Nn]ame/);
    const again = await ensureAuthority({ directory, say });
    assert.equal(again.certPem, authority.certPem);
    const other = await ensureAuthority({ directory: `${directory}/other`, say });
    assert.match(await handshake(files, other.certPem, "localhost"), /[Ii]ssuer|[Ss]ignature/);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

/** One TLS handshake on the loopback address; "ok" or the client's reason to refuse. */
async function handshake(
  files: { readonly certFile: string; readonly keyFile: string },
  ca: string,
  name: string,
): Promise<string> {
  const cert = await Deno.readTextFile(files.certFile);
  const key = await Deno.readTextFile(files.keyFile);
  using listener = Deno.listenTls({ hostname: "127.0.0.1", port: 0, cert, key });
  const accepted = listener.accept().then(async (connection) => {
    await connection.handshake().catch(() => {});
    connection.close();
  });
  const plain = await Deno.connect({ hostname: "127.0.0.1", port: listener.addr.port });
  const secured = await Deno.startTls(plain, { hostname: name, caCerts: [ca] });
  const answer = await secured.handshake().then(() => "ok", (error: Error) => error.message);
  secured.close();
  await accepted;
  return answer;
}
