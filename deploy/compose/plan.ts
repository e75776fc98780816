/**
 * Where everything stands in the containers of `compose.yaml`: folders, ports, names.
 *
 * @module
 */
import type { Addresses } from "#deploy/installation.ts";
import type { ProcessKind } from "#deploy/processes.ts";

export type ComposePlan = {
  /** The folder of this repository in the image. */
  readonly root: string;
  /** The installation; every actor sees it, read-only. */
  readonly directory: string;
  /** The bus server's configuration and store. */
  readonly busDirectory: string;
  /** The database server's data, and under `sallyport` its certificate and its password. */
  readonly databaseDirectory: string;
  readonly databaseHost: string;
  readonly databasePort: number;
  readonly natsPort: number;
  readonly natsMonitorPort: number;
  readonly edgePort: number;
  readonly sshPort: number;
  readonly identityPort: number;
  readonly consolePort: number;
  readonly issuerPort: number;
};

export const composePlan: ComposePlan = {
  root: "/app/",
  directory: "/var/lib/sallyport",
  busDirectory: "/var/lib/sallyport-bus",
  databaseDirectory: "/var/lib/postgresql",
  databaseHost: "database",
  databasePort: 5432,
  natsPort: 4222,
  natsMonitorPort: 8222,
  edgePort: 5433,
  sshPort: 2222,
  identityPort: 9401,
  consolePort: 9443,
  issuerPort: 9400,
};

export const edgeName = "postgres-1";
export const sshEdgeName = "ssh-1";

/** The name under which the process of a kind stands in the installation. */
export function processName(kind: ProcessKind): string {
  return kind === "edge" ? edgeName : kind === "edge_ssh" ? sshEdgeName : kind;
}

/** Ports are published on the host's loopback address, so the browser sees these. */
export function issuerUrl(plan: ComposePlan): string {
  return `http://127.0.0.1:${plan.issuerPort}`;
}

export function consoleUrl(plan: ComposePlan): string {
  return `http://127.0.0.1:${plan.consolePort}`;
}

/** What is published listens on all of the container's addresses; the bus on its loopback. */
export function addressesOf(plan: ComposePlan, epoch: string): Addresses {
  const host = "0.0.0.0";
  return {
    natsUrl: `nats://127.0.0.1:${plan.natsPort}`,
    epoch,
    edge: { name: edgeName, host, port: plan.edgePort },
    edgeSsh: { name: sshEdgeName, host, port: plan.sshPort },
    identity: { host, port: plan.identityPort },
    console: { host, port: plan.consolePort },
  };
}

/** What the demo's configuration is filled in with. */
export function configurationOf(plan: ComposePlan) {
  return {
    issuerUrl: issuerUrl(plan),
    consoleUrl: consoleUrl(plan),
    postgresHost: plan.databaseHost,
    postgresPort: plan.databasePort,
    passwordFile: "secrets/ehr.password",
    caFile: "certificates/ca.crt",
  };
}
