/**
 * What each key may do on the bus, written down by hand and apart from
 * `deploy/nats/permissions.ts`: everything that is tried, and of that what must be allowed. All
 * else must be refused.
 *
 * `{a,b}` stands for each of its words. `<own>` is the key's own name, `<edge>` an edge's.
 *
 * @module
 */
const audit = "AUDIT_2026_11";
const streams = `{${audit},RAW,CHECKPOINTS,CATALOG}`;
const kinds = "{open,request,explain,estimate,verdict,approval,outcome,response,close,view,policy}";
const keys =
  "{pg1,pg2,ssh1,identity,authz,target,masking,approval,audit,console,auditor,provisioner}";
const stages = "{authz,target,masking,approval}-{0,1}";

/** Every publish that every key tries. */
export const publishesTried: readonly string[] = expand([
  `audit.2026_11.{0,1}.{pg1,pg2,ssh1}.s1.${kinds}`,
  "audit.2026_12.0.pg1.s1.{open,verdict,response}",
  "raw.{0,1}.s1",
  "credit.0.s1",
  "alive.{pg1,pg2,ssh1}",
  "catalog.ehr",
  "checkpoint.main",
  "revocation",
  "end.{pg1,pg2,ssh1}.s1",
  "identity.exchange",
  "identity.exchange_key",
  "approval.decide",
  `{release,notice}.{pg1,pg2,ssh1}.s1.${kinds}`,
  "approval.notice",
  `_INBOX_${keys}.x`,
  "_INBOX.x",
  "$SYS.REQ.SERVER.PING",
  "$SRV.PING",
  "$JS.API.{INFO,STREAM.LIST,STREAM.NAMES,ACCOUNT.PURGE.X,META.LEADER.STEPDOWN,SERVER.REMOVE}",
  `$JS.API.STREAM.{CREATE,UPDATE,DELETE,PURGE,INFO,SNAPSHOT,RESTORE}.${streams}`,
  `$JS.API.STREAM.{MSG.GET,MSG.DELETE,PEER.REMOVE,LEADER.STEPDOWN}.${streams}`,
  `$JS.API.STREAM.{CREATE,UPDATE,DELETE}.OTHER`,
  `$JS.API.DIRECT.GET.${streams}`,
  `$JS.API.DIRECT.GET.${audit}.audit.2026_11.0.{pg1,pg2,ssh1}.s1.${kinds}`,
  "$JS.API.DIRECT.GET.RAW.raw.0.s1",
  "$JS.API.DIRECT.GET.CHECKPOINTS.checkpoint.main",
  "$JS.API.DIRECT.GET.CATALOG.catalog.ehr",
  `$JS.API.CONSUMER.{CREATE,LIST,NAMES}.${streams}`,
  `$JS.API.CONSUMER.{DURABLE.CREATE,DELETE,PAUSE,RESET,UNPIN,LEADER.STEPDOWN}.${streams}.authz-0`,
  `$JS.API.CONSUMER.{CREATE,INFO,MSG.NEXT,DELETE}.${audit}.${stages}`,
  `$JS.API.CONSUMER.{CREATE,INFO,MSG.NEXT,DELETE}.RAW.masking-{0,1}`,
  `$JS.API.CONSUMER.CREATE.${audit}.${stages}.audit.2026_11.0.pg1.s1.verdict`,
  "$JS.API.CONSUMER.CREATE.RAW.masking-0.raw.0.*",
  `$JS.ACK.${audit}.${stages}.1.1.1.1.0`,
  `$JS.ACK.D.H.${audit}.${stages}.1.1.1.1.0`,
  "$JS.ACK.RAW.masking-{0,1}.1.1.1.1.0",
  `$JS.API.CONSUMER.CREATE.${audit}.any.audit.2026_11.0.pg1.s1.${kinds}`,
  `$JS.API.CONSUMER.{CREATE,MSG.NEXT,DELETE}.${streams}._INBOX_${keys}-{page-0,page-7,follow-0}`,
  `$JS.API.CONSUMER.CREATE.${audit}._INBOX_${keys}-page-0.audit.2026_11.0.pg1.s1.${kinds}`,
  `$JS.API.CONSUMER.CREATE.${audit}._INBOX_{pg1,pg2,ssh1}-page-0.audit.2026_11.0.{pg2,ssh1}.s1.${kinds}`,
  `$JS.API.CONSUMER.CREATE.${audit}._INBOX_pg1-page-0.audit.2026_11.*.*.*.${kinds}`,
  `$JS.API.CONSUMER.CREATE.${audit}._INBOX_${keys}-page-0.audit.2026_11.>`,
  `$JS.API.CONSUMER.CREATE.RAW._INBOX_${keys}-page-0.raw.0.*`,
  `$JS.API.CONSUMER.CREATE.CATALOG._INBOX_${keys}-page-0.catalog.ehr`,
  `$JS.API.CONSUMER.CREATE.CHECKPOINTS._INBOX_${keys}-page-0.checkpoint.main`,
]);

/** Every subscription that every key tries. */
export const subscriptionsTried: readonly string[] = expand([
  `{release,notice}.{pg1,pg2,ssh1}.*.${kinds}`,
  "{release,notice}.>",
  "approval.notice",
  "audit.>",
  `audit.2026_11.0.{pg1,pg2,ssh1}.s1.${kinds}`,
  "raw.>",
  "raw.0.s1",
  "credit.*.*",
  "alive.*",
  "alive.pg1",
  "catalog.*",
  "checkpoint.*",
  "revocation",
  "end.*.*",
  "end.{pg1,pg2,ssh1}.*",
  "identity.exchange",
  "identity.exchange_key",
  "approval.decide",
  `_INBOX_${keys}.>`,
  "_INBOX.>",
  ">",
  "*.*.*",
  "$JS.>",
  "$JS.API.>",
  "$JS.ACK.>",
  "$JS.EVENT.ADVISORY.>",
  "$SYS.>",
]);

type Allowed = { readonly publish: readonly string[]; readonly subscribe: readonly string[] };

const anyEdge = "audit.2026_11.{0,1}.{pg1,pg2,ssh1}.s1";
const lastOf = `$JS.API.DIRECT.GET.${audit}.audit.2026_11.0`;
const pages = `$JS.API.CONSUMER.{MSG.NEXT,DELETE}.${audit}._INBOX_<own>-{page-0,page-7}`;
const pageOf = `$JS.API.CONSUMER.CREATE.${audit}._INBOX_<own>-page-0.audit.2026_11.0.pg1.s1`;
const wholeAudit = [
  `$JS.API.STREAM.INFO.${audit}`,
  `${lastOf}.{pg1,pg2,ssh1}.s1.${kinds}`,
  `$JS.API.CONSUMER.{CREATE,MSG.NEXT,DELETE}.${audit}._INBOX_<own>-{page-0,page-7,follow-0}`,
  `${pageOf}.${kinds}`,
  `$JS.API.CONSUMER.CREATE.${audit}._INBOX_<own>-page-0.audit.2026_11.>`,
];
const wholeCatalog = [
  "$JS.API.STREAM.INFO.CATALOG",
  "$JS.API.DIRECT.GET.CATALOG.catalog.ehr",
  "$JS.API.CONSUMER.{CREATE,MSG.NEXT,DELETE}.CATALOG._INBOX_<own>-{page-0,page-7,follow-0}",
  "$JS.API.CONSUMER.CREATE.CATALOG._INBOX_<own>-page-0.catalog.ehr",
];
const wholeCheckpoints = [
  "$JS.API.STREAM.INFO.CHECKPOINTS",
  "$JS.API.DIRECT.GET.CHECKPOINTS.checkpoint.main",
  "$JS.API.CONSUMER.{CREATE,MSG.NEXT,DELETE}.CHECKPOINTS._INBOX_<own>-{page-0,page-7,follow-0}",
  "$JS.API.CONSUMER.CREATE.CHECKPOINTS._INBOX_<own>-page-0.checkpoint.main",
];

const edge: Allowed = {
  publish: [
    "audit.2026_11.{0,1}.<own>.s1.{open,request,close}",
    "credit.0.s1",
    "alive.<own>",
    "identity.exchange",
    `${lastOf}.<own>.s1.{open,request,verdict,approval,outcome,response,close}`,
    pages,
    `$JS.API.CONSUMER.CREATE.${audit}._INBOX_<own>-page-0.audit.2026_11.0.<own>.s1.` +
    "{open,verdict,approval,outcome,response,close}",
  ],
  subscribe: [
    "release.<own>.*.{approval,response}",
    "notice.<own>.*.{verdict,outcome}",
    "revocation",
    "end.<own>.*",
    "_INBOX_<own>.>",
  ],
};

const expected: Readonly<Record<string, Allowed>> = {
  edge,
  edge_ssh: {
    publish: [...edge.publish, "identity.exchange_key"],
    subscribe: [
      "release.<own>.*.{verdict,approval,outcome,response}",
      "revocation",
      "end.<own>.*",
      "_INBOX_<own>.>",
    ],
  },
  identity: {
    publish: ["revocation"],
    subscribe: ["identity.exchange", "identity.exchange_key", "revocation", "_INBOX_identity.>"],
  },
  authz: {
    publish: [
      `${anyEdge}.{explain,verdict,policy}`,
      "notice.{pg1,pg2,ssh1}.s1.verdict",
      "approval.notice",
      `${lastOf}.{pg1,pg2,ssh1}.s1.` +
      "{open,request,explain,estimate,verdict,approval,outcome,close,policy}",
      `$JS.API.CONSUMER.{INFO,MSG.NEXT}.${audit}.authz-{0,1}`,
      `$JS.ACK.${audit}.authz-{0,1}.1.1.1.1.0`,
      `$JS.ACK.D.H.${audit}.authz-{0,1}.1.1.1.1.0`,
      pages,
      `${pageOf}.{open,request,explain,estimate,verdict,approval,outcome,close,policy}`,
      ...wholeCatalog,
    ],
    subscribe: ["_INBOX_authz.>"],
  },
  target: {
    publish: [
      `${anyEdge}.{estimate,outcome}`,
      "notice.{pg1,pg2,ssh1}.s1.outcome",
      "raw.{0,1}.s1",
      "catalog.ehr",
      `${lastOf}.{pg1,pg2,ssh1}.s1.{open,request,estimate,verdict,outcome,close}`,
      `$JS.API.CONSUMER.{INFO,MSG.NEXT}.${audit}.target-{0,1}`,
      `$JS.ACK.${audit}.target-{0,1}.1.1.1.1.0`,
      `$JS.ACK.D.H.${audit}.target-{0,1}.1.1.1.1.0`,
      pages,
      `${pageOf}.{open,request,verdict,outcome,close}`,
    ],
    subscribe: ["credit.*.*", "alive.*", "alive.pg1", "_INBOX_target.>"],
  },
  masking: {
    publish: [
      `${anyEdge}.response`,
      `${lastOf}.{pg1,pg2,ssh1}.s1.{open,verdict,response,close}`,
      `$JS.API.CONSUMER.{INFO,MSG.NEXT}.{${audit},RAW}.masking-{0,1}`,
      `$JS.ACK.{${audit},RAW}.masking-{0,1}.1.1.1.1.0`,
      `$JS.ACK.D.H.${audit}.masking-{0,1}.1.1.1.1.0`,
      pages,
      `${pageOf}.{open,request,verdict,response,close}`,
      ...wholeCatalog,
    ],
    subscribe: ["_INBOX_masking.>"],
  },
  approval: {
    publish: [
      `${anyEdge}.approval`,
      `${lastOf}.{pg1,pg2,ssh1}.s1.{open,request,verdict,approval,close}`,
      `$JS.API.CONSUMER.{INFO,MSG.NEXT}.${audit}.approval-{0,1}`,
      `$JS.ACK.${audit}.approval-{0,1}.1.1.1.1.0`,
      `$JS.ACK.D.H.${audit}.approval-{0,1}.1.1.1.1.0`,
      pages,
      `${pageOf}.{open,request,verdict,approval,close}`,
    ],
    subscribe: ["approval.decide", "approval.notice", "_INBOX_approval.>"],
  },
  audit: {
    publish: ["checkpoint.main", ...wholeAudit, ...wholeCheckpoints],
    subscribe: ["_INBOX_audit.>"],
  },
  console: {
    publish: [
      `${anyEdge}.view`,
      "end.{pg1,pg2,ssh1}.s1",
      "approval.decide",
      "identity.exchange",
      ...wholeAudit,
      ...wholeCheckpoints,
      ...wholeCatalog,
    ],
    subscribe: ["revocation", "_INBOX_console.>"],
  },
  auditor: {
    publish: [
      "audit.2026_11.{0,1}.{pg1,pg2,ssh1}.s1.view",
      ...wholeAudit,
      ...wholeCheckpoints,
      ...wholeCatalog,
    ],
    subscribe: ["_INBOX_auditor.>"],
  },
  provisioner: {
    publish: [
      `$JS.API.STREAM.{CREATE,INFO}.${streams}`,
      `$JS.API.CONSUMER.{CREATE,INFO}.${audit}.${stages}`,
      "$JS.API.CONSUMER.{CREATE,INFO}.RAW.masking-{0,1}",
      `$JS.API.CONSUMER.CREATE.${audit}.${stages}.audit.2026_11.0.pg1.s1.verdict`,
      "$JS.API.CONSUMER.CREATE.RAW.masking-0.raw.0.*",
    ],
    subscribe: ["_INBOX_provisioner.>"],
  },
};

/** What the key must be allowed; all else that is tried must be refused. */
export function allowedFor(kind: string, name: string): Allowed {
  const allowed = expected[kind];
  if (allowed === undefined) throw new Error(`nothing is written down for ${kind}`);
  const own = (patterns: readonly string[]) =>
    expand(patterns.map((pattern) => pattern.replaceAll("<own>", name)));
  return { publish: own(allowed.publish), subscribe: own(allowed.subscribe) };
}

/** Each pattern with each choice of its braces. */
function expand(patterns: readonly string[]): string[] {
  const all = patterns.flatMap((pattern): string[] => {
    const open = pattern.indexOf("{");
    const close = pattern.indexOf("}");
    if (open < 0) return [pattern];
    const words = pattern.slice(open + 1, close).split(",");
    return expand(words.map((word) => pattern.slice(0, open) + word + pattern.slice(close + 1)));
  });
  return [...new Set(all)];
}
