/**
 * One table of everything that can go wrong: a stable code, what the process does about it, and the HTTP
 * status where it can reach a caller. Code branches on `code`, never on a message. A message says what was
 * expected, what was found, with units, and the remedy where a person can take one.
 */

/** What the process does about an error. */
export type Remedy = "drop_frame" | "resync_book" | "reconnect" | "retry" | "skip_tick" | "reject" | "stop";

interface Entry {
  readonly remedy: Remedy;
  /** HTTP status where the error answers a request; 500 bodies carry only the code and a request id. */
  readonly http: number;
}

export const ERROR_TABLE = {
  UNIT_RANGE: { remedy: "reject", http: 400 },
  CONFIG_INVALID: { remedy: "stop", http: 500 },
  INVARIANT: { remedy: "stop", http: 500 },
  DEADLINE: { remedy: "retry", http: 504 },
  CANCELLED: { remedy: "reject", http: 503 },
  // binance/: the wire
  SBE_TRUNCATED: { remedy: "drop_frame", http: 500 },
  SBE_SCHEMA: { remedy: "drop_frame", http: 500 },
  SBE_BLOCK_LENGTH: { remedy: "drop_frame", http: 500 },
  SBE_GROUP_COUNT: { remedy: "drop_frame", http: 500 },
  SBE_TRAILING_BYTES: { remedy: "drop_frame", http: 500 },
  SBE_VALUE: { remedy: "drop_frame", http: 500 },
  SBE_SCALE: { remedy: "drop_frame", http: 500 },
  SBE_ENCODE: { remedy: "reject", http: 500 },
  WS_HANDSHAKE: { remedy: "reconnect", http: 502 },
  WS_CONTROL: { remedy: "reconnect", http: 502 },
  WS_CLOSED: { remedy: "reconnect", http: 502 },
  WS_FRAME_SIZE: { remedy: "reconnect", http: 502 },
  WS_STALE: { remedy: "reconnect", http: 502 },
  REST_STATUS: { remedy: "retry", http: 502 },
  REST_BODY: { remedy: "retry", http: 502 },
  REST_RATE_LIMIT: { remedy: "retry", http: 503 },
  REST_UNREACHABLE: { remedy: "retry", http: 502 },
  REST_TIMEOUT: { remedy: "retry", http: 504 },
  ARCHIVE_UNREACHABLE: { remedy: "retry", http: 502 },
  ARCHIVE_CONTENT: { remedy: "reject", http: 502 },
  // book/
  BOOK_SEQUENCE_GAP: { remedy: "resync_book", http: 500 },
  BOOK_CROSSED: { remedy: "resync_book", http: 500 },
  // features/
  FEATURE_DEFINITION: { remedy: "stop", http: 500 },
  FEATURE_SET_UNKNOWN: { remedy: "reject", http: 404 },
  FEATURE_SET_MISMATCH: { remedy: "stop", http: 500 },
  // model/
  BUNDLE_INVALID: { remedy: "stop", http: 500 },
  BUNDLE_HASH: { remedy: "stop", http: 500 },
  BUNDLE_GOLDEN: { remedy: "stop", http: 500 },
  BUNDLE_KEY: { remedy: "stop", http: 500 },
  BUNDLE_EXISTS: { remedy: "reject", http: 409 },
  GATES_INVALID: { remedy: "stop", http: 500 },
  ONNX_MALFORMED: { remedy: "stop", http: 500 },
  ONNX_REFUSED: { remedy: "stop", http: 500 },
  MODEL_INPUT: { remedy: "skip_tick", http: 503 },
  MODEL_OUTPUT: { remedy: "skip_tick", http: 503 },
  MODEL_CLOSED: { remedy: "skip_tick", http: 503 },
  // predict/
  NO_PREDICTION_YET: { remedy: "reject", http: 503 },
  // record/
  STORE_UNREACHABLE: { remedy: "retry", http: 503 },
  STORE_FENCED: { remedy: "stop", http: 503 },
  STORE_LEASED: { remedy: "stop", http: 500 },
  STORE_REFUSED: { remedy: "stop", http: 500 },
  STORE_VERSION: { remedy: "stop", http: 500 },
  STORE_SERVER: { remedy: "stop", http: 500 },
  STORE_DATA_DIR: { remedy: "stop", http: 500 },
  STORE_VALUE: { remedy: "reject", http: 500 },
  STORE_WRITE_FAILED: { remedy: "retry", http: 503 },
  STORE_WRITE_TIMEOUT: { remedy: "retry", http: 503 },
  STORE_JOURNAL: { remedy: "retry", http: 503 },
  STORE_MIGRATION: { remedy: "stop", http: 500 },
  STORE_QUERY: { remedy: "reject", http: 503 },
  BACKUP_INVALID: { remedy: "reject", http: 500 },
  AUDIT_BROKEN: { remedy: "reject", http: 500 },
  MODEL_UNKNOWN: { remedy: "reject", http: 404 },
  MODEL_CONFLICT: { remedy: "reject", http: 409 },
  MODEL_REFUSED: { remedy: "reject", http: 409 },
  BUNDLE_STORE: { remedy: "retry", http: 502 },
  LAKE_STORE: { remedy: "retry", http: 502 },
  REDIS_UNREACHABLE: { remedy: "retry", http: 503 },
  REDIS_REFUSED: { remedy: "retry", http: 503 },
  REDIS_RECORD: { remedy: "reject", http: 500 },
  NO_DATABASE: { remedy: "reject", http: 503 },
  // serve/
  REQUEST_INVALID: { remedy: "reject", http: 400 },
  SYMBOL_UNKNOWN: { remedy: "reject", http: 404 },
  NOT_FOUND: { remedy: "reject", http: 404 },
  UNAUTHENTICATED: { remedy: "reject", http: 401 },
  FORBIDDEN: { remedy: "reject", http: 403 },
  REQUEST_TIME: { remedy: "retry", http: 504 },
  RATE_LIMITED: { remedy: "reject", http: 429 },
  BODY_TOO_LARGE: { remedy: "reject", http: 413 },
  BUSY: { remedy: "retry", http: 503 },
  IDEMPOTENCY_KEY: { remedy: "reject", http: 422 },
  IDEMPOTENCY_BUSY: { remedy: "retry", http: 409 },
  METHOD_NOT_ALLOWED: { remedy: "reject", http: 405 },
  MEDIA_TYPE: { remedy: "reject", http: 415 },
  TRY_AGAIN: { remedy: "retry", http: 503 },
  UPGRADE_REQUIRED: { remedy: "reject", http: 426 },
  TOO_MANY_CLIENTS: { remedy: "reject", http: 503 },
  LISTEN_FAILED: { remedy: "stop", http: 500 },
  INTERNAL: { remedy: "reject", http: 500 },
  // steer/
  ALERT_CHANNEL: { remedy: "retry", http: 502 },
  ALERT_REFUSED: { remedy: "reject", http: 502 },
  // sim/ and train/
  TAPE_INVALID: { remedy: "stop", http: 500 },
  TRAIN_DATA: { remedy: "stop", http: 500 },
  TRACKING_REFUSED: { remedy: "retry", http: 502 },
  TRAIN_QUEUE: { remedy: "retry", http: 503 },
  TRAIN_JOB: { remedy: "reject", http: 500 },
  TRAIN_BACKEND: { remedy: "stop", http: 500 },
} as const satisfies Record<string, Entry>;

export type ErrorCode = keyof typeof ERROR_TABLE;

/** The only error class of the project. `details` is for logs and tests; it never reaches a client. */
export class ForetickError extends Error {
  readonly code: ErrorCode;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(
    code: ErrorCode,
    message: string,
    options: { cause?: unknown; details?: Record<string, unknown> } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "ForetickError";
    this.code = code;
    this.details = options.details ?? {};
  }

  get remedy(): Remedy {
    return ERROR_TABLE[this.code].remedy;
  }

  get http(): number {
    return ERROR_TABLE[this.code].http;
  }
}

/** Throws a typed error; an expression, so that it can end a conditional. */
export function fail(
  code: ErrorCode,
  message: string,
  options: { cause?: unknown; details?: Record<string, unknown> } = {},
): never {
  throw new ForetickError(code, message, options);
}

/** A condition the code relies on. Checked in production too: a broken invariant stops the process. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) fail("INVARIANT", message);
}

/** A sentence for a log or a terminal, whatever was thrown. */
export function describeError(error: unknown): string {
  if (error instanceof ForetickError) return `${error.code}: ${error.message}`;
  if (error instanceof Error) return `${error.name}: ${error.message}`;
  return String(error);
}
