/**
 * One of the four processes of the bare skeleton; `skeleton.ts` says what it is for.
 *
 * `deno run -A skeleton_main.ts edge|authz|target|masking <nats url> <port>`: the port is the one
 * the edge listens on, and the one of the server that the target dials.
 *
 * @module
 */
import { connect as dial, createServer, type Socket } from "node:net";
import { jetstream } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";
import { releasedHop, skeletonStream } from "./skeleton.ts";

const [role = "", url = "", port = "0"] = Deno.args;
const nats = await connect({ servers: url });
const stream = jetstream(nats);
const sockets = new Map<string, Socket>();
const failed = (error: unknown) => {
  say(Deno.stderr, String(error));
  Deno.exit(1);
};

switch (role) {
  case "edge": {
    let connections = 0;
    nats.subscribe(releasedHop("*"), {
      callback: (_, message) => {
        sockets.get(lastToken(message.subject))?.write(message.data);
      },
    });
    createServer((socket) => keep(`c${++connections}`, socket, "request"))
      .listen(Number(port), "127.0.0.1", () => say(Deno.stdout, "ready"));
    break;
  }
  case "authz":
    await passOn("request", "verdict");
    break;
  case "masking":
    await passOn("raw", "response");
    break;
  case "target":
    await each("verdict", (name, data) => {
      let socket = sockets.get(name);
      if (socket === undefined) {
        socket = dial({ host: "127.0.0.1", port: Number(port) });
        keep(name, socket, "raw");
      }
      socket.write(data);
    });
}

/** What a socket says is stored as the hop `to`, in its order. */
function keep(name: string, socket: Socket, to: string): void {
  sockets.set(name, socket);
  socket.setNoDelay();
  socket.on("data", (data) => void stream.publish(`hop.${to}.${name}`, data).catch(failed));
  socket.on("error", () => {});
  socket.on("close", () => sockets.delete(name));
}

function passOn(from: string, to: string): Promise<void> {
  return each(from, (name, data) => stream.publish(`hop.${to}.${name}`, data));
}

/** Handles every message of a hop and acknowledges it afterwards. */
async function each(
  hop: string,
  handle: (name: string, data: Uint8Array) => unknown,
): Promise<void> {
  const consumer = await stream.consumers.get(skeletonStream, hop);
  await consumer.consume({
    "max_messages": 512,
    callback: (message) => {
      Promise.resolve(handle(lastToken(message.subject), message.data))
        .then(() => message.ack()).catch(failed);
    },
  });
  say(Deno.stdout, "ready");
}

function say(to: typeof Deno.stdout, line: string): void {
  to.writeSync(new TextEncoder().encode(`${line}\n`));
}

function lastToken(subject: string): string {
  return subject.slice(subject.lastIndexOf(".") + 1);
}
