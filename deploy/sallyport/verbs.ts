/** The verbs, in the order in which help lists them. @module */
import { approve } from "./approve.ts";
import { connect } from "./connect.ts";
import { discover } from "./discover.ts";
import { doctor } from "./doctor.ts";
import { evidence } from "./evidence.ts";
import { init } from "./init.ts";
import { policyCheck } from "./policy_check.ts";
import { policyExplain } from "./policy_explain.ts";
import { policySchema } from "./policy_schema.ts";
import { replay } from "./replay.ts";
import { report } from "./report.ts";
import { rotate } from "./rotate.ts";
import { sessions } from "./sessions.ts";
import { token } from "./token.ts";
import { up } from "./up.ts";
import type { Verb } from "./verb.ts";
import { verify } from "./verify.ts";

export const verbs: readonly Verb[] = [
  sessions,
  replay,
  report,
  verify,
  evidence,
  token,
  connect,
  approve,
  policyCheck,
  policyExplain,
  policySchema,
  discover,
  init,
  up,
  rotate,
  doctor,
];
