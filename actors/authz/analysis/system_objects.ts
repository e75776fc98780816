/**
 * Definitions among PostgreSQL's own objects, which the analysis knows by their names.
 *
 * @module
 */
import { isSystemSchema } from "#schemas/classification.ts";
import { creationSchema } from "./resolve.ts";
import type { Run } from "./run.ts";
import { bodyOf, type Fields, fields, stringsOf, text } from "./tree.ts";

/**
 * Whether an object is made or changed where PostgreSQL's own are, which are known by their names.
 */
export function reachesSystem(body: Fields, run: Run): boolean {
  const names = ["relation", "view", "typevar", "sequence"].flatMap((key) => {
    const { relname, schemaname } = fields(body[key]);
    return text(relname) === "" ? [] : [[text(schemaname), text(relname)]];
  });
  const list = ["funcname", "defnames", "domainname", "typeName", "opclassname", "opfamilyname"]
    .map((key) => stringsOf(body[key]))
    .concat(["object", "func"].map((key) => {
      const { objname } = bodyOf(body[key], "ObjectWithArgs") ?? {};
      return stringsOf(objname ?? bodyOf(body[key], "List")?.["items"]);
    }));
  for (const name of list) if (name !== null && name.length > 0) names.push([...name]);
  if (isSystemSchema(text(body["newschema"]))) return true;
  return names.some((parts) => isSystemSchema(parts.at(-2) || creationSchema(run)));
}
