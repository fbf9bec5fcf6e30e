/** The channels that the settings name. */

import type { Clock } from "../../../base/clock.ts";
import type { Config } from "../../../base/config.ts";
import type { Channel } from "./channel.ts";
import { mailChannel } from "./mail.ts";
import { slackChannel, webhookChannel } from "./webhook.ts";

export type ChannelConfig = Pick<
  Config,
  "slack_webhook_url" | "alert_webhook_url" | "alert_email" | "alert_email_from" | "smtp_url"
>;

export function channelsOf(config: ChannelConfig, clock: Clock): Channel[] {
  const { slack_webhook_url, alert_webhook_url, alert_email: to, alert_email_from: from, smtp_url } = config;
  return [
    ...(slack_webhook_url ? [slackChannel(slack_webhook_url, clock)] : []),
    ...(alert_webhook_url ? [webhookChannel(alert_webhook_url, clock)] : []),
    ...(to && smtp_url ? [mailChannel({ url: smtp_url, to, from })] : []),
  ];
}
