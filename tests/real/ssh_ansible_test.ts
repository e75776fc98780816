/** Ansible's ping, which logs in, copies a module, runs it by Python and takes it away again. */
import { match, strictEqual } from "node:assert/strict";
import { defaultCacheDir } from "#deploy/machine/cache.ts";
import { findDebianTool } from "#deploy/machine/debian.ts";
import { openLabSystem, sshClient } from "./ssh_client.ts";
import { scenario, startRig } from "./support.ts";

Deno.test("ansible through the gateway", async (test) => {
  const ansible = await findDebianTool(["ansible-core"], "ansible", {
    say: () => undefined,
    cacheDir: defaultCacheDir(),
  });
  if (ansible === null) throw new Error("There is no ansible, and no Debian to take it from");
  await using rig = await startRig(openLabSystem);
  await using client = await sshClient(rig.system);
  const { folder, config } = client;
  await Deno.writeTextFile(
    `${folder}/inventory`,
    "gw ansible_python_interpreter=/usr/bin/python3\n",
  );
  const tree = ansible.path.slice(0, -"/usr/bin/ansible".length);
  const run = async (module: string, ...args: readonly string[]) => {
    const { code, stdout, stderr } = await new Deno.Command("/usr/bin/python3", {
      args: [ansible.path, "-i", `${folder}/inventory`, "gw", "-m", module, ...args],
      cwd: folder,
      env: {
        ...ansible.env,
        PYTHONPATH: `${tree}/usr/lib/python3/dist-packages`,
        HOME: folder,
        ANSIBLE_LOCAL_TEMP: `${folder}/tmp`,
        ANSIBLE_SSH_ARGS: `-F ${config} -o ControlMaster=auto -o ControlPersist=5s ` +
          `-o ControlPath=${folder}/c-%C`,
        ANSIBLE_NOCOLOR: "1",
      },
    }).output();
    const decoder = new TextDecoder();
    return { code, text: decoder.decode(stdout) + decoder.decode(stderr) };
  };

  await scenario(test, rig, "ping", async () => {
    const { code, text } = await run("ping");
    strictEqual(code, 0, text);
    match(text, /"ping": "pong"/);
  });

  await scenario(test, rig, "a command", async () => {
    match((await run("command", "-a", "echo by-ansible")).text, /by-ansible/);
  });
});
