/** A way to a person: a chat, a webhook, mail. */

import type { AlertMessage } from "../message.ts";

export interface Channel {
  readonly name: "slack" | "webhook" | "mail";
  /** Where it goes, without what is secret: for logs and health. */
  readonly address: string;
  /** The setting a person looks at where it fails. */
  readonly setting: string;
  /**
   * Resolves when the other side has taken it.
   * @throws ForetickError ALERT_CHANNEL where another try may help (`details.retry_after_s` where it said when),
   *   ALERT_REFUSED where it refuses this message. Neither holds a secret.
   */
  send(message: AlertMessage, signal: AbortSignal): Promise<void>;
  /** May be called twice. */
  close(): void;
}
