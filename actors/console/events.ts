/**
 * Tells browsers that something changed, by server-sent events (HTML Living Standard section 9.2).
 * An event says no more than that; what changed is read by a request of its own, with its rights.
 *
 * @module
 */
import type { Clock } from "#actors/_kit/clock.ts";
import { ConsoleError, type Viewer } from "./ports.ts";

export type EventLimits = {
  readonly eventClientsMax: number;
  readonly eventClientsPerPersonMax: number;
  readonly eventMsMin: number;
  readonly eventHeartbeatMs: number;
};
export type Events = {
  /** A stream of events for one browser. @throws ConsoleError `busy` */
  open(viewer: Viewer): Response;
  /** Something that a page shows changed. */
  changed(): void;
  clients(): number;
  close(): void;
};

type Client = {
  readonly viewer: Viewer;
  readonly controller: ReadableStreamDefaultController<Uint8Array>;
  forget: () => void;
};

const encoder = new TextEncoder();

/** `holds` says whether somebody is still signed in. */
export function eventHub(
  clock: Clock,
  limits: EventLimits,
  holds: (viewer: Viewer) => boolean,
): Events {
  const clients = new Set<Client>();
  let forgetFlush: (() => void) | null = null;
  return { open, changed, clients: () => clients.size, close };

  function open(viewer: Viewer): Response {
    const { person } = viewer.principal;
    const own = [...clients].filter((client) => client.viewer.principal.person === person);
    const isFull = clients.size >= limits.eventClientsMax ||
      own.length >= limits.eventClientsPerPersonMax;
    if (isFull) throw new ConsoleError(503, "busy", "Too many pages are open at once.");
    let opened: Client | undefined;
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        const client: Client = { viewer, controller, forget: () => undefined };
        opened = client;
        clients.add(client);
        send(client, "retry: 3000\n\n");
        beat(client);
      },
      cancel() {
        if (opened !== undefined) drop(opened);
      },
    });
    return new Response(body, { headers: { "content-type": "text/event-stream" } });
  }

  function beat(client: Client): void {
    client.forget = clock.after(limits.eventHeartbeatMs, () => {
      if (!holds(client.viewer)) return end(client);
      send(client, ": \n\n");
      beat(client);
    });
  }

  function changed(): void {
    if (forgetFlush !== null || clients.size === 0) return;
    forgetFlush = clock.after(limits.eventMsMin, () => {
      forgetFlush = null;
      for (const client of clients) {
        if (holds(client.viewer)) send(client, "event: change\ndata: {}\n\n");
        else end(client);
      }
    });
  }

  function send(client: Client, text: string): void {
    // A browser that does not read has a change to come already.
    const { desiredSize } = client.controller;
    if (desiredSize !== null && desiredSize <= -16) return;
    client.controller.enqueue(encoder.encode(text));
  }

  function end(client: Client): void {
    send(client, "event: end\ndata: {}\n\n");
    drop(client);
    client.controller.close();
  }

  function drop(client: Client): void {
    client.forget();
    clients.delete(client);
  }

  function close(): void {
    forgetFlush?.();
    forgetFlush = null;
    for (const client of [...clients]) end(client);
  }
}
