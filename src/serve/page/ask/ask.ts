/**
 * What the page asks of the service, and what may come of it: an answer, not allowed, nothing yet, no connection. The key
 * of an operator is kept in this tab's session storage alone and sent as a header.
 */

const KEY = "foretick-key";

export const heldKey = (): string | null => sessionStorage.getItem(KEY);
export const holdKey = (key: string): void => sessionStorage.setItem(KEY, key.trim());
export const forgetKey = (): void => sessionStorage.removeItem(KEY);

/** As every request says who asks; nothing where there is no key. */
export function keyHeaders(): Record<string, string> {
  const key = heldKey();
  return key ? { authorization: `Bearer ${key}` } : {};
}

/** As a WebSocket says it, which takes no headers: the key goes into no address. */
export function keyProtocols(): string[] {
  const key = heldKey();
  return key ? ["foretick", `bearer.${key}`] : [];
}

export type Answer<Body> =
  | { readonly kind: "ok"; readonly body: Body }
  /** Sentences for people: the service's own. */
  | { readonly kind: "not allowed"; readonly why: string }
  | { readonly kind: "none"; readonly why: string; readonly status: number }
  | { readonly kind: "cut off"; readonly why: string };

/** How long a reader waits for an answer (ms). */
const WAIT_MS = 10_000;

export async function ask<Body>(path: string, init: RequestInit = {}): Promise<Answer<Body>> {
  const headers = { ...(init.headers as Record<string, string> | undefined), ...keyHeaders() };
  try {
    const answer = await fetch(path, { ...init, headers, signal: AbortSignal.timeout(WAIT_MS) });
    if (answer.ok) return { kind: "ok", body: (await answer.json()) as Body };
    const { detail } = (await answer.json().catch(() => ({}))) as { detail?: string };
    const why = detail ?? `The service answered ${answer.status}.`;
    if (answer.status === 401 || answer.status === 403) return { kind: "not allowed", why };
    return { kind: "none", why, status: answer.status };
  } catch {
    return { kind: "cut off", why: "The service does not answer. It is asked again by itself." };
  }
}

/** A change: what it is to do as JSON. */
export const post = <Body>(path: string, body?: object): Promise<Answer<Body>> =>
  ask<Body>(path, {
    method: "POST",
    ...(body && { body: JSON.stringify(body), headers: { "content-type": "application/json" } }),
  });
