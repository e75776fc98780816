/**
 * Names and addresses of hosts as policy sees them: one spelling for each.
 *
 * **Invariant:** what is given out leads to where the text leads. A name and the address that it
 * has are two: nobody here can see what a name stands for on the target's side.
 *
 * @module
 */

/** In small letters, without the full stop of the root; an address in its plainest form. */
export function canonicalHost(text: string): string {
  const bare = text.replace(/^\[(.*)\]$/s, "$1");
  // Whatever else there is, a URL would read it in a way of its own.
  if (!/^[\w.:-]+$/.test(bare)) return text;
  const name = bare.includes(":") ? `[${bare}]` : bare;
  if (!URL.canParse(`http://${name}`)) return bare.toLowerCase();
  const host = new URL(`http://${name}/`).hostname.replace(/^\[(.*)\]$/, "$1").replace(/\.$/, "");
  const mapped = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(host);
  if (mapped === null) return anyAddress.get(host) ?? host;
  const [high, low] = mapped.slice(1).map((part) => parseInt(part, 16));
  const parts = [high ?? 0, low ?? 0].flatMap((part) => [part >> 8, part & 0xff]);
  return canonicalHost(parts.join("."));
}

/** Connecting to "any address" reaches the host itself. */
const anyAddress: ReadonlyMap<string, string> = new Map([["0.0.0.0", "127.0.0.1"], ["::", "::1"]]);
