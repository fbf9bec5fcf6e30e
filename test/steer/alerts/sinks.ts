/** Real servers on loopback that take alerts: a webhook, and a mailbox behind SMTP. Each can be taken away and brought back. */

import { SMTPServer } from "smtp-server";

export interface Taken {
  readonly path: string;
  readonly body: Record<string, unknown>;
}

export class WebhookSink {
  readonly taken: Taken[] = [];
  /** Requests, those that were refused with them. */
  asked = 0;
  /** What it answers; a Response, or "hang". */
  answer: () => Response | "hang" = () => new Response("ok");
  #server: ReturnType<typeof Bun.serve> | undefined;
  #port = 0;

  start(): this {
    this.#server = Bun.serve({
      ...{ port: this.#port, hostname: "127.0.0.1" },
      fetch: async (request) => {
        this.asked++;
        const body = (await request.json()) as Record<string, unknown>;
        const answer = this.answer();
        if (answer === "hang") return await new Promise<Response>(() => {});
        if (answer.ok) this.taken.push({ path: new URL(request.url).pathname, body });
        return answer;
      },
    });
    this.#port = this.#server.port!;
    return this;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}/services/T0/s3cr3t`;
  }

  /** Nothing listens there any more, until `start`. */
  async stop(): Promise<void> {
    await this.#server?.stop(true);
    this.#server = undefined;
  }
}

export interface Mail {
  readonly from: string;
  readonly to: readonly string[];
  readonly text: string;
}

export class MailSink {
  readonly mails: Mail[] = [];
  readonly logins: string[] = [];
  /** Refuses messages with this number (e.g. 451); undefined: takes them. */
  refuses: number | undefined;
  #server: SMTPServer | undefined;
  #port = 0;

  async start(): Promise<this> {
    const server = new SMTPServer({
      ...{ authOptional: true, disabledCommands: ["STARTTLS"], logger: false },
      onAuth: ({ username }, _session, done) => {
        this.logins.push(String(username));
        done(null, { user: username });
      },
      onData: (stream, { envelope }, done) => {
        const pieces: Buffer[] = [];
        stream.on("data", (piece: Buffer) => pieces.push(piece));
        stream.on("end", () => {
          if (this.refuses !== undefined) {
            return done(Object.assign(new Error("not now"), { responseCode: this.refuses }));
          }
          const { mailFrom, rcptTo } = envelope;
          const from = mailFrom === false ? "" : mailFrom.address;
          const text = Buffer.concat(pieces).toString();
          this.mails.push({ from, to: rcptTo.map(({ address }) => address), text: plain(text) });
          done();
        });
      },
    });
    server.on("error", () => {});
    await new Promise<void>((resolve) => server.listen(this.#port, "127.0.0.1", () => resolve()));
    this.#server = server;
    this.#port = (server.server.address() as { port: number }).port;
    return this;
  }

  get url(): string {
    return `smtp://foretick:s3cr3t@127.0.0.1:${this.#port}`;
  }

  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server) await new Promise<void>((resolve) => server.close(() => resolve()));
  }
}

/** Quoted-printable undone, as far as these messages use it. */
const plain = (text: string): string =>
  text
    .replaceAll("=\r\n", "")
    .replaceAll("\r\n", "\n")
    .replace(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
