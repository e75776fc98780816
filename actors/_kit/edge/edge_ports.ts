/** What every edge's gateway is given. @module */
import { type Admission, admission } from "#actors/_kit/edge/admission.ts";
import type { Host } from "#actors/_kit/host.ts";
import { aliveSubject } from "#schemas/subjects.ts";

export type EdgePorts<Limits> = Host["ports"] & Pick<Host, "config" | "configDigest"> & {
  /** The month of a session that opens now; null when there is none to record it in. */
  readonly epoch: () => string | null;
  /** The edge's name. */
  readonly edge: string;
  readonly limits: Limits;
  readonly admission: Admission;
};

/** The ports of the edge of this name. */
export function edgePorts<Limits extends { readonly exchangeMsMax: number }>(
  { bus, config, configDigest, epochs, ports }: Host,
  edge: string,
  limits: Limits,
): EdgePorts<Limits> {
  const exchanges = admission(bus, limits.exchangeMsMax);
  return { ...ports, config, configDigest, epoch: epochs.open, edge, limits, admission: exchanges };
}

/** Says now and then that the edge lives: target lets go of the sessions of a silent one. */
export function stayAlive({ bus, every }: Host, edge: string, everyMs: number): void {
  const say = () => bus.send(aliveSubject(edge), new Uint8Array(0));
  every(everyMs, say);
  say();
}
