/** How principals are called. @module */
import { z } from "zod";

/** A name of a principal, a group or an issuer's client: short, printable. */
export const PrincipalName = z.string().min(1).max(256)
  .regex(/^[^\p{C}]+$/u, "a name without control characters");
