/** @module */
import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { openOf, person, sshJudge } from "#actors/authz/ssh/testing.ts";
import { type ChannelName, channelRequests, judgeInOrder } from "./explain_request.ts";

const judge = sshJudge();

/** The decision, and what was found of the last request. */
function explained(channel: ChannelName, text: string): string[] {
  const requests = channelRequests(channel, text);
  if (requests === null) return ["not of its kind"];
  const session = judge.admitted(openOf("lab", person, "ssh"), person);
  const { decision, statements } = judgeInOrder(session, requests);
  return [decision, ...statements.map(({ command, access }) => `${command} ${access?.path ?? ""}`)];
}

Deno.test("explain judges what each kind of channel would ask", () => {
  const cases: [ChannelName, string, string[]][] = [
    ["exec", "cat reports/a", ["allow", "cat ", "cat ~/reports/a"]],
    ["shell", "labtool x", ["allow", "labtool "]],
    ["shell", "sudo reboot", ["deny", "reboot ", "sudo "]],
    ["sftp", "get reports/a b", ["allow", "sftp ~/reports/a b"]],
    ["sftp", "put /etc/x", ["deny", "sftp /etc/x"]],
    ["sftp", "rm reports/a", ["hold", "sftp ~/reports/a"]],
    ["forward", "db.example:5432", ["allow", "forward "]],
    ["forward", "[::1]:5432", ["deny", "forward "]],
  ];
  for (const [channel, text, expected] of cases) {
    deepStrictEqual(explained(channel, text), expected, `${channel} ${text}`);
  }
});

Deno.test("explain says when a text is not of its channel's kind", () => {
  for (const text of ["get", "chop a", "rename a", "rename a b c", "x"]) {
    strictEqual(channelRequests("sftp", text), null, text);
  }
  for (const text of ["db", "db:99999", "a:b:1"]) {
    strictEqual(channelRequests("forward", text), null, text);
  }
});
