/**
 * Signed notes (c2sp.org/signed-note): a text, a blank line, and one line for each signature,
 * `— <key name> <base64 of key id and signature>`.
 *
 * **Invariant:** the text of a note is given out only when a known key's signature over it verified
 * and no known key's signature failed.
 *
 * @module
 */
import { joinBytes } from "#schemas/join_bytes.ts";
import { decodeBase64 } from "./bytes.ts";
import { isKeyName, type Signer, type Verifier } from "./key.ts";

/** What a reader of notes accepts at most; the specification asks for at least 16 signatures. */
export type NoteLimits = { readonly bytesMax: number; readonly signaturesMax: number };
const noteLimits: NoteLimits = { bytesMax: 128 * 1024, signaturesMax: 32 };

export type NoteSignature = { readonly name: string; readonly keyId: string };
export type NoteFault =
  | "malformed"
  | "too_large"
  | "too_many_signatures"
  | "bad_signature"
  | "no_known_signature";
export type OpenedNote =
  | {
    readonly ok: true;
    /** With its final newline. */
    readonly text: string;
    readonly signatures: readonly NoteSignature[];
    /** Signatures of keys that are not known, and so say nothing. */
    readonly unknown: readonly NoteSignature[];
  }
  | { readonly ok: false; readonly fault: NoteFault };

const encoder = new TextEncoder();
// A byte order mark is part of the signed bytes, so it must not be dropped.
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const marker = "— ";

/** Signs a text. @throws RangeError when the text cannot be a note's text. */
export function signNote(text: string, signers: readonly Signer[]): Uint8Array {
  if (!text.endsWith("\n") || !isNoteText(text) || !text.isWellFormed()) {
    throw new RangeError("Cannot sign note: text has no final newline or has control characters");
  }
  if (signers.length === 0) throw new RangeError("Cannot sign note: no signer");
  const message = encoder.encode(text);
  const lines = signers.map((signer) => {
    const id = Uint8Array.fromHex(signer.keyId);
    return `${marker}${signer.name} ${joinBytes([id, signer.sign(message)]).toBase64()}\n`;
  });
  return encoder.encode(`${text}\n${lines.join("")}`);
}

/** Opens a note against the known keys. Of two keys of one name and id, the first counts. */
export function openNote(
  note: Uint8Array,
  known: readonly Verifier[],
  limits: NoteLimits = noteLimits,
): OpenedNote {
  if (note.length > limits.bytesMax) return { ok: false, fault: "too_large" };
  const parsed = splitNote(note);
  if (parsed === null) return { ok: false, fault: "malformed" };
  if (parsed.lines.length > limits.signaturesMax) {
    return { ok: false, fault: "too_many_signatures" };
  }
  const message = encoder.encode(parsed.text);
  const signatures: NoteSignature[] = [];
  const unknown: NoteSignature[] = [];
  for (const line of parsed.lines) {
    const parsedLine = parseLine(line);
    if (parsedLine === null) return { ok: false, fault: "malformed" };
    const { name, keyId, signature } = parsedLine;
    const key = known.find((verifier) => verifier.name === name && verifier.keyId === keyId);
    if (key === undefined) unknown.push({ name, keyId });
    else if (!key.verify(message, signature)) return { ok: false, fault: "bad_signature" };
    else signatures.push({ name, keyId });
  }
  if (signatures.length === 0) return { ok: false, fault: "no_known_signature" };
  return { ok: true, text: parsed.text, signatures, unknown };
}

/** Splits at the last empty line: the text itself may have empty lines. */
function splitNote(note: Uint8Array): { text: string; lines: string[] } | null {
  let all: string;
  try {
    all = decoder.decode(note);
  } catch {
    return null;
  }
  if (!isNoteText(all) || !all.endsWith("\n")) return null;
  const at = all.lastIndexOf("\n\n");
  if (at < 0) return null;
  const lines = all.slice(at + 2, -1).split("\n");
  return all.length > at + 2 ? { text: all.slice(0, at + 1), lines } : null;
}

function parseLine(
  line: string,
): { name: string; keyId: string; signature: Uint8Array } | null {
  if (!line.startsWith(marker)) return null;
  const [name, encoded, ...rest] = line.slice(marker.length).split(" ");
  if (name === undefined || encoded === undefined || rest.length > 0) return null;
  const bytes = decodeBase64(encoded);
  if (!isKeyName(name) || bytes === null || bytes.length < 5) return null;
  return { name, keyId: bytes.subarray(0, 4).toHex(), signature: bytes.subarray(4) };
}

function isNoteText(text: string): boolean {
  // deno-lint-ignore no-control-regex -- control characters are what is refused
  return !/[\u0000-\u0009\u000b-\u001f]/.test(text);
}
