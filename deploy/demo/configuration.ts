/**
 * The demo's configuration and policy, with the addresses that a run got filled in.
 *
 * @module
 */
import { parseDocument } from "yaml";

export type DemoAddresses = {
  readonly issuerUrl: string;
  readonly consoleUrl: string;
  /** Absent: what the file says, the loopback address. */
  readonly postgresHost?: string;
  readonly postgresPort: number;
  /** Paths as the configuration file's reader resolves them. */
  readonly passwordFile: string;
  readonly caFile: string;
  /** Absent: the file's own, where no host answers that has its key. */
  readonly lab?: { readonly port: number; readonly hostKey: string; readonly home: string };
};

/** The text of `sallyport.yaml`, comments kept, for one run. */
export async function demoConfiguration(addresses: DemoAddresses): Promise<string> {
  const document = parseDocument(await readDemoFile("sallyport.yaml"));
  document.setIn(["issuer", "url"], addresses.issuerUrl);
  document.setIn(["console", "url"], addresses.consoleUrl);
  const { postgresHost } = addresses;
  if (postgresHost !== undefined) document.setIn(["connections", "ehr", "host"], postgresHost);
  document.setIn(["connections", "ehr", "port"], addresses.postgresPort);
  document.setIn(["connections", "ehr", "password_file"], addresses.passwordFile);
  document.setIn(["connections", "ehr", "tls", "ca_file"], addresses.caFile);
  const { lab } = addresses;
  if (lab !== undefined) {
    document.setIn(["connections", "lab", "port"], lab.port);
    document.setIn(["connections", "lab", "host_keys"], [lab.hostKey]);
    document.setIn(["connections", "lab", "home"], lab.home);
  }
  return document.toString({ lineWidth: 100 });
}

/** The text of `policy.cedar`. */
export function demoPolicy(): Promise<string> {
  return readDemoFile("policy.cedar");
}

function readDemoFile(name: string): Promise<string> {
  return Deno.readTextFile(new URL(name, import.meta.url));
}
