/** Whose address a request is from. What a header says of it counts only where a proxy we know has written it. */

import { BlockList, isIP } from "node:net";

export class TrustedProxies {
  readonly #list = new BlockList();

  /** @param proxies addresses and networks: `10.0.0.7`, `10.0.0.0/8`, `fd00::/8`. */
  constructor(proxies: readonly string[]) {
    for (const proxy of proxies) {
      const [address = "", bits] = proxy.split("/");
      const family = isIP(address) === 6 ? "ipv6" : "ipv4";
      if (bits === undefined) this.#list.addAddress(address, family);
      else this.#list.addSubnet(address, Number(bits), family);
    }
  }

  /**
   * The caller's address: the last in X-Forwarded-For that no trusted proxy wrote of another, where a trusted proxy is
   * connected; else that of the connection itself.
   */
  callerOf(connected: string, forwarded_for: string | null): string {
    let caller = plain(connected);
    if (forwarded_for === null) return caller;
    const said = forwarded_for.split(",").map((text) => plain(text.trim()));
    while (this.#trusts(caller)) {
      const before = said.pop();
      if (before === undefined || isIP(before) === 0) break;
      caller = before;
    }
    return caller;
  }

  #trusts(address: string): boolean {
    return this.#list.check(address, isIP(address) === 6 ? "ipv6" : "ipv4");
  }
}

/** An IPv4 address that came through an IPv6 socket is itself again. */
const plain = (address: string): string => address.replace(/^::ffff:(?=\d+\.)/i, "");

export const isLoopback = (address: string): boolean => address === "::1" || address.startsWith("127.");

/** What one caller has: an IPv4 address, or the 64 bits of an IPv6 network, of which anyone has 2⁶⁴ addresses. */
export function networkOf(address: string): string {
  if (isIP(address) !== 6) return address;
  const [head = "", tail] = address.split("::");
  const groups = head === "" ? [] : head.split(":");
  const rest = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = tail === undefined ? 0 : 8 - groups.length - rest.length;
  return [...groups, ...Array<string>(Math.max(0, zeros)).fill("0"), ...rest].slice(0, 4).join(":");
}
