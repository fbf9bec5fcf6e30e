/** The network as the exchange's clients use it, as a port: a simulation gives one that lives in its own memory. */

/** What is used of a WebSocket. */
export type WireSocket = Pick<
  WebSocket,
  "binaryType" | "readyState" | "addEventListener" | "send" | "close" | "terminate"
>;

export interface Network {
  /** Begins to open a WebSocket; how that goes is told by its events. */
  readonly openSocket: (url: string, headers: Readonly<Record<string, string>>) => WireSocket;
  /** As the global one. */
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>;
}

export const MACHINE_NETWORK: Network = {
  openSocket: (url, headers) => new WebSocket(url, { headers, perMessageDeflate: false }),
  fetch: (url, init) => fetch(url, init),
};
