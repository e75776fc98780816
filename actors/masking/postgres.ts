/** PostgreSQL's responses, masked by lineage and detection (`rewrite.ts`). @module */
import { backendBytes } from "#schemas/wire/postgres/backend.ts";
import { errorResponse } from "#schemas/wire/postgres/error_response.ts";
import { sqlstate } from "#schemas/wire/postgres/sqlstate.ts";
import { beginResponse, openRewriter, rewrite } from "./rewrite.ts";
import type { CatalogView, RewriterOptions } from "./rewriter.ts";
import type { SessionRewriter } from "./session_rewriter.ts";

/** Opens a session's rewriter; `catalog` gives the newest view of its connection's catalog. */
export function postgresRewriter(
  options: RewriterOptions,
  catalog: () => CatalogView,
): SessionRewriter {
  const rewriter = openRewriter(options, null);
  return {
    answers: () => true,
    begin({ request, plan, parsed, volume }) {
      const greets = request === 0;
      beginResponse(rewriter, { plan, parsed, catalog: catalog(), greets, volume });
    },
    rewrite(part) {
      const { bytes, masked, failure } = rewrite(rewriter, part);
      return { bytes, masked, failed: failure !== null, ...asksNothing };
    },
    // It never asks for either.
    timePassed: () => nothing,
    requests: () => nothing,
    lost,
    cut,
  };
}

const asksNothing = { waitMs: null, wantsRequests: false } as const;
const nothing = { bytes: new Uint8Array(0), masked: new Map(), failed: false, ...asksNothing };

/** A stream of bytes, to be cut anywhere. */
function cut(bytes: Uint8Array, bytesMax: number): readonly Uint8Array[] {
  const count = Math.max(1, Math.ceil(bytes.length / bytesMax));
  return Array.from({ length: count }, (_, at) => {
    return bytes.subarray(at * bytesMax, (at + 1) * bytesMax);
  });
}

function lost(): Uint8Array {
  return backendBytes(errorResponse({
    severity: "FATAL",
    sqlstate: sqlstate.crashShutdown,
    message: "sallyport: the response was interrupted and cannot be masked, so it was withheld",
    hint: "Whether the statement took effect stands in the record. Reconnect.",
  }));
}
