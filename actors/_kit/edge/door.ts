/**
 * Where an edge listens: its server socket, until the edge stops.
 *
 * @module
 */
import { createServer, type Socket } from "node:net";

export type Door = {
  /** Lets nobody in any more; who is in stays. */
  shut(): void;
  /** Resolves when all who came in are gone, or when `msMax` is over. */
  empty(msMax: number): Promise<void>;
};

/** How long who was told of the end may take to go. */
const goneMsMax = 500;

/** Stops an edge: nobody comes in, all are told to go, and have a moment to do so. */
export async function leave(door: Door, edge: { stop(): Promise<void> }): Promise<void> {
  door.shut();
  await edge.stop();
  await door.empty(goneMsMax);
}

/** Listens; `accept` is given each socket as it comes. */
export function openDoor(
  { host, port }: { readonly host: string; readonly port: number },
  accept: (socket: Socket) => void,
): Promise<Door> {
  return new Promise((resolve, reject) => {
    const server = createServer(accept);
    const closed = new Promise<void>((gone) => server.once("close", () => gone()));
    const door: Door = {
      shut: () => void server.close(),
      async empty(msMax) {
        let timer: ReturnType<typeof setTimeout> | undefined;
        const late = new Promise<void>((over) => timer = setTimeout(over, msMax));
        await Promise.race([closed, late]);
        clearTimeout(timer);
      },
    };
    server.once("error", reject);
    server.listen(port, host, () => resolve(door));
  });
}
