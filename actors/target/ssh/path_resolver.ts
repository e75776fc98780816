/** Asks a host where paths lead, on a channel beside the agents'. @module */
import type { Resolve, Resolved } from "./sftp_links.ts";
import type { Client, SftpClient } from "./ssh2_client.d.ts";

/** SSH_FX_NO_SUCH_FILE. */
const noSuchFile = 2;

/** Creates the question; its channel is opened with the first one. */
export function pathResolver(client: Client): Resolve {
  let files: Promise<SftpClient> | null = null;
  return async (path) => {
    files ??= opened();
    try {
      return await realPath(await files, path);
    } catch {
      return { kind: "failed" };
    }
  };

  function opened(): Promise<SftpClient> {
    return new Promise((resolve, reject) => {
      client.sftp((error, sftp) => {
        if (error !== undefined) {
          // Whoever asks next may find the host with room for it.
          files = null;
          return reject(error);
        }
        sftp.on("error", () => {});
        sftp.on("close", () => files = null);
        resolve(sftp);
      });
    });
  }
}

function realPath(sftp: SftpClient, path: string): Promise<Resolved> {
  return new Promise((resolve) => {
    sftp.realpath(path, (error, real) => {
      if (error === undefined) return resolve({ kind: "path", path: real });
      const isMissing = "code" in error && error.code === noSuchFile;
      resolve({ kind: isMissing ? "missing" : "failed" });
    });
  });
}
