/**
 * Where the parser is known to read another thing than a shell does.
 *
 * **Invariant:** code that a shell would run is in the tree, or its node is misread.
 *
 * @module
 */
import { forEachChild, type SyntaxNode } from "unbash";

/**
 * Characters that mean other things to other shells, or that show people who approve another line
 * than the one that runs: controls, marks of direction, characters without width.
 */
export const hidden =
  // deno-lint-ignore no-control-regex -- these characters are what is looked for
  /[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/;

/**
 * A line that goes on in the middle of a word may join `$` with what stands behind it, or two signs
 * to one; the parser does not join them.
 */
export const joins = /\S\\\n\S/;

/**
 * To a shell that knows no more than POSIX (dash, which is `sh` on Debian) it is something else:
 * there `[[ x || tee<file ]]` runs `tee`, and `$'\' ; id ; '` runs `id`.
 */
export function isBashOnly(node: SyntaxNode): boolean {
  switch (node.type) {
    case "TestCommand":
    case "ArithmeticCommand":
    case "AnsiCQuoted":
    case "LocaleString":
      return true;
    case "ArithmeticExpansion":
      return node.text.startsWith("$[");
    case "Redirect":
      // `&` ends the command there, and what follows is the next.
      return node.operator.startsWith("&");
    default:
      return false;
  }
}

/** The node may hold code that the tree does not. */
export function isMisread(node: SyntaxNode): boolean {
  switch (node.type) {
    case "CommandExpansion":
      return node.script === undefined || !/^(?:\$\(.*\)|`.*`|\$\{.*\})$/s.test(node.text);
    case "ProcessSubstitution":
      return node.script === undefined || !node.text.endsWith(")");
    case "ParameterExpansion":
      // Of `${x/$(a/b)/}` it takes the first slash for the end of the pattern.
      return !node.text.endsWith("}") ||
        node.operation?.type === "Replace" && /[`'"\\]|[$<>]\(|\$[[{]/.test(node.text.slice(2));
    case "ArrayValue":
      // Without its option Bash gives such an array up there, and runs its next line.
      return hasExtendedGlob(node);
    case "HereDoc":
      // Of what would be replaced elsewhere, shells differ on where the word ends.
      // One that ends at no line of its own leaves the rest of a line, which runs.
      return node.closing === undefined || /[`$\n]/.test(node.delimiter?.text ?? "");
    case "HereDocBody":
      // Quotes are text there, in `${x:-'$(a)'}` too.
      return node.parts?.some(({ type, text }) => {
        return type === "ParameterExpansion" && text.includes("'");
      }) ?? false;
    default:
      return false;
  }
}

function hasExtendedGlob(node: SyntaxNode): boolean {
  let has = false;
  forEachChild(node, (child) => {
    if (child.type === "CommandExpansion" || child.type === "ProcessSubstitution") return;
    has ||= child.type === "ExtendedGlob" || hasExtendedGlob(child);
  });
  return has;
}
