/** Of the database, the registry, Redis and what is kept elsewhere. */

import type { ErrorCode } from "../../errors.ts";
import type { Advice } from "./advice.ts";

export const STORE_ERRORS = {
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
    to_do: "Models on the disk go on being served. Check S3_ENDPOINT, S3_BUCKET and their keys.",
  },
  LAKE_STORE: {
    means: "The lake's store did not answer as it should.",
    to_do: "The day is written with the next round. Check LAKE, LAKE_DIR or S3_BUCKET, and their keys.",
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
} satisfies Partial<Record<ErrorCode, Advice>>;
