/**
 * The edge's sockets and its SSH: wraps `npm:ssh2` so that what it says becomes ports of ours.
 *
 * Every socket gets a server of its own, so that a connection is known by its socket; none of them
 * listens.
 *
 * **Invariant:** nothing is believed of a public key before its signature over this connection was
 * verified; compression, agent forwarding, X11 and forwarding to the client are never offered.
 *
 * @module
 */
import { createHash } from "node:crypto";
import type { Socket } from "node:net";
// @ts-types="./ssh2_server.d.ts"
import ssh2 from "ssh2";
import type { Duplex } from "node:stream";
import { type Door, openDoor } from "#actors/_kit/edge/door.ts";
import { startups } from "#actors/_kit/edge/startups.ts";
import { StartError } from "#actors/_kit/start_error.ts";
import type { Accept, AgentConnection, Attempt, ConnectionHandler } from "./agent_channel.ts";
import { channelsOf } from "./serve_channel.ts";
import { sayBanner } from "./ssh2_words.ts";
import { algorithms, innerAlgorithms, keepalive } from "./ssh_options.ts";
import type { EdgeSshLimits } from "./limits.ts";
import type { AuthContext, Connection, ParsedKey, PublicKeyContext } from "./ssh2_server.d.ts";

export type Listening = {
  readonly host: string;
  readonly port: number;
  /** A private key in OpenSSH's format. */
  readonly hostKey: string;
  readonly limits: EdgeSshLimits;
};

/** Listens; `accept` is given each connection once it says that it speaks SSH. */
export function listen(options: Listening, accept: Accept): Promise<Door> {
  const { limits } = options;
  const hostKey = keyOf(options.hostKey);
  if (hostKey === null) {
    throw new StartError("the gateway's SSH host key is not understood", "restore the key file");
  }
  const hostKeys = [{ key: hostKey }];
  const starting = startups(limits, Date.now);
  return openDoor(options, (socket) => {
    const address = socket.remoteAddress ?? "unknown";
    const leave = starting.begin(address, () => socket.destroy());
    if (leave === null) return void socket.destroy();
    socket.setNoDelay();
    serve({ wire: socket, socket, address, accept }, leave);
  });

  function serve({ wire, socket, address, accept }: Served, started: () => void): void {
    let over = false;
    const settled = () => {
      if (over) return;
      over = true;
      clearTimeout(timer);
      started();
    };
    const timer = setTimeout(() => wire.destroy(), limits.startupMsMax);
    wire.once("close", settled);
    const server = new ssh2.Server({
      hostKeys,
      ident: "sallyport",
      algorithms: wire === socket ? algorithms : innerAlgorithms,
      ...keepalive,
    });
    server.on("connection", (client, { header }) => {
      const agent = connectionOf(client, wire, address, header.versions.software);
      const handler = accept(agent);
      client.on("ready", settled);
      keepKeysFresh(client, socket, wire, limits);
      const told = new Set<string>();
      client.on("authentication", (context) => {
        authenticate(context, handler, (why) => {
          // A client may try one key after the other, each refused in the same words.
          if (!told.has(why)) sayBanner(client, `sallyport: ${why}`);
          told.add(why);
        });
      });
      channelsOf(client, socket, handler, limits, (tunnel, accept, ended) => {
        serve({ wire: tunnel, socket, address, accept }, () => undefined);
        tunnel.once("close", ended);
      });
    });
    server.injectSocket(wire);
  }
}

/** What SSH is spoken over: the socket itself, or a tunnel in another connection on it. */
type Served = {
  readonly wire: Duplex;
  readonly socket: Socket;
  readonly address: string;
  readonly accept: Accept;
};

function connectionOf(
  client: Connection,
  wire: Duplex,
  address: string,
  software: string,
): AgentConnection {
  let cipher = "unknown";
  client.on("handshake", (negotiated) => {
    cipher = negotiated.cs.cipher;
  });
  // A peer that does not keep to the protocol is let go of.
  client.on("error", () => wire.destroy());
  let open = true;
  wire.once("close", () => open = false);
  return {
    address,
    clientVersion: software,
    cipher: () => cipher,
    closed(listener) {
      wire.once("close", listener);
    },
    isOpen: () => open,
    end: () => void client.end(),
    destroy: () => void wire.destroy(),
  };
}

/** Exchanges keys anew after some time or bytes; agents do so by themselves, too. */
function keepKeysFresh(
  client: Connection,
  socket: Socket,
  wire: Duplex,
  limits: EdgeSshLimits,
): void {
  const bytesOf = () => socket.bytesRead + socket.bytesWritten;
  let since = { ms: Date.now(), bytes: bytesOf() };
  client.on("rekey", () => since = { ms: Date.now(), bytes: bytesOf() });
  let ready = false;
  client.on("ready", () => ready = true);
  const timer = setInterval(() => {
    const isDue = Date.now() - since.ms >= limits.rekeyMs ||
      bytesOf() - since.bytes >= limits.rekeyBytes;
    if (!ready || !isDue) return;
    since = { ms: Date.now(), bytes: bytesOf() };
    client.rekey();
  }, limits.rekeyCheckMs);
  wire.once("close", () => clearInterval(timer));
}

const methods = [
  "publickey",
  "keyboard-interactive",
  "password",
];

function authenticate(
  context: AuthContext,
  handler: ConnectionHandler,
  say: (why: string) => void,
): void {
  switch (context.method) {
    case "password":
      return decide(context, { kind: "token", token: context.password });
    case "keyboard-interactive":
      return context.prompt([{ prompt: "Token: ", echo: false }], "", "", (answers) => {
        // An aborted attempt gives an error here.
        const [token] = Array.isArray(answers) ? answers : [];
        if (token === undefined) return context.reject(methods);
        decide(context, { kind: "token", token });
      });
    case "publickey":
      return publicKey(context);
    default:
      return context.reject(methods);
  }

  function publicKey(asked: PublicKeyContext): void {
    const key = keyOf(asked.key.data);
    if (key === null || !takenKeys.has(key.type)) return asked.reject(methods);
    // The question whether a key would do; who may use it is asked once it has signed.
    if (asked.signature === undefined || asked.blob === undefined) return asked.accept();
    if (!key.verify(asked.blob, asked.signature, asked.hashAlgo)) return asked.reject(methods);
    const digest = createHash("sha256").update(asked.key.data).digest("base64");
    const fingerprint = `SHA256:${digest.replace(/=+$/, "")}`;
    decide(asked, { kind: "key", key: { fingerprint } });
  }

  function decide(decided: AuthContext, credential: Attempt["credential"]): void {
    handler.authenticate({ user: decided.username, credential }).then((why) => {
      if (why === null) return decided.accept();
      say(why);
      decided.reject(methods);
    });
  }
}

function keyOf(data: string | Uint8Array): ParsedKey | null {
  const parsed = ssh2.utils.parseKey(data);
  if (parsed instanceof Error) return null;
  return "verify" in parsed ? parsed : parsed[0] ?? null;
}

const takenKeys: ReadonlySet<string> = new Set([
  "ssh-ed25519",
  "ecdsa-sha2-nistp256",
  "ecdsa-sha2-nistp384",
  "ecdsa-sha2-nistp521",
  "ssh-rsa",
]);
