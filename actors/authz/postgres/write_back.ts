/**
 * The write-back guard: finds masked values among what a request would write, in whatever form of
 * the protocol it says so: literals, parameters of Bind and EXECUTE, rows of COPY.
 *
 * It keeps agents from overwriting what they were not shown with what they were shown instead. A
 * masked value is known by its shape (`masked_forms.ts`), for authz holds no masking key.
 *
 * **Invariant:** it only ever refuses: what is found here changes nothing else of the judgement.
 *
 * @module
 */
import type { Refusal } from "#schemas/analysis.ts";
import { type MaskedForms, textsOf } from "#schemas/detectors/masked_forms.ts";
import type { Reason } from "#schemas/frames.ts";
import type { Bind } from "#schemas/wire/postgres/bind.ts";
import { Framer } from "#schemas/wire/postgres/frame.ts";
import { decodeFrontend, type FrontendMessage } from "#schemas/wire/postgres/frontend.ts";
import type { AnalysisLimits } from "../analysis/analyse.ts";
import type { Schema } from "../analysis/catalog_index.ts";
import { judgeCopy } from "../analysis/copy.ts";
import { targetItem } from "../analysis/from.ts";
import type { Parser } from "../analysis/parser.ts";
import { newRun, TooComplex } from "../analysis/run.ts";
import type { SessionState } from "../analysis/session.ts";
import { bodyOf, fields, isWithin, items } from "../analysis/tree.ts";
import {
  type ColumnsOf,
  copiedColumns,
  type Destination,
  type WrittenValue,
  writtenValues,
} from "../analysis/written_values.ts";
import { unjudgeable, writeBack } from "../verdicts.ts";
import type { Portals } from "./portals.ts";
import { copyBegins, copyContinues, copyEnds, type CopyingIn } from "./copied_rows.ts";

/** What a request would write back. */
export type WrittenBack = {
  /** The columns that masked values would go to; null for one that is not certain. */
  readonly into: readonly Destination[];
  /** Not all of it could be looked at. */
  readonly unreadable: boolean;
  /** The COPY that is under way when the request ran. */
  readonly copying: CopyingIn | null;
};

/** What of a session gives a request its meaning. */
export type Before = {
  readonly session: SessionState;
  readonly portals: Portals;
  readonly copying: CopyingIn | null;
};

export type WriteBackGuard = (bytes: Uint8Array, before: Before, schema: Schema) => WrittenBack;

/** Guards what the masked forms of a configuration can be known in. */
export function writeBackGuard(
  forms: MaskedForms,
  parser: Parser,
  limits: AnalysisLimits,
): WriteBackGuard {
  return (bytes, before, schema) => {
    const statements = new Map<string, string>();
    const portals = new Map<string, string>();
    const into: Destination[] = [];
    let { copying } = before;
    let unreadable = false;
    const framer = new Framer({ messageBytesMax: Number.MAX_SAFE_INTEGER });
    framer.push(bytes);
    for (;;) {
      const frame = framer.next();
      if (frame.kind !== "frame") break;
      const isCopy = "dcf".includes(frame.tag);
      if (!isCopy && !"SH".includes(frame.tag)) copying = null;
      const message = decodeFrontend(frame, isCopy ? "copy_in" : "ready");
      if (message.kind !== "malformed") take(message);
    }
    return { into, unreadable, copying };

    function take(message: FrontendMessage): void {
      switch (message.kind) {
        case "query":
          return runs(message.text);
        case "parse":
          statements.set(message.statement, message.text);
          return;
        case "bind":
          portals.set(message.portal, textOf(message.statement));
          return binds(message);
        case "execute":
          return runs(
            portals.get(message.portal) ?? before.portals.get(message.portal)?.bound.sql ?? "",
          );
        case "copy_data":
          if (copying !== null) taken(copyContinues(copying, message.data, forms));
          return;
        case "copy_done":
          if (copying !== null) taken(copyEnds(copying, forms));
          copying = null;
          return;
        case "copy_fail":
          copying = null;
      }
    }

    function taken(copied: ReturnType<typeof copyContinues>): void {
      copying = copied.copying;
      unreadable ||= copying.next === "unreadable";
      into.push(...copied.into);
    }

    function textOf(statement: string): string {
      return statements.get(statement) ?? before.session.prepared.get(statement)?.sql ?? "";
    }

    function runs(sql: string): void {
      const copies = /\bcopy\b/i.test(sql);
      if (!copies && !forms.mayHold(sql)) return;
      const tree = treeOf(sql);
      if (tree === null) return;
      for (const value of written(tree)) {
        if (value.kind === "literal" && isMasked(value.text, value.destination)) {
          into.push(value.destination);
        }
      }
      if (copies) copying = copyOf(tree);
    }

    function binds({ statement, parameters, parameterFormats }: Bind): void {
      const texts = parameters.map((parameter, at) => {
        const format = parameterFormats[parameterFormats.length === 1 ? 0 : at] ?? 0;
        return parameter === null ? [] : textsOf(parameter, format);
      });
      if (!texts.some((parts) => parts.some(forms.mayHold))) return;
      const tree = treeOf(textOf(statement));
      for (const value of tree === null ? [] : written(tree)) {
        if (value.kind !== "parameter") continue;
        const parts = texts[value.number - 1] ?? [];
        const { destination } = value;
        if (parts.some((part) => isMasked(part, destination))) into.push(destination);
      }
    }

    function isMasked(text: string, destination: Destination): boolean {
      return forms.isMasked(text, destination?.classes ?? null);
    }

    function written(tree: unknown): readonly WrittenValue[] {
      return within(() => writtenValues(tree, columnsIn("all"), preparedTree)) ?? [];
    }

    function preparedTree(name: string): unknown {
      const sql = before.session.prepared.get(name)?.sql;
      const tree = sql === undefined ? null : treeOf(sql);
      return tree === null ? null : fields(items(fields(tree)["stmts"])[0])["stmt"];
    }

    function copyOf(tree: unknown): CopyingIn | null {
      return within(() => {
        const columns = copiedColumns(tree, columnsIn("written"));
        const last = items(fields(tree)["stmts"]).at(-1);
        const body = bodyOf(fields(last)["stmt"], "CopyStmt");
        if (columns === null || body === null) return null;
        const judged = judgeCopy(body, newRun(schema, before.session, parser, limits));
        if (judged.kind === "refused" || judged.copy === null) return null;
        return copyBegins(columns, judged.copy.format);
      });
    }

    function within<T>(work: () => T): T | null {
      try {
        return work();
      } catch (error) {
        if (!(error instanceof TooComplex || error instanceof RangeError)) throw error;
        unreadable = true;
        return null;
      }
    }

    /** `written` leaves generated columns out, which no row of COPY has. */
    function columnsIn(which: "all" | "written"): ColumnsOf {
      return (rangeVar) => {
        const { resolved } = targetItem(rangeVar, newRun(schema, before.session, parser, limits));
        const generated = which === "all" ? [] : resolved?.relation?.generated ?? [];
        return (resolved?.columns ?? []).filter((_, at) => (generated[at] ?? null) === null);
      };
    }
  };

  function treeOf(sql: string): unknown {
    const parsed = parser(sql);
    const isJudged = parsed.ok && isWithin(parsed.tree, limits.nodesMax, limits.depthMax);
    return isJudged ? parsed.tree : null;
  }
}

/** Why what is written is refused. Whoever sees a class cannot overwrite it with its mask. */
export function refusedWriting(
  { into, unreadable }: WrittenBack,
  revealed: readonly string[],
): Reason | null {
  const isSeen = (names: readonly string[]) =>
    names.length > 0 && names.every((name) => revealed.includes(name));
  const hidden = into.filter((column) => column === null || !isSeen(column.classes));
  if (hidden.length > 0) return writeBack(hidden);
  return unreadable ? unjudgeable(unreadableRows) : null;
}

const unreadableRows: Refusal = {
  code: "too_complex",
  message: "what is written cannot be looked at for masked values",
  position: null,
};
