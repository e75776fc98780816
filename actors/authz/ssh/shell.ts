/**
 * Walks a command line's syntax tree and names what it does.
 *
 * Theory of operation. The tree is Bash's, read by `unbash`; the target's shell is taken to be Bash
 * or another that reads plain commands the same way (dash, ksh). Everything in the tree is visited,
 * whether it would run or not: both branches of an `if`, a function's body, the script of every
 * substitution. So what is found is all that may happen, and often more.
 *
 * What a word becomes is known only where no shell can make anything else of it (words.ts). A
 * variable is known when the command line sets it once, unconditionally, before it is used, or when
 * it is a loop's. Arithmetic that looks into variables runs code (`a[$(x)]`), hence is opaque.
 *
 * **Invariant:** a syntax error, an unknown kind of node, or a node that may run what is not seen
 * gives the effect `interpret`.
 *
 * @module
 */
import { forEachChild, parse, type SyntaxNode } from "unbash";
import type { StatementAnalysis } from "#schemas/analysis.ts";
import { hidden, joins } from "./misread.ts";
import { commandName, isListed, runProgram } from "./programs.ts";
import { isSilencing, redirectTo } from "./redirection.ts";
import { isHarmlessExport, isHarmlessVariable, Scope } from "./scope.ts";
import { type Names, namesWritten } from "./programs/names.ts";
import { Call, Draft, shellLimits, statementOf, type Surroundings } from "./draft.ts";
import { certain, plain, unknown, type Value, valuesOf, type Variables } from "./words.ts";

type Node<T extends SyntaxNode["type"]> = Extract<SyntaxNode, { type: T }>;
type Script = Node<"Script">;

/** What a command line does; null when it is beyond the limits. */
export function analyseCommandLine(
  text: string,
  surroundings: Surroundings,
): readonly StatementAnalysis[] | null {
  const draft = newDraft(surroundings);
  walkText(draft, text);
  for (const [later, from] of draft.traps) if (!draft.isWhere(from)) walkText(draft, later);
  if (draft.overrun) return null;
  return draft.statements.length > 0 ? draft.statements : [statementOf("", ["session"], [])];
}

export function newDraft(surroundings: Surroundings): Draft {
  return new Draft(surroundings, { words: walkWords, script: walkText });
}

/** Walks a text into a draft. */
export function walkText(draft: Draft, text: string): void {
  if (text.length > shellLimits.charsMax || draft.depth >= shellLimits.depthMax) {
    return draft.overrunNow();
  }
  draft.depth += 1;
  const script = parse(text);
  if (hidden.test(text)) draft.opaque("control_characters");
  if (joins.test(text)) draft.opaque("unparsed");
  const scope = new Scope(script, shellLimits);
  if (scope.overrun) return draft.overrunNow();
  if (script.errors !== undefined && script.errors.length > 0) draft.opaque("unparsed");
  for (const statement of script.commands) {
    walk(statement, { draft, scope });
    scope.passed(statement);
  }
  draft.depth -= 1;
}

function walkWords(draft: Draft, words: readonly Value[]): void {
  if (draft.depth >= shellLimits.depthMax) return draft.overrunNow();
  draft.depth += 1;
  callWords(words, { draft, scope: null });
  draft.depth -= 1;
}

/** A loop over more words is walked once, its variable unknown. */
const loopsMax = 32;

type At = { readonly draft: Draft; readonly scope: Scope | null };

function walkScript(script: Script, at: At): void {
  if (script.errors !== undefined && script.errors.length > 0) at.draft.opaque("unparsed");
  for (const statement of script.commands) walk(statement, at);
}

function walk(node: SyntaxNode, at: At): void {
  if (!at.draft.visit()) return;
  at.draft.doubt(node);
  switch (node.type) {
    case "Script":
      return walkScript(node, at);
    case "Command":
      walkCommand(node, at);
      return;
    case "Redirected":
      walk(node.command, at);
      return redirect(new Call(at.draft, "", [], false), node.redirects, at);
    case "AndOr":
      return walkList(node, at);
    case "For":
      return walkFor(node, at);
    case "Select":
    case "Coproc":
      if (!isHarmlessVariable(node.name?.value ?? "COPROC")) at.draft.opaque("environment");
      return node.type === "Coproc" ? children(node, at) : repeated(at, () => children(node, at));
    case "While":
    case "ArithmeticFor":
      return repeated(at, () => children(node, at));
    case "Function":
      // It would run in the place of a program that is known.
      if (isListed(node.name.value)) at.draft.opaque("function");
      repeated(at, () => children(node, at));
      at.draft.functions.set(node.name.value, at.draft.directories);
      return;
    case "Assignment":
      return assign(node, at, "local");
    case "ParameterExpansion":
      return expand(node, at);
    case "ArithmeticWord":
      // A variable's value is read as an expression, whose subscripts may run commands.
      if (!/^\d+$/.test(node.value)) at.draft.opaque("arithmetic");
      return children(node, at);
    case "ArithmeticExpansion":
    case "ArithmeticCommand":
      if (node.expression === undefined) at.draft.opaque("arithmetic");
      return children(node, at);
    case "TestBinary":
      if (/^-(eq|ne|lt|le|gt|ge)$/.test(node.operator)) {
        for (const side of [node.left, node.right]) {
          if (!/^-?\d+$/.test(side.value)) at.draft.opaque("arithmetic");
        }
      }
      return children(node, at);
    case "TestUnary":
      if (node.operator === "-v" || node.operator === "-R") at.draft.opaque("arithmetic");
      return children(node, at);
    case "Pipeline":
      return walkPipeline(node, at);
    case "If":
    case "Elif":
    case "Subshell":
    case "BraceGroup":
    case "CompoundList":
    case "Case":
    case "CaseItem":
    case "TestCommand":
    case "TestLogical":
    case "TestNot":
    case "TestGroup":
    case "Statement":
    case "Time":
    case "Negation":
    case "Word":
    case "Literal":
    case "Glob":
    case "SingleQuoted":
    case "DoubleQuoted":
    case "AnsiCQuoted":
    case "LocaleString":
    case "SimpleExpansion":
    case "CommandExpansion":
    case "ProcessSubstitution":
    case "ExtendedGlob":
    case "BraceExpansion":
    case "ArrayValue":
    case "ArithmeticBinary":
    case "ArithmeticUnary":
    case "ArithmeticTernary":
    case "ArithmeticGroup":
    case "ArithmeticCommandExpansion":
    case "Default":
    case "Remove":
    case "Replace":
    case "CaseModification":
    case "Names":
    case "HereDocDelimiter":
    case "HereDocBody":
    case "FileDescriptor":
      return children(node, at);
    default:
      at.draft.opaque("unparsed");
      return children(node, at);
  }
}

function children(node: SyntaxNode, at: At): void {
  forEachChild(node, (child) => walk(child, at));
}

/** What stands before a `cd` comes behind it the next time, so then it is walked again. */
function repeated({ draft }: At, once: () => void): void {
  const before = draft.directories;
  draft.repeats += 1;
  once();
  if (!draft.isWhere(before)) once();
  draft.repeats -= 1;
}

/** Behind `cd x &&` the shell is in x, until a `||` says that it may not be. */
function walkList(node: Node<"AndOr">, at: At): void {
  const { draft } = at;
  const before = draft.directories;
  node.commands.forEach((command, index) => {
    const from = draft.directories;
    walk(command, at);
    const entered = node.operators[index] === "&&" ? directoryOf(command, from, at) : null;
    if (entered !== null) draft.directories = entered;
    else if (node.operators[index] === "||") draft.maybeIn(before);
  });
  draft.maybeIn(before);
}

/** Where a plain `cd` leads when it succeeds; null for any other command. */
function directoryOf(
  node: SyntaxNode,
  from: ReadonlySet<string | null>,
  at: At,
): ReadonlySet<string | null> | null {
  if (node.type !== "Command" || node.name?.text !== "cd" || node.prefix.length > 0) return null;
  const [word, ...others] = node.args;
  if (word?.type !== "Word" || others.length > 0 || at.scope?.mayReplace("cd") !== false) {
    return null;
  }
  const values = valuesOf(word, lookup(at));
  const [value] = values;
  if (value === undefined || values.length > 1 || value.text === null) return null;
  if (value.text.startsWith("-") || value.pattern || at.draft.repeats > 0) return null;
  const now = at.draft.directories;
  at.draft.directories = from;
  const paths = at.draft.pathsOf(value);
  at.draft.directories = now;
  return paths === null ? null : new Set(paths);
}

/** A loop over words that are known is walked once for each. */
function walkFor(node: Node<"For">, at: At): void {
  const { draft, scope } = at;
  for (const word of node.wordlist ?? []) walk(word, at);
  const values = node.wordlist?.flatMap((word) => valuesOf(word, lookup(at))) ?? [unknown];
  const name = node.name.value;
  if (!isHarmlessVariable(name)) draft.opaque("environment");
  const known = values.length <= loopsMax && values.every(({ text, tilde }) => {
    return text !== null && tilde === "none";
  });
  if (scope === null || !known) return repeated(at, () => walk(node.body, at));
  draft.repeats += 1;
  for (const value of values) {
    const unbind = scope.bind(name, value);
    walk(node.body, at);
    unbind();
  }
  draft.repeats -= 1;
}

function expand(node: Node<"ParameterExpansion">, at: At): void {
  const { prefix, index, operation, parameter } = node;
  if (prefix === "!") at.draft.opaque("indirect_variable");
  if (index !== undefined && !/^(\d+|[@*])$/.test(index.value)) at.draft.opaque("arithmetic");
  switch (operation?.type) {
    case "Default":
      if (operation.operator.endsWith("=") && !isHarmlessVariable(parameter)) {
        at.draft.opaque("environment");
      }
      break;
    case "Slice":
      for (const word of [operation.offset, operation.length]) {
        if (word !== undefined && !/^ ?-?\d+$/.test(word.value)) at.draft.opaque("arithmetic");
      }
      // The numbers are judged; their words are arithmetic, not text.
      return;
    case "Transform":
      // @P expands the value as a prompt, commands and all.
      if (!/^[QUuLE]$/.test(operation.operand.value)) at.draft.opaque("indirect_variable");
      return;
    case "Unknown":
      return at.draft.opaque("unparsed");
  }
  children(node, at);
}

/** `exported`: the programs that follow see the variable. */
function assign(node: Node<"Assignment">, at: At, as: "exported" | "local"): void {
  const harmless = as === "exported" ? isHarmlessExport : isHarmlessVariable;
  const value = node.value.type === "Word" ? certain(valuesOf(node.value, lookup(at))) : null;
  if (!harmless(node.name, node.append ? null : value)) at.draft.opaque("environment");
  if (node.index !== undefined && !/^\d+$/.test(node.index.value)) at.draft.opaque("arithmetic");
  children(node, at);
}

/** Names of files may come through it, from what writes nothing else to what takes them. */
function walkPipeline(node: Node<"Pipeline">, at: At): void {
  for (const prefix of node.prefixes) walk(prefix, at);
  let names: Names | null = null;
  node.commands.forEach((command, index) => {
    if (command.type !== "Command") {
      names = null;
      return walk(command, at);
    }
    if (!at.draft.visit()) return;
    const words = walkCommand(command, at, names);
    const [name, ...rest] = words;
    const plainly = command.prefix.length === 0 && command.redirects.every(isSilencing) &&
      name?.text !== null && name !== undefined && at.scope?.mayReplace(name.text) === false;
    // What a program complains about is no name.
    names = plainly && node.operators[index] === "|"
      ? namesWritten(commandName(name, at.draft) ?? "", rest, names)
      : null;
  });
}

/** The words that it runs with. */
function walkCommand(
  node: Node<"Command">,
  at: At,
  names: Names | null = null,
): readonly Value[] {
  const runs = node.name !== undefined;
  for (const part of node.prefix) {
    if (part.type === "Assignment") assign(part, at, runs ? "exported" : "local");
  }
  const keeps = /^(declare|typeset|local|readonly)$/.test(node.name?.value ?? "");
  const words: Value[] = [];
  if (node.name !== undefined) {
    walk(node.name, at);
    words.push(...valuesOf(node.name, lookup(at)));
  }
  for (const argument of node.args) {
    if (argument.type === "Word") {
      walk(argument, at);
      words.push(...valuesOf(argument, lookup(at)));
    } else {
      assign(argument, at, keeps ? "local" : "exported");
      words.push(assignmentValue(argument, at));
    }
  }
  const reads = node.redirects.every(isSilencing) ? names : null;
  callWords(words, at, node.redirects, reads);
  return words;
}

function assignmentValue(node: Node<"Assignment">, at: At): Value {
  if (node.value.type !== "Word" || node.index !== undefined) return unknown;
  const [only, ...others] = valuesOf(node.value, lookup(at));
  if (only === undefined || others.length > 0 || only.text === null) return unknown;
  if (only.tilde !== "none") return unknown;
  return plain(`${node.name}${node.append ? "+" : ""}=${only.text}`);
}

/** A command with its words; without any, it is assignments and redirections alone. */
function callWords(
  words: readonly Value[],
  at: At,
  redirections: Node<"Command">["redirects"] = [],
  names: Names | null = null,
): void {
  const { draft, scope } = at;
  const [name, ...rest] = words;
  if (name === undefined) {
    if (redirections.length > 0) redirect(new Call(draft, "", [], false), redirections, at);
    return;
  }
  const command = commandName(name, draft);
  const call = new Call(draft, command ?? "", rest, true, names);
  if (command === null) call.opaque("unknown_program");
  else if (scope?.isFunction(command) && !isListed(command)) {
    call.mark(null, "function");
    // Its relative paths were judged as from where it was defined.
    if (!draft.isWhere(draft.functions.get(command))) call.opaque("unclear_path");
  } else runProgram(call);
  redirect(call, redirections, at);
}

/** Files of redirections belong to the program; then its statement is made. */
function redirect(call: Call, redirections: Node<"Command">["redirects"], at: At): void {
  for (const node of redirections) {
    at.draft.doubt(node);
    if (node.type === "HereDoc") {
      walk(node.body, at);
      continue;
    }
    if (node.descriptor?.type === "FileDescriptorVariable") call.opaque("environment");
    if (node.target === undefined) {
      call.opaque("unparsed");
      continue;
    }
    walk(node.target, at);
    if (node.type === "HereString") continue;
    const values = valuesOf(node.target, lookup(at));
    const [value, ...others] = values;
    if (value === undefined || others.length > 0) {
      call.opaque("unclear_path");
      continue;
    }
    redirectTo(call, node.operator, value, node.target.parts?.[0]?.type === "ProcessSubstitution");
  }
  call.end();
}

function lookup({ scope }: At): Variables {
  return (name) => scope === null ? "untouched" : scope.valueOf(name);
}
