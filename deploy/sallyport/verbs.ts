/** The verbs, in the order in which help lists them. @module */
import { sessions } from "./sessions.ts";
import type { Verb } from "./verb.ts";

export const verbs: readonly Verb[] = [sessions];
