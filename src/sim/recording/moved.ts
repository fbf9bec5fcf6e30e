/** A message as it would be at another time, or in another numbering. */

import type { Int64 } from "../../base/units.ts";
import type { SbeMessage } from "../../binance/sbe/messages.ts";

/** The message with all its times moved (µs). */
export function moved<Message extends SbeMessage>(message: Message, by_us: number): Message {
  const other = { ...message, event_time_us: plus(message.event_time_us, by_us) };
  if (message.kind !== "trades") return other;
  return { ...other, transact_time_us: plus(message.transact_time_us, by_us) };
}

function plus(time_us: Int64, by_us: number): Int64 {
  return typeof time_us === "number" ? time_us + by_us : time_us + BigInt(by_us);
}

/** The message with all its ids moved: of trades, and of updates of the book. */
export function renumbered(
  message: SbeMessage,
  { trades, updates }: { readonly trades: number; readonly updates: number },
): SbeMessage {
  const update = (id: Int64): number => Number(id) + updates;
  switch (message.kind) {
    case "trades":
      return { ...message, trades: message.trades.map((one) => ({ ...one, id: Number(one.id) + trades })) };
    case "depth_diff":
      return {
        ...message,
        first_book_update_id: update(message.first_book_update_id),
        last_book_update_id: update(message.last_book_update_id),
      };
    default:
      return { ...message, book_update_id: update(message.book_update_id) };
  }
}
