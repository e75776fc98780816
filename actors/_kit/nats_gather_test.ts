import { deepStrictEqual, equal } from "node:assert/strict";
import { gatherLoop } from "./nats_gather.ts";
import type { NatsMsg } from "./nats_message.ts";
import { busLimits } from "./nats_options.ts";
import { pullLoop } from "./nats_pull.ts";

const encoder = new TextEncoder();
const options = { subject: "next", group: undefined, pinned: false };

/** A link whose server and clock are the test's. */
function fakeLink() {
  let hear: (message: NatsMsg) => void = () => {};
  const timers = new Set<{ readonly afterMs: number; readonly run: () => void }>();
  const asked: string[] = [];
  const link = {
    options: {
      limits: { ...busLimits, gatherMessagesMax: 2 },
      clock: {
        nowMs: () => 0,
        after(afterMs: number, run: () => void) {
          const timer = { afterMs, run };
          timers.add(timer);
          return () => void timers.delete(timer);
        },
      },
    },
    connected: () => true,
    newInbox: () => "inbox",
    write: (subject: string) => asked.push(subject) > 0,
    subscribe(_subject: string, handler: typeof hear) {
      hear = handler;
      return { drain: () => Promise.resolve() };
    },
    onReconnect: () => () => {},
  };
  return {
    link,
    asked,
    timers,
    message: () => hear({ subject: "stored", data: new Uint8Array(0) }),
    status(line: string) {
      const headers = `NATS/1.0 ${line}\r\n\r\n`;
      hear(Object.assign({ subject: "inbox", data: encoder.encode("") }, { headers }));
    },
  };
}

Deno.test("that a batch was full is no loss, however late its next one comes", () => {
  const { link, asked, timers, message, status } = fakeLink();
  let lost = 0;
  gatherLoop(link, { ...options, lateMs: 30, onMessage: () => true, onLost: () => lost++ });
  message();
  message();
  equal(asked.length, 2);
  status("409 Batch Completed");
  // Nothing comes for longer than it waits when there is no more.
  for (const timer of [...timers]) if (timer.afterMs <= 30) timer.run();
  equal(lost, 0);
});

Deno.test("while the consumer is made anew it is not asked, or what it gives would be lost", () => {
  for (const loop of [pullLoop, gatherLoop]) {
    const { link, asked, timers, status } = fakeLink();
    const pull = loop(link, { ...options, lateMs: 30, onMessage: () => true, onLost: () => {} });
    equal(asked.length, 1);
    pull.hold();
    for (const line of ["409 Consumer Deleted", "503", "404 No Messages"]) status(line);
    for (const timer of [...timers]) if (timer.afterMs < 500) timer.run();
    deepStrictEqual(asked, ["next"]);
    pull.restart();
    equal(asked.length, 2);
  }
});
