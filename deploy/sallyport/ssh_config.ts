/** OpenSSH's client configuration, as `sallyport connect` writes it. @module */

export type HostBlock = {
  readonly connection: string;
  readonly names: readonly string[];
  /** The gateway. */
  readonly host: string;
  readonly port: number;
  /** Where key and known hosts stand. */
  readonly folder: string;
};

/** Stands in the user's `config`; a relative name would be sought in `~/.ssh` (ssh_config(5)). */
function includeLine(folder: string): string {
  return `Include "${folder}/config"`;
}

/** The entry of one connection, between lines by which it is found again. */
export function hostBlock({ connection, names, host, port, folder }: HostBlock): string {
  return [
    `# sallyport connect: ${connection}`,
    `Host ${names.join(" ")}`,
    `  HostName ${host}`,
    `  Port ${port}`,
    `  User ${connection}`,
    `  IdentityFile "${folder}/${connection}"`,
    "  IdentitiesOnly yes",
    `  UserKnownHostsFile "${folder}/${connection}.known_hosts"`,
    "  StrictHostKeyChecking yes",
    "  ForwardAgent no",
    "  ForwardX11 no",
    `# end of ${connection}`,
    "",
  ].join("\n");
}

/** The text without a connection's entry. */
export function withoutBlock(text: string, connection: string): string {
  const lines = text.split("\n");
  const start = lines.indexOf(`# sallyport connect: ${connection}`);
  const end = lines.indexOf(`# end of ${connection}`, start);
  if (start < 0 || end < 0) return text;
  return lines.toSpliced(start, end - start + 1).join("\n");
}

/** The user's configuration with the line first: OpenSSH takes the first value that it finds. */
export function withInclude(text: string, folder: string): string {
  const line = includeLine(folder);
  return text.split("\n").includes(line) ? text : `${line}\n${text}`;
}
