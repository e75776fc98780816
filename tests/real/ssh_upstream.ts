/**
 * Target's end of an SSH channel, driven by hand: what target would write, and what comes back.
 *
 * @module
 */
import { type Clock, systemClock } from "#actors/_kit/clock.ts";
import type { Reach, Upstream } from "#actors/target/reach.ts";
import { targetLimits } from "#actors/target/limits.ts";
import { sshConnections, type SshConnectionsLimits } from "#actors/target/ssh/connections.ts";
import type { SshEndpoint } from "#actors/target/ssh/dial.ts";
import {
  ChannelFramer,
  type ChannelMessage,
  encodeChannelMessages,
} from "#schemas/wire/ssh/channel.ts";
import type { SshHost } from "#deploy/machine/ssh_host.ts";

export type Channel = {
  readonly messages: readonly ChannelMessage[];
  readonly upstream: Upstream;
  write(...messages: readonly ChannelMessage[]): void;
  /** What came as data (0) or on stderr (1). */
  output(type?: 0 | 1): string;
  /** Settles when `done` says so, after each thing that came; fails after a while. */
  until(done: (channel: Channel) => boolean): Promise<void>;
  /** The connection is gone. */
  isLost(): boolean;
  [Symbol.dispose](): void;
};

/** How the lab's own account is reached. */
export function endpointOf(host: SshHost): SshEndpoint {
  const { port, user, privateKey, hostKey } = host;
  const keys = { hostKeys: [hostKey], hostAuthorities: [] };
  return { host: "127.0.0.1", port, user, privateKey, password: undefined, ...keys };
}

/** The way to a host, as target has it. Connections are not kept when nobody needs them. */
export function wayTo(
  endpoint: SshEndpoint,
  limits: Partial<SshConnectionsLimits> = {},
  clock: Clock = systemClock,
): Pick<Reach, "dial"> {
  const all = { ...targetLimits, upstreamsIdleMax: 0, ...limits };
  return sshConnections(endpoint, all, clock);
}

/** Dials a connection of its own; the code and words of a failure as text. */
export function dialChannel(
  endpoint: SshEndpoint,
  limits: Partial<SshConnectionsLimits> = {},
): Promise<Channel | string> {
  return dialBeside(wayTo(endpoint, limits), "");
}

/** Dials for a channel of one agent's connection. */
export function dialBeside(way: Pick<Reach, "dial">, agent: string): Promise<Channel | string> {
  const framer = new ChannelFramer({ messageBytesMax: 1024 * 1024 });
  const messages: ChannelMessage[] = [];
  const waiting = new Set<() => void>();
  let lost = false;
  const notice = () => waiting.forEach((check) => check());
  return new Promise((resolve) => {
    way.dial(agent === "" ? {} : { ssh_connection: agent }, {
      ready: (upstream) => resolve(channelOf(upstream)),
      failed: (code, reason) => resolve(`${code}: ${reason}`),
      received(bytes) {
        framer.push(bytes);
        for (;;) {
          const message = framer.next();
          if (message.kind === "need") break;
          if (message.kind === "malformed") throw new Error("The upstream's messages do not parse");
          messages.push(message);
        }
        notice();
      },
      closed() {
        lost = true;
        notice();
      },
    });
  });

  function channelOf(upstream: Upstream): Channel {
    const channel: Channel = {
      messages,
      upstream,
      write: (...messages) => upstream.write(encodeChannelMessages(messages)),
      output(type = 0) {
        const decoder = new TextDecoder();
        const pieces = messages.flatMap((message) => {
          if (type === 0 && message.kind === "data") return [message.data];
          return type === 1 && message.kind === "extended_data" ? [message.data] : [];
        });
        return pieces.map((piece) => decoder.decode(piece, { stream: true })).join("");
      },
      until: (done) =>
        new Promise((settled, failed) => {
          const check = () => {
            if (!done(channel)) return;
            clearTimeout(timer);
            waiting.delete(check);
            settled();
          };
          const timer = setTimeout(() => {
            const kinds = messages.slice(-8).map(({ kind }) => kind).join(", ");
            failed(new Error(`It does not come; the last were ${kinds}`));
          }, 20_000);
          waiting.add(check);
          check();
        }),
      isLost: () => lost,
      [Symbol.dispose]: () => upstream.hangUp(),
    };
    return channel;
  }
}

/** Dials, and fails with the refusal's words. */
export async function openChannel(
  endpoint: SshEndpoint,
  limits?: Partial<SshConnectionsLimits>,
): Promise<Channel> {
  return dialled(await dialChannel(endpoint, limits));
}

/** Dials for a channel of one agent's connection, and fails with the refusal's words. */
export async function openBeside(way: Pick<Reach, "dial">, agent: string): Promise<Channel> {
  return dialled(await dialBeside(way, agent));
}

function dialled(channel: Channel | string): Channel {
  if (typeof channel === "string") throw new Error(channel);
  return channel;
}

/** The last message: the target has closed the channel. */
export function isClosed({ messages }: Channel): boolean {
  return messages.at(-1)?.kind === "close";
}
