/** What each error code means, and what a person does about it, as docs/runbook.md says it. What the process does is in `ERROR_TABLE`. */

import type { ErrorCode } from "../errors.ts";

export interface Advice {
  /** What has happened. */
  readonly means: string;
  /** What to do about it. */
  readonly to_do: string;
}

export const ERROR_ADVICE: Readonly<Record<ErrorCode, Advice>> = {
  UNIT_RANGE: {
    means: "A number cannot be kept exactly: it is outside what its unit holds.",
    to_do: "The message names the value and the bound. A symbol with such prices cannot be served.",
  },
  CONFIG_INVALID: {
    means: "A setting or a flag of a command has a value that is not allowed.",
    to_do: "The message names it, what was expected and what was found. Correct it and start again.",
  },
  INVARIANT: {
    means: "The program found itself in a state it must not be in, and stopped rather than go on wrongly.",
    to_do: "Let the platform start it again. Keep the log: it is a defect to be reported.",
  },
  DEADLINE: {
    means: "Something did not answer within its limit.",
    to_do: "The message names what and the limit. It is tried again; look at what did not answer.",
  },
  CANCELLED: {
    means: "The work was ended before it was done: the service stops, or the caller has gone.",
    to_do: "Nothing, or ask again.",
  },
  SBE_TRUNCATED: {
    means: "A frame of the exchange ends in the middle of a message.",
    to_do:
      "The frame is dropped and its trades are fetched. Where it goes on, look at what is between here and the exchange.",
  },
  SBE_SCHEMA: {
    means: "A frame is of another schema than the one this version decodes.",
    to_do: "The exchange has changed its schema: a newer version of the program is needed.",
  },
  SBE_BLOCK_LENGTH: {
    means: "A message is shorter than its schema says.",
    to_do: "As SBE_SCHEMA.",
  },
  SBE_GROUP_COUNT: {
    means: "A message claims more entries than it has room for.",
    to_do: "The frame is dropped. Where it goes on, as SBE_SCHEMA.",
  },
  SBE_TRAILING_BYTES: {
    means: "A frame goes on after its message.",
    to_do: "As SBE_SCHEMA.",
  },
  SBE_VALUE: {
    means: "A field of a message has a value it cannot have.",
    to_do: "The frame is dropped. Where it goes on, as SBE_SCHEMA.",
  },
  SBE_SCALE: {
    means: "A price or quantity has more digits than are kept.",
    to_do: "The symbol cannot be served exactly: leave it out of SYMBOLS.",
  },
  SBE_ENCODE: {
    means: "A message could not be written in the exchange's form. Only the paper exchange does that.",
    to_do: "The tape or the simulated market has values the form does not hold.",
  },
  WS_HANDSHAKE: {
    means: "The exchange refused the stream.",
    to_do:
      "The message has its answer. 401: check BINANCE_API_KEY (Ed25519). 451 or 403: the region is not allowed. Else it is tried again.",
  },
  WS_CONTROL: {
    means: "The exchange refused a subscription.",
    to_do: "Check SYMBOLS: a symbol may be misspelt or delisted.",
  },
  WS_CLOSED: {
    means: "The exchange closed the connection.",
    to_do: "It connects again by itself, and what was missed is fetched.",
  },
  WS_FRAME_SIZE: {
    means: "A frame is larger than any message of the exchange.",
    to_do: "It connects again. Where it goes on, look at what is between here and the exchange.",
  },
  WS_STALE: {
    means: "A stream is silent for longer than its usual pauses allow.",
    to_do:
      "It connects again. Vectors are cold meanwhile and say why. Where it goes on, look at the network and the exchange's status page.",
  },
  REST_STATUS: {
    means: "The exchange's REST refused a request.",
    to_do:
      "The message has its answer and its code. 451: the region is not allowed. -2014: historicalTrades needs BINANCE_API_KEY.",
  },
  REST_BODY: {
    means: "REST answered something that is not what its documentation says.",
    to_do:
      "It is tried again. Where it goes on: BINANCE_REST_URL may be no exchange, or a proxy answers in its place.",
  },
  REST_RATE_LIMIT: {
    means: "The exchange asks for fewer requests, and says for how long.",
    to_do: "It waits by itself. Other programs on the same address share the limit.",
  },
  REST_UNREACHABLE: {
    means: "REST cannot be connected to.",
    to_do: "Look at the network, DNS and BINANCE_REST_URL.",
  },
  REST_TIMEOUT: {
    means: "REST did not answer in time.",
    to_do: "It is tried again. Forecasts go on, cold where something is missing.",
  },
  ARCHIVE_UNREACHABLE: {
    means: "The exchange's archive of past trades cannot be read.",
    to_do: "Run the backfill again: it goes on where it was.",
  },
  ARCHIVE_CONTENT: {
    means: "A file of the archive is not what its checksum or its name says.",
    to_do:
      "The message names file and line. Run the backfill again with --refetch; where it stays, the day is not complete and is named so.",
  },
  BOOK_SEQUENCE_GAP: {
    means: "A change of the order book did not come.",
    to_do: "Nothing: a snapshot is fetched. Features of the book are null until it fits.",
  },
  BOOK_CROSSED: {
    means: "The order book has a bid above its ask, which no book has.",
    to_do: "Nothing: it is thrown away and a snapshot is fetched.",
  },
  FEATURE_DEFINITION: {
    means: "A feature is defined in a way that cannot be computed.",
    to_do: "Only while a set is being written: correct its definition.",
  },
  FEATURE_SET_UNKNOWN: {
    means: "There is no feature set of that name.",
    to_do: "The message lists those there are.",
  },
  FEATURE_SET_MISMATCH: {
    means: "A model, a function or a row was made with another definition of its feature set.",
    to_do:
      "Train again with this version, or serve it with the version that made it. For SQL: bun run migrate installs the functions.",
  },
  BUNDLE_INVALID: {
    means: "A model's folder lacks a file, or a file is not what it must be.",
    to_do: "The message names it. The service goes on with a sound model; fetch or train the version again.",
  },
  BUNDLE_HASH: {
    means: "A file of a model is not the one that was registered.",
    to_do: "It was changed or damaged. Restore it from the bundle store, or train again.",
  },
  BUNDLE_GOLDEN: {
    means: "A model computes something else here than where it was trained.",
    to_do: "The machine's arithmetic differs beyond the bound, or the file was exchanged. It is not served.",
  },
  BUNDLE_KEY: {
    means: "A model is sealed by a key that this process does not have.",
    to_do:
      "Set BUNDLE_KEY to the key it was sealed by; after a rotation, name the old key behind the new one.",
  },
  BUNDLE_EXISTS: {
    means: "A version of that name is there already.",
    to_do: "Choose another name: versions never change.",
  },
  GATES_INVALID: {
    means: "models/gates.json does not say what a gate must say.",
    to_do: "The message names the field. Correct the file.",
  },
  ONNX_MALFORMED: {
    means: "A file is no ONNX model, or is cut off.",
    to_do: "Export it again.",
  },
  ONNX_REFUSED: {
    means: "A model uses what is not allowed here: an operator, a size, a shape, data outside its file.",
    to_do: "The message names it. docs/python.md says what can be served.",
  },
  MODEL_INPUT: {
    means: "A model was given a vector it does not take.",
    to_do: "The tick is skipped. Where it goes on, the model and its set do not belong together: roll back.",
  },
  MODEL_OUTPUT: {
    means: "A model gave no number, or one no price can move by.",
    to_do: "The tick is skipped and counted. Where it goes on: bun run models rollback.",
  },
  MODEL_CLOSED: {
    means: "A model was asked while it was being replaced.",
    to_do: "Nothing: the next tick has the new one.",
  },
  NO_PREDICTION_YET: {
    means: "There is no forecast that is young enough.",
    to_do: "The answer says why and since when. /health says which part is behind it.",
  },
  STORE_UNREACHABLE: {
    means: "The database cannot be connected to, or does not answer.",
    to_do:
      "Rows wait in the journal and are written once it is back. Look at the server, the network and DATABASE_URL; bun run doctor tries each.",
  },
  STORE_FENCED: {
    means: "Another service has taken this symbol over: this one was silent for too long.",
    to_do: "Nothing where that was meant. Else stop one of the two.",
  },
  STORE_LEASED: {
    means: "Another service writes this symbol to this database already.",
    to_do: "Stop it, wait until it is gone, or let this one stand by.",
  },
  STORE_REFUSED: {
    means: "The database refused the user or what it asked for.",
    to_do: "The message has the server's sentence. docs/database.md lists the rights that are needed.",
  },
  STORE_VERSION: {
    means: "The database was made by another version of the program.",
    to_do: "Newer here: bun run migrate. Newer there: use the version that made it.",
  },
  STORE_SERVER: {
    means: "The server is not one that can be used: its version, its encoding, its pooler.",
    to_do: "The message names what, and what is needed.",
  },
  STORE_DATA_DIR: {
    means: "DATA_DIR cannot be used: another process has it, or it cannot be written.",
    to_do: "The message names the folder and the reason.",
  },
  STORE_VALUE: {
    means: "A stored value is not what its column holds.",
    to_do: "It was written by something else. The message names table and column.",
  },
  STORE_WRITE_FAILED: {
    means: "The database refused rows.",
    to_do:
      "bun run journal show lists them with the reason; bun run journal replay writes them again once it is mended.",
  },
  STORE_WRITE_TIMEOUT: {
    means: "The database did not take rows in time.",
    to_do: "They are in the journal. Look at what blocks the server: locks, disk, load.",
  },
  STORE_JOURNAL: {
    means: "The journal could not be written.",
    to_do: "Look at the disk that holds DATA_DIR: space, inodes, rights. What is lost is marked and counted.",
  },
  STORE_MIGRATION: {
    means: "A migration failed and was taken back.",
    to_do: "The message has the statement and the server's sentence. Nothing was changed.",
  },
  STORE_QUERY: {
    means: "A question to the database failed or took too long.",
    to_do: "Ask for less, or again. Where it goes on, look at the server's load.",
  },
  BACKUP_INVALID: {
    means: "A backup is torn, altered, or of another format: it is not restored.",
    to_do: "The message names the file. Copy the backup again from where it came, or use another one.",
  },
  AUDIT_BROKEN: {
    means: "A row of the audit was changed or is missing.",
    to_do: "bun run audit verify names the first. Find out who can write to the table besides the service.",
  },
  MODEL_UNKNOWN: {
    means: "There is no version or alias of that name.",
    to_do: "bun run models list shows those there are.",
  },
  MODEL_CONFLICT: {
    means: "The change does not fit what is the case now: another one came first.",
    to_do: "Look at bun run models history and decide again.",
  },
  MODEL_REFUSED: {
    means: "The version may not have that role: it failed a gate, or cannot be served here.",
    to_do: "bun run models show says which gate.",
  },
  BUNDLE_STORE: {
    means: "The store of models (S3) did not answer as it should.",
    to_do: "Models on the disk go on being served. Check BUNDLE_STORE_URL and its keys.",
  },
  LAKE_STORE: {
    means: "The lake's store did not answer as it should.",
    to_do: "The day is written with the next round. Check LAKE_URL and its keys.",
  },
  REDIS_UNREACHABLE: {
    means: "Redis cannot be connected to.",
    to_do: "Forecasts go on. API machines show the age of what they have, and then refuse. Check REDIS_URL.",
  },
  REDIS_REFUSED: {
    means: "Redis refused the password, the command, or is out of memory.",
    to_do: "The message has its sentence. Give it memory, or shorten the streams.",
  },
  REDIS_RECORD: {
    means: "A record in Redis is not of a form this version reads.",
    to_do: "Ingesters and API machines must be of versions that fit.",
  },
  NO_DATABASE: {
    means: "This machine has no database, and the question needs one.",
    to_do: "Set DATABASE_URL, or ask a machine that has it.",
  },
  REQUEST_INVALID: {
    means: "A request has a parameter or a field that is not allowed.",
    to_do: "The answer names it and what was expected.",
  },
  SYMBOL_UNKNOWN: {
    means: "The symbol is not served here.",
    to_do: "/symbols, or SYMBOLS, lists those that are.",
  },
  NOT_FOUND: { means: "There is nothing at this path.", to_do: "docs/api.md lists the paths." },
  UNAUTHENTICATED: {
    means: "The caller is not known: no key, or one that is wrong, expired or revoked.",
    to_do: "bun run keys create makes one.",
  },
  FORBIDDEN: {
    means: "The caller is known, and its role may not do this.",
    to_do: "The answer names the role that may.",
  },
  RATE_LIMITED: { means: "Too many requests from one caller.", to_do: "Wait as long as Retry-After says." },
  BODY_TOO_LARGE: { means: "A body is larger than is taken.", to_do: "The answer says how large it may be." },
  BUSY: {
    means: "As many long answers as are allowed are under way.",
    to_do: "Wait as long as Retry-After says.",
  },
  IDEMPOTENCY_KEY: {
    means: "The Idempotency-Key was used for another request.",
    to_do: "A new request has a new key.",
  },
  IDEMPOTENCY_BUSY: {
    means: "The request with this Idempotency-Key is still under way.",
    to_do: "Ask again in a moment.",
  },
  REQUEST_TIME: {
    means: "A request took longer than one may, and was ended.",
    to_do: "Ask for less at once. Where small ones end too, look at the database and the load.",
  },
  MEDIA_TYPE: {
    means: "The body is of a kind this path does not take.",
    to_do: "Send JSON with Content-Type: application/json, or what docs/api.md says of the path.",
  },
  TRY_AGAIN: {
    means: "What was asked for is not ready yet, or could not be done now.",
    to_do: "Ask again in a moment, as Retry-After says.",
  },
  METHOD_NOT_ALLOWED: {
    means: "The path has no such method.",
    to_do: "The Allow header lists those it has.",
  },
  UPGRADE_REQUIRED: { means: "This path is a WebSocket.", to_do: "Connect with a WebSocket client." },
  TOO_MANY_CLIENTS: {
    means: "As many clients as are allowed are connected.",
    to_do: "Raise the limit, or add an API machine.",
  },
  LISTEN_FAILED: {
    means: "The port cannot be listened on.",
    to_do: "Another program has it, or the right is missing. Choose another PORT.",
  },
  INTERNAL: {
    means: "An error nobody foresaw.",
    to_do: "The log has it under the request id of the answer. It is a defect to be reported.",
  },
  ALERT_CHANNEL: {
    means: "An alert could not be delivered.",
    to_do: "It is tried again, and kept in the table alerts. Look at the webhook or the mail server.",
  },
  ALERT_REFUSED: {
    means: "The receiver of alerts refused one for good.",
    to_do: "The message has its answer: the URL, the address or the password is wrong.",
  },
  TAPE_INVALID: {
    means: "A recording cannot be read.",
    to_do: "The message names what and where. A cut one is read up to its last whole block.",
  },
  TRAIN_DATA: {
    means: "There are too few rows to train on, or they are not what a training needs.",
    to_do: "The message says how many there are and what is needed. Backfill more days, or record longer.",
  },
  TRACKING_REFUSED: {
    means: "The tracking server (MLflow) refused a run.",
    to_do: "The training goes on and its figures are in the database. Check MLFLOW_TRACKING_URI.",
  },
  TRAIN_QUEUE: {
    means: "The queue of trainings did not answer.",
    to_do: "As STORE_UNREACHABLE: it is in the database.",
  },
  TRAIN_JOB: {
    means: "A training ended without a result.",
    to_do: "bun run jobs show says at which step and why.",
  },
  TRAIN_BACKEND: {
    means: "No backend of TensorFlow.js could be loaded.",
    to_do: "Install the dependencies again: npm ci.",
  },
};
