/** Answers of an sftp server: content at its length, whatever the packets. @module */
import { deepStrictEqual, equal, ok } from "node:assert/strict";
import { Buffer } from "node:buffer";
import fc from "fast-check";
import type { StreamPlan } from "#schemas/mask_plan.ts";
import { encodeSftpClient, type SftpClientPacket } from "#schemas/wire/sftp/client.ts";
import { SftpFramer } from "#schemas/wire/sftp/frame.ts";
import {
  decodeSftpServer,
  encodeSftpServer,
  type SftpServerPacket,
} from "#schemas/wire/sftp/server.ts";
import { encodeChannelMessages } from "#schemas/wire/ssh/channel.ts";
import { detectors } from "../testing.ts";
import type { ContentMasker } from "./content.ts";
import { sftpContent } from "./sftp.ts";
import { SftpReads } from "./sftp_reads.ts";

type Sftp = {
  readonly content: ContentMasker;
  readonly counts: Map<string, number>;
  asks(...packets: SftpClientPacket[]): void;
  /** What leaves, a line a packet. */
  answers(...packets: SftpServerPacket[]): string[];
  read(bytes: Uint8Array | null): string[];
};

function sftp(files: StreamPlan["files"] = "mask"): Sftp {
  const reads = new SftpReads();
  const counts = new Map<string, number>();
  const content = sftpContent(detectors, files, reads, counts);
  const framer = new SftpFramer({ packetBytesMax: 1 << 20 });
  const read = (bytes: Uint8Array | null) => {
    const lines: string[] = [];
    if (bytes === null) return ["broken"];
    framer.push(bytes);
    for (let packet = framer.next(); packet.kind === "packet"; packet = framer.next()) {
      const answer = decodeSftpServer(packet.bytes);
      if (answer.kind === "data") lines.push(`${answer.id}: ${Buffer.from(answer.data)}`);
      else if (answer.kind === "status") lines.push(`${answer.id}: status ${answer.code}`);
      else if (answer.kind === "name") {
        lines.push(...answer.names.map(({ longName }) => `${answer.id}: ${Buffer.from(longName)}`));
      } else lines.push(answer.kind);
    }
    return lines;
  };
  return {
    content,
    counts,
    read,
    asks(...packets) {
      const data = Buffer.concat(packets.map(encodeSftpClient));
      reads.take({ payload: encodeChannelMessages([{ kind: "data", data }]), more: false });
    },
    answers: (...packets) => read(content.push(Buffer.concat(packets.map(encodeSftpServer)))),
  };
}

const handle = Buffer.from("h1");
function readAt(id: number, offset: number, of = handle): SftpClientPacket {
  return { kind: "read", id, handle: of, offset: BigInt(offset), length: 32_768 };
}
function content(id: number, text: string): SftpServerPacket {
  return { kind: "data", id, data: Buffer.from(text) };
}
function status(id: number, code: number): SftpServerPacket {
  return { kind: "status", id, code, message: new Uint8Array(0) };
}

Deno.test("a file's content is masked at its length, across packets", () => {
  const one = sftp();
  one.asks(readAt(1, 0), readAt(2, 9), readAt(3, 20));
  deepStrictEqual(one.answers(content(1, "ssn 536-2")), []);
  deepStrictEqual(one.answers(content(2, "2-1234 and ")), ["1: ssn [ssn]", "2: ****** and "]);
  deepStrictEqual(one.answers(status(3, 1)), ["3: status 1"]);
  deepStrictEqual([...one.counts], [["ssn", 1]]);
});

Deno.test("a file leaves the same, in packets of any sizes", () => {
  const text = "Jane 536-22-1234, 415-555-2671 x45\r\nmail jane.roe@example.org MRN: 1234567\n";
  const whole = (sizes: readonly number[]) => {
    const one = sftp();
    const out: string[] = [];
    let at = 0;
    for (let id = 0; at < text.length; id++) {
      const piece = text.slice(at, at + (sizes[id % sizes.length] ?? 1));
      one.asks(readAt(id, at));
      out.push(...one.answers(content(id, piece)));
      at += piece.length;
    }
    one.asks(readAt(9999, at));
    out.push(...one.answers(status(9999, 1)));
    return out.filter((line) => !line.includes("status")).map((line) => line.replace(/^\d+: /, ""))
      .join("");
  };
  const expected = whole([text.length]);
  equal(expected.length, text.length);
  equal(
    expected,
    "Jane [ssn]******, [phone]*********\r\nmail [email]************* MRN: [mrn]**\n",
  );
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1 }), (sizes) => {
      equal(whole(sizes), expected);
    }),
    { seed: 20_261_121, numRuns: 200 },
  );
});

Deno.test("files that are read at the same time are apart", () => {
  const one = sftp();
  const other = Buffer.from("h2");
  one.asks(readAt(1, 0), readAt(2, 0, other), readAt(3, 7));
  deepStrictEqual(one.answers(content(1, "536-22-"), content(2, "nothing. ")), []);
  deepStrictEqual(one.answers(content(3, "1234 x. ")), [
    "1: [ssn]**",
    "2: nothing. ",
    "3: **** x. ",
  ]);
});

Deno.test("what is read from the middle of a file does not begin with a number", () => {
  const one = sftp();
  one.asks(readAt(1, 100), readAt(2, 500));
  deepStrictEqual(one.answers(content(1, "-1234 beds; ")), ["1: ***** beds; "]);
  deepStrictEqual(one.answers(content(2, "beds; ")), ["2: beds; "]);
});

Deno.test("what is read from within a label, or an address, begins with no value", () => {
  const values = [
    ["MRN: 0012345 x", /[1-5]/],
    ["MRN-0012345 x", /[1-5]/],
    ["Medical record number is AB12345 x", /[1-5]/],
    ["SSN 536221234 x", /[1-6]/],
    ["social security no 078-05-1120 x", /[1-8]/],
    ["mail jane.roe@example.org x", /@|example|org/],
  ] as const;
  for (const [text, value] of values) {
    for (let from = 1; from < text.length; from++) {
      const one = sftp();
      one.asks(readAt(1, 500 + from));
      const [left = ""] = one.answers(content(1, `${text.slice(from)}; and words. `));
      ok(left.endsWith("; and words. "), `${from}: ${left}`);
      const shown = left.slice(3).replace("[email]", "");
      // The top-level domain alone is nobody's address.
      ok(!value.test(shown) || /^[.org]* x/.test(shown), `${text} from ${from}: ${left}`);
    }
  }
  const one = sftp();
  one.asks(readAt(1, 500), readAt(2, 900));
  deepStrictEqual(one.answers(content(1, "beds 12345; ")), ["1: beds 12345; "]);
  deepStrictEqual(one.answers(content(2, "or its 12345; ")), ["2: or its 12345; "]);
});

Deno.test("what is read from within a value stays masked in small pieces, too", () => {
  for (const text of ["tel 415-555-2671 x; ", "ssn: 536221234 x; ", "mrn no 0012345 x; "]) {
    for (let from = 1; from < text.length; from++) {
      for (const size of [1, 2, 3, 5]) {
        const one = sftp();
        const left: string[] = [];
        for (let at = from; at < text.length; at += size) {
          one.asks(readAt(at, 500 + at));
          left.push(...one.answers(content(at, text.slice(at, at + size))));
          for (let i = 0; i < 20; i++) left.push(...one.read(one.content.timePassed()));
        }
        const shown = left.map((line) => line.replace(/^\d+: /, "")).join("");
        equal(shown.length, text.length - from);
        // A number that is told by its shape alone shows four digits before it is one.
        const digits = text.startsWith("tel") && from <= 4 ? 4 : 0;
        ok((shown.match(/\d/g) ?? []).length <= digits, `${text}${from}/${size}: ${shown}`);
      }
    }
  }
});

Deno.test("a number behind its label does not leave digit by digit", () => {
  const one = sftp();
  const text = "MRN: 12345";
  const left: string[] = [];
  for (let at = 0; at < text.length; at++) {
    one.asks(readAt(at, at));
    left.push(...one.answers(content(at, text.charAt(at))));
    for (let i = 0; i < 20; i++) left.push(...one.read(one.content.timePassed()));
  }
  equal(left.map((line) => line.slice(-1)).join(""), "MRN: *****");
});

Deno.test("pieces that do not follow each other in the file are not read as one", () => {
  const one = sftp();
  one.asks(readAt(1, 0), readAt(2, 500), readAt(3, 700));
  deepStrictEqual(one.answers(content(1, "name abc"), content(2, "536-22-1234 is; ")), [
    "1: name abc",
    "2: *********** is; ",
  ]);
  deepStrictEqual(one.answers(content(3, "536-22-1234 is; ")), ["3: *********** is; "]);
});

Deno.test("an answer waits until it is known what was asked, and not for ever", () => {
  const one = sftp();
  deepStrictEqual(one.answers(content(1, "hello. ")), []);
  ok(one.content.wantsRequests);
  one.asks(readAt(1, 0));
  deepStrictEqual(one.read(one.content.requests()), ["1: hello. "]);
  deepStrictEqual(one.answers(content(7, "hello. ")), []);
  one.content.requests();
  one.content.requests();
  ok(one.content.isBroken, "nobody asked for it");
});

Deno.test("the end of a piece that nothing follows: words leave, a number becomes stars", () => {
  const one = sftp();
  one.asks(readAt(1, 0), readAt(2, 11));
  deepStrictEqual(one.answers(content(1, "hello world")), []);
  deepStrictEqual(one.read(one.content.timePassed()), []);
  deepStrictEqual(one.read(one.content.timePassed()), ["1: hello world"]);
  deepStrictEqual(one.answers(content(2, " 536-22-12")), []);
  const left: string[] = [];
  for (let i = 0; i < 20; i++) left.push(...one.read(one.content.timePassed()));
  deepStrictEqual(left, ["2:  *********"]);
});

Deno.test("by policy a file that holds a find is refused from there on, or left as it is", () => {
  const refused = sftp("refuse");
  refused.asks(readAt(1, 0), readAt(2, 6), readAt(3, 18));
  deepStrictEqual(refused.answers(content(1, "first. ")), ["1: first. "]);
  const allowed = sftp("allow");
  allowed.asks(readAt(1, 0));
  deepStrictEqual(allowed.answers(content(1, "536-22-1234")), ["1: 536-22-1234"]);
  const found = sftp("refuse");
  found.asks(readAt(1, 0), readAt(2, 16));
  deepStrictEqual(found.answers(content(1, "is 536-22-1234; x; ")), ["1: status 3"]);
  deepStrictEqual(found.answers(content(2, "more. ")), ["2: status 3"]);
});

Deno.test("a file that is no text keeps its addresses' bytes, and no numbers", () => {
  const one = sftp();
  one.asks(readAt(1, 0));
  deepStrictEqual(one.answers(content(1, "\0\x01a@b.org 536-22-1234\0:")), [
    "1: \0\x01a@b.org [ssn]******\0:",
  ]);
  one.asks(readAt(2, 0));
  deepStrictEqual(one.answers(content(2, "\0Who: Jane Roe, mail jane.roe@example.org;")), [
    "2: \0Who: Jane Roe, mail [email]*************;",
  ]);
});

Deno.test("names of files are texts, and what is no packet breaks the channel", () => {
  const one = sftp();
  one.asks({ kind: "readdir", id: 4, handle });
  const name = Buffer.from("mrn_1234567.txt");
  const attributes = {};
  deepStrictEqual(
    one.answers({ kind: "name", id: 4, names: [{ name, longName: name, attributes }] }),
    ["4: mrn_[mrn].txt"],
  );
  equal(one.content.push(Uint8Array.of(0, 0, 0, 1, 9)), null);
});
