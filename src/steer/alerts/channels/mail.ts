/** Mail by SMTP. One connection a message: alerts are rare. */

import { hostname } from "node:os";
import { createTransport } from "nodemailer";
import { ForetickError } from "../../../base/errors.ts";
import { LIMITS } from "../../../base/limits.ts";
import type { AlertMessage } from "../message.ts";
import type { Channel } from "./channel.ts";

export interface MailOptions {
  /** smtp://user:password@host:587 (encrypted where the server offers it) or smtps://…:465. */
  readonly url: string;
  readonly to: readonly string[];
  /** Undefined: the URL's user where that is an address, else foretick at this machine. */
  readonly from: string | undefined;
}

/** Hosts to which nothing leaves the machine. */
const LOOPBACK = ["localhost", "127.0.0.1", "[::1]"];
const ADDRESS = /^[^\s@<>,;"]+@[^\s@<>,;"]+$/;

export function mailChannel({ url, to, from }: MailOptions): Channel {
  const { host, hostname: server, username } = new URL(url);
  const user = decodeURIComponent(username);
  const sender = from ?? (ADDRESS.test(user) ? user : `foretick@${hostname()}`);
  const ms = LIMITS.alert_send_ms_max;
  const transport = createTransport({
    url,
    ...{ connectionTimeout: ms, greetingTimeout: ms, socketTimeout: ms, dnsTimeout: ms },
    // A password goes to no other machine in the clear.
    requireTLS: user !== "" && !LOOPBACK.includes(server),
    // A message is text of ours: it brings in no file and no page.
    ...{ disableFileAccess: true, disableUrlAccess: true },
  });
  return {
    ...{ name: "mail", address: host, setting: "SMTP_URL and ALERT_EMAIL" },
    close: () => transport.close(),
    send: async (message) => {
      try {
        await transport.sendMail({
          ...{ from: { name: "foretick", address: sender }, to: [...to] },
          ...{ subject: message.subject, text: message.text, messageId: messageId(message) },
          ...(message.step === "raised" ? {} : { inReplyTo: messageId({ ...message, step: "raised" }) }),
          headers: { "Auto-Submitted": "auto-generated" },
        });
      } catch (error) {
        throw mailError(error, host);
      }
    },
  };
}

/** The same for a message that is sent again, so that a mailbox shows it once. */
const messageId = ({ alert_id, step }: Pick<AlertMessage, "alert_id" | "step">): string =>
  `<${alert_id}.${step}@foretick>`;

/** What the server said may hold what it was told: only its number is kept. */
function mailError(error: unknown, host: string): ForetickError {
  const { code, responseCode } = error as { code?: unknown; responseCode?: unknown };
  const number = typeof responseCode === "number" ? `, answered ${responseCode}` : "";
  const why = typeof code === "string" && /^E[A-Z]+$/.test(code) ? ` (${code})` : "";
  const message = `the mail server ${host} expected to take a message, did not${number}${why}. Check SMTP_URL and ALERT_EMAIL`;
  // A lasting refusal of the message itself; one of the password may be mended there.
  const is_refused = typeof responseCode === "number" && responseCode >= 550 && responseCode < 560;
  return new ForetickError(is_refused ? "ALERT_REFUSED" : "ALERT_CHANNEL", message);
}
