/** Hosts that an authority vouches for, with certificates as ssh-keygen makes them. */
import { match } from "node:assert/strict";
import { startLab } from "#deploy/demo/lab.ts";
import { runTool } from "#deploy/machine/process.ts";
import { unprivilegedUser } from "#deploy/machine/unprivileged.ts";
import { dialChannel, endpointOf } from "./ssh_upstream.ts";

const types = ["ed25519", "ecdsa", "rsa"] as const;

Deno.test("a host is known by its certificate", async (test) => {
  const directory = await Deno.makeTempDir({ prefix: "sallyport-lab-" });
  // The host's user must pass through to what is made here.
  await Deno.chmod(directory, 0o755);
  const keys = `${directory}/keys`;
  await Deno.mkdir(keys, { mode: 0o755 });
  const authorities = new Map<string, string>();
  for (const type of types) authorities.set(type, await newKey(`${keys}/ca_${type}`, type));
  const stranger = await newKey(`${keys}/stranger`, "ed25519");

  for (const type of types) {
    await test.step(`signed by an authority of ${type}`, async () => {
      await newKey(`${keys}/host_${type}`, type);
      const authority = authorities.get(type) ?? "";
      const cases = [
        ["for its name", ["-n", "lab.example,127.0.0.1"], [authority], /^ready$/],
        ["by its fingerprint", ["-n", "127.0.0.1"], [await printOf(authority)], /^ready$/],
        ["for another name", ["-n", "other.example"], [authority], refused],
        ["for no name", [], [authority], refused],
        ["too late", ["-n", "127.0.0.1", "-V", "20200101:20210101"], [authority], refused],
        ["too early", ["-n", "127.0.0.1", "-V", "20990101:21000101"], [authority], refused],
        ["by a stranger", ["-n", "127.0.0.1"], [stranger], refused],
      ] as const;
      for (const [name, options, hostAuthorities, expected] of cases) {
        const certificate = await sign(`${keys}/ca_${type}`, `${keys}/host_${type}`, options);
        await using lab = await startLab({
          directory: `${directory}/lab`,
          ephemeral: true,
          say: () => {},
          settings: await serving(certificate, `${directory}/lab`),
        });
        const endpoint = { ...endpointOf(lab), hostKeys: [], hostAuthorities };
        match(await outcome(endpoint), expected, name);
      }
    });
  }

  await test.step("a host without one, and one that is pinned beside", async () => {
    await using lab = await startLab({
      directory: `${directory}/lab`,
      ephemeral: true,
      say: () => {},
    });
    const hostAuthorities = [authorities.get("ed25519") ?? ""];
    const endpoint = { ...endpointOf(lab), hostAuthorities };
    match(await outcome(endpoint), /^ready$/);
    match(await outcome({ ...endpoint, hostKeys: [] }), /^host_key_unknown/);
  });
  await Deno.remove(directory, { recursive: true });
});

const refused = /^host_certificate_refused/;

async function outcome(endpoint: Parameters<typeof dialChannel>[0]): Promise<string> {
  const channel = await dialChannel(endpoint);
  if (typeof channel === "string") return channel;
  channel.upstream.hangUp();
  return "ready";
}

async function newKey(path: string, type: string): Promise<string> {
  await tool(["-q", "-t", type, "-N", "", "-C", "", "-f", path]);
  const text = await Deno.readTextFile(`${path}.pub`);
  return text.trim().split(" ").slice(0, 2).join(" ");
}

async function sign(
  authority: string,
  host: string,
  options: readonly string[],
): Promise<string> {
  await tool(["-q", "-s", authority, "-h", "-I", "lab", ...options, `${host}.pub`]);
  return `${host}-cert.pub`;
}

/** The key becomes the host's own, before it starts. */
async function serving(certificate: string, folder: string): Promise<string[]> {
  const key = certificate.replace(/-cert\.pub$/, "");
  await Deno.mkdir(folder, { recursive: true });
  const user = await unprivilegedUser();
  for (const half of ["", ".pub"]) {
    await Deno.copyFile(`${key}${half}`, `${folder}/host_key${half}`);
    if (user !== null) await Deno.chown(`${folder}/host_key${half}`, user.uid, user.gid);
  }
  return [`HostCertificate ${certificate}`];
}

async function printOf(publicKey: string): Promise<string> {
  const key = Uint8Array.fromBase64(publicKey.split(" ")[1] ?? "");
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", key));
  return `SHA256:${digest.toBase64({ omitPadding: true })}`;
}

async function tool(args: readonly string[]): Promise<void> {
  const { success, stderr } = await runTool("ssh-keygen", args);
  if (!success) throw new Error(stderr);
}
