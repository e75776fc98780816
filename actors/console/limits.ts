/** What the console holds at most, waits for and shows at most. @module */
export type ConsoleLimits = {
  /** Sessions and approvals that are listed; the oldest settled ones go first. */
  readonly sessionsMax: number;
  readonly approvalsMax: number;
  /** Groups that approve somewhere. */
  readonly groupsMax: number;
  /** Entries of one list on one page. */
  readonly listMax: number;
  /** People signed in at once, and how long a sign-in lasts unused and at all. */
  readonly webSessionsMax: number;
  readonly webIdleMsMax: number;
  readonly webMsMax: number;
  /** How long signing in at the issuer may take. */
  readonly signInMsMax: number;
  /** Bearer tokens whose principal is remembered until identity has to be asked again. */
  readonly bearersMax: number;
  /** A request's body; holds the longest token. */
  readonly bodyBytesMax: number;
  /** Attempts to sign in, and decisions, of one address within a minute. */
  readonly attemptsPerMinuteMax: number;
  readonly addressesMax: number;
  /** Waits for the bus and the issuer, and the issuer's longest answer. */
  readonly busMsMax: number;
  readonly issuerMsMax: number;
  readonly issuerBytesMax: number;
  readonly issuerKeptMsMax: number;
  /** Frames and bytes of one session that are read to be shown, and readings at once. */
  readonly recordingFramesMax: number;
  readonly recordingBytesMax: number;
  readonly readingsMax: number;
  /** One protocol message of a recording. */
  readonly messageBytesMax: number;
  /** Prepared statements and portals of one session that are remembered while it is read. */
  readonly preparedMax: number;
  /** What of a recording stands on a page. */
  readonly requestsShownMax: number;
  readonly rowsShownMax: number;
  readonly cellCharsMax: number;
  readonly statementCharsMax: number;
  /** Browsers that are told of changes, and how often at most. */
  readonly eventClientsMax: number;
  readonly eventClientsPerPersonMax: number;
  readonly eventMsMin: number;
  readonly eventHeartbeatMs: number;
};

export const consoleLimits: ConsoleLimits = {
  sessionsMax: 5000,
  approvalsMax: 5000,
  groupsMax: 1000,
  listMax: 200,
  webSessionsMax: 2000,
  webIdleMsMax: 30 * 60_000,
  webMsMax: 10 * 3_600_000,
  signInMsMax: 10 * 60_000,
  bearersMax: 2000,
  bodyBytesMax: 96 * 1024,
  attemptsPerMinuteMax: 60,
  addressesMax: 10_000,
  busMsMax: 5000,
  issuerMsMax: 5000,
  issuerBytesMax: 512 * 1024,
  issuerKeptMsMax: 5 * 60_000,
  recordingFramesMax: 20_000,
  recordingBytesMax: 32 * 1024 * 1024,
  readingsMax: 8,
  messageBytesMax: 17 * 1024 * 1024,
  preparedMax: 5000,
  requestsShownMax: 500,
  rowsShownMax: 50,
  cellCharsMax: 400,
  statementCharsMax: 100_000,
  eventClientsMax: 200,
  eventClientsPerPersonMax: 8,
  eventMsMin: 500,
  eventHeartbeatMs: 20_000,
};
