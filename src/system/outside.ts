/**
 * Where the service touches what is outside of it: network, disk, database, models, callers. The machine's by
 * default; a simulation of the whole service gives others, which live in its memory and on its clock.
 */

import type { Clock } from "../base/clock.ts";
import type { Config } from "../base/config.ts";
import type { Logger } from "../base/log.ts";
import { MACHINE_NETWORK, type Network } from "../binance/network.ts";
import { type Database, openLink } from "../record/database.ts";
import type { FillHistory } from "../record/fill_history.ts";
import { type Holder, holderOf } from "../record/lease/holder.ts";
import { DatabaseLink } from "../record/link.ts";
import { Queries } from "../record/queries.ts";
import { type Disk, realDisk } from "../record/write/disk.ts";
import { type RunningServer, type ServerOptions, startServer } from "../serve/server.ts";
import type { Alerts } from "../steer/alerts/alerts.ts";
import { type AlertsOverOptions, alertsOver } from "./alerts.ts";
import { type ModelsInUse, ServedModels, type ServedModelsOptions } from "./model/served_models.ts";
import { PatienceFile, type PatienceFileOptions } from "./store/patience_file.ts";
import type { StoreLink } from "./store/store.ts";
import { StoredParts, type StoredPartsOptions } from "./store/stored_parts.ts";

export interface LinkWanted {
  readonly config: Config;
  readonly clock: Clock;
  readonly log: Logger;
}

export interface Outside {
  readonly network: Network;
  /** Of the journal. */
  readonly disk: Disk;
  /** @throws ForetickError STORE_DATA_DIR, CONFIG_INVALID. */
  readonly link: (wanted: LinkWanted) => StoreLink;
  /** Who this service is to others on its database. */
  readonly holder: (data_dir: string) => Holder;
  /** What a look-back reads of an open database. */
  readonly history: (database: Database) => FillHistory;
  /** What works on an open database; undefined: nothing does. */
  readonly storedParts: (options: StoredPartsOptions) => StoredParts | undefined;
  readonly models: (options: ServedModelsOptions) => Promise<ModelsInUse>;
  readonly patience: (options: PatienceFileOptions) => Pick<PatienceFile, "read" | "keep" | "close">;
  /** Undefined: nobody is told of anything. */
  readonly alerts: (options: AlertsOverOptions) => Alerts | undefined;
  /** @throws ForetickError LISTEN_FAILED. */
  readonly listen: (options: ServerOptions) => Promise<RunningServer>;
}

export const THE_MACHINE: Outside = {
  network: MACHINE_NETWORK,
  disk: realDisk,
  link: ({ config, clock, log }) => {
    const link = new DatabaseLink({ url: config.database_url, data_dir: config.data_dir, clock, log });
    return {
      data_dir: link.data_dir,
      open: () => openLink(link, { migrate: config.migrate === "on" }),
      close: () => link.close(),
    };
  },
  holder: holderOf,
  history: (database) => new Queries(database),
  storedParts: (options) => new StoredParts(options),
  models: (options) => ServedModels.start(options),
  patience: (options) => new PatienceFile(options),
  alerts: alertsOver,
  listen: startServer,
};
