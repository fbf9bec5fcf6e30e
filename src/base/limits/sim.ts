/** What the paper exchange, its recordings and its tapes may hold. */
export const SIM_LIMITS = {
  /** Characters of one line of a recording; a longer one refuses the file (characters). */
  recording_line_chars_max: 4 << 20,
  /** Bytes of one tape block, stored or inflated; a larger one refuses the tape (bytes). */
  tape_block_bytes_max: 4 << 20,
  /** Bytes of a tape's header; a larger one refuses the tape (bytes). */
  tape_header_bytes_max: 16 << 20,
  /** Trades the paper exchange keeps for REST; the oldest are dropped (trades). */
  exchange_trades_kept: 500_000,
  /** One-second bars the paper exchange keeps, set by the 24-hour ticker; the oldest are dropped (bars). */
  exchange_bars_kept: 2 * 86_400,
  /** Messages the paper exchange plays before it lets the event loop run (messages). */
  exchange_step_messages_max: 512,
  /** Bytes a client of the paper exchange may be behind before the market waits for it (bytes). */
  exchange_backlog_bytes_max: 256 << 10,
  /** Seconds the market waits for such a client before it is disconnected (seconds). */
  exchange_drain_wait_s_max: 30,
  /** Frames the paper exchange holds back on request, to send late; beyond it they are sent (frames). */
  exchange_held_frames_max: 100_000,
  /** Streams one connection to the paper exchange may subscribe to, as at Binance (streams). */
  exchange_streams_max: 1_024,
  /** Text, pings and pongs a client may send the paper exchange in a second before it is closed (messages). */
  exchange_client_messages_per_s_max: 5,
  /** Connection attempts from one address in five minutes; further ones are answered 429 (attempts). */
  exchange_connects_per_5min_max: 300,
  /** Fills the simulated market has in a second; further orders of that second do not come (fills). */
  simulator_fills_per_s_max: 6_000,
  /** Makers' quotes the simulated market has in a second; further ones do not come (quotes). */
  simulator_quotes_per_s_max: 5_000,
} as const;
