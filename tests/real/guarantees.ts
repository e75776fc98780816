/**
 * The guarantees, held against a running system as `sallyport verify` holds them, and the search
 * for planted values in everything that agents received and everything that lies on disk.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { identityKeys } from "#actors/_kit/identity_keys.ts";
import { type Verification, verifyLog } from "#actors/audit/verify/verify.ts";
import type { Frame } from "#actors/_kit/frame.ts";
import { identityIssuer } from "#schemas/identity.ts";
import { epochLog, epochVerifier } from "#schemas/log/epoch.ts";
import {
  auditFilter,
  auditStream,
  checkpointStream,
  checkpointSubject,
} from "#schemas/subjects.ts";
import { type BusUser, payloadsOf } from "./bus_user.ts";
import { findPlanted, plantedForNobody } from "./planted.ts";
import { eventually, type Rig } from "./support.ts";

/** Verifies G1, G2, G5, G6 over all that is stored; G3 by search. @throws Error at a finding. */
export async function checkGuarantees(rig: Rig): Promise<void> {
  await using auditor = await rig.auditor();
  await eventually("every frame is signed and verifies", async () => {
    const { last } = await auditor.bus.state(auditStream(rig.system.epoch));
    const result = await verify(rig, auditor, last);
    // Before the first checkpoint nothing is signed, and nothing can be held against it.
    if (!result.ok && result.checkpoints > 0) {
      const { guarantee, sequence, session, message } = result.first;
      throw new Error(
        `${guarantee} at frame ${sequence} of ${session}: ${message} (${result.found} findings)`,
      );
    }
    return result.signed >= result.frames ? result : undefined;
  });
  searchResponses(await auditor.frames());
  await searchDisk(rig);
}

/** What `sallyport verify` finds, identity's signatures held against its keys. */
export async function verify(rig: Rig, auditor: BusUser, last: number): Promise<Verification> {
  const { epoch, installation } = rig.system;
  const { bus } = auditor;
  const frames = bus.read(auditStream(epoch), {
    filters: [auditFilter(epoch, "*", "*")],
    from: 1,
    through: last,
  });
  const { last: newest } = await bus.state(checkpointStream);
  const checkpoints = bus.read(checkpointStream, {
    filters: [checkpointSubject(epochLog("audit", epoch))],
    from: 1,
    through: newest,
  });
  const verifier = epochVerifier(installation.logVerifier, epoch);
  if (verifier === null) throw new Error("The log's key does not parse");
  const keys = await Deno.readTextFile(`${rig.system.directory}/public/identity.jwks`);
  const { organisation } = rig.system.config;
  const identity = { keys: identityKeys(JSON.parse(keys)), issuer: identityIssuer(organisation) };
  return await verifyLog(frames, checkpoints, verifier.vkey, { identity });
}

/** A stored response is, byte for byte, what an agent may have received. */
function searchResponses(frames: readonly Frame[]): void {
  const treating = new Set(
    payloadsOf(frames, "open")
      .filter(({ payload }) => payload.principal.groups.includes("treatment-team"))
      .map(({ frame }) => frame.key.session),
  );
  for (const frame of frames) {
    if (frame.kind === "request") continue;
    const reader = treating.has(frame.key.session) ? "treatment" : "agent";
    const found = findPlanted(frame.payload, reader);
    if (found !== null) throw new Error(`${found} in the ${frame.kind} frame ${frame.sequence}`);
  }
}

/** G3 and the logs: unmasked values are in no file but those of the systems that are protected. */
async function searchDisk(rig: Rig): Promise<void> {
  const { directory } = rig.system;
  for await (const path of files(directory)) {
    if (["postgres", "lab"].some((own) => path.startsWith(`${directory}/${own}/`))) continue;
    // What is being rewritten at this moment has a successor that is searched the next time.
    const bytes = await Deno.readFile(path).catch(() => new Uint8Array(0));
    const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const at = plantedForNobody.findIndex((value) => buffer.includes(value));
    if (at >= 0) throw new Error(`planted value ${at} in ${path.slice(directory.length)}`);
  }
}

async function* files(folder: string): AsyncGenerator<string> {
  for await (const entry of Deno.readDir(folder)) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory) yield* files(path);
    else if (entry.isFile) yield path;
  }
}
