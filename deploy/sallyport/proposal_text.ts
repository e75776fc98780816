/**
 * What `sallyport discover --propose` prints: the part of a `sallyport.yaml` that would list
 * columns as what they look like, and in comments what nobody can tell by a name.
 *
 * @module
 */
import { stringify } from "yaml";
import type { Unlisted } from "./discover.ts";

/** YAML; a column's name cannot end a comment, since no pattern holds a line's end. */
export function proposalText(found: readonly Unlisted[]): string {
  const plain: Record<string, { plain: string[] }> = {};
  const classes: Record<string, { columns: string[] }> = {};
  const unknown: string[] = [];
  let unnamed = 0;
  for (const { connection, pattern, type, looksLike } of found) {
    if (pattern === null) unnamed++;
    else if (looksLike === "unknown") unknown.push(`#   ${connection}  ${pattern}  ${type}`);
    else if (looksLike === "plain") (plain[connection] ??= { plain: [] }).plain.push(pattern);
    else (classes[looksLike] ??= { columns: [] }).columns.push(pattern);
  }
  const parts = {
    ...(Object.keys(plain).length === 0 ? {} : { connections: plain }),
    ...(Object.keys(classes).length === 0 ? {} : { classes }),
  };
  return [
    "# By names and types alone: strike out what is wrong, and put the rest into sallyport.yaml.",
    ...(Object.keys(parts).length === 0 ? [] : [stringify(parts, { lineWidth: 0 }).trimEnd()]),
    ...(unknown.length === 0
      ? []
      : ["# Not recognised: each belongs under a class, or under plain.", ...unknown]),
    ...(unnamed === 0
      ? []
      : [`# ${unnamed} more with a dot or a blank in a name, which only a * fits.`]),
  ].join("\n");
}
