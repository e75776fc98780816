import { deepStrictEqual } from "node:assert/strict";
import type { Admitted } from "#actors/_kit/edge/admission.ts";
import { memoryLimits, memoryServer } from "#actors/_kit/memory_bus.ts";
import { configWith } from "#schemas/config_testing.ts";
import type { AgentConnection } from "./agent_channel.ts";
import { gateway } from "./gateway.ts";
import { edgeSshLimits } from "./limits.ts";

const config = configWith({
  connections: {
    lab: {
      protocol: "ssh",
      host: "lab.example.org",
      user: "gateway",
      private_key_file: "secrets/lab.key",
      host_keys: [
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMnyQbGgfUEDVCD8rGkFyWPcKzXQ2GAYQBSCcX1P5w2x",
      ],
    },
  },
  classes: {},
  limits: { sessions_max: 3, sessions_per_principal_max: 2 },
});

/** A gateway that lets everybody in as the person whose name the token is. */
function testGateway() {
  const clock = { nowMs: () => 0, after: () => () => undefined };
  let drawn = 0;
  const limits = memoryLimits;
  const server = memoryServer({ clock, random: () => 0, streams: [], consumers: [], limits });
  const admitted = (person: string): Admitted => {
    const chain = { issuer: "", name: person, actors: [], groups: [], purpose: "" };
    const expiresAt = new Date(60_000).toISOString();
    const principal = { ...chain, person };
    return { ok: true, token: "signed", principal, id: "run.1", expiresAt, lifetimeSeconds: 60 };
  };
  return gateway({
    bus: server.connect({ name: "edge", inboxPrefix: "_INBOX" }),
    clock,
    random: (bytes) => new Uint8Array(bytes).fill(++drawn),
    report: () => undefined,
    config,
    configDigest: "",
    epoch: () => "2026_11",
    edge: "edge",
    limits: { ...edgeSshLimits, attemptsMax: 1000 },
    admission: {
      token: (token) => Promise.resolve(admitted(token)),
      key: () => Promise.reject(new Error("nobody comes with a key")),
    },
  });
}

function testAgent(): AgentConnection {
  const closed: (() => void)[] = [];
  let open = true;
  const end = () => {
    open = false;
    for (const each of closed.splice(0)) each();
  };
  return {
    address: "192.0.2.7",
    clientVersion: "OpenSSH_9.6",
    cipher: () => "unknown",
    closed: (listener) => void closed.push(listener),
    isOpen: () => open,
    end,
    destroy: end,
  };
}

Deno.test("connections on which nothing runs are few, of one person and of all", async () => {
  const { accept } = testGateway();
  const logIn = async (person: string, agent = testAgent()) => {
    const credential = { kind: "token", token: person } as const;
    return await accept(agent).authenticate({ user: "lab", credential });
  };
  const leaves = testAgent();
  const ofPerson = "Too many connections of this person.";
  deepStrictEqual(
    [await logIn("ada", leaves), await logIn("ada"), await logIn("ada"), await logIn("grace")],
    [null, null, ofPerson, null],
  );
  deepStrictEqual(await logIn("carl"), "Too many connections here.");
  leaves.end();
  deepStrictEqual([await logIn("carl"), await logIn("ada")], [null, "Too many connections here."]);
  // At the same moment.
  const { accept: other } = testGateway();
  const credential = { kind: "token", token: "ada" } as const;
  const all = Array.from({ length: 5 }, () => {
    return other(testAgent()).authenticate({ user: "lab", credential });
  });
  deepStrictEqual((await Promise.all(all)).filter((refused) => refused === null).length, 2);
});
