/** A WebSocket that a test controls. */
export class FakeSocket {
  readyState: WebSocket["readyState"] = 1;
  onopen: WebSocket["onopen"] = null;
  onmessage: WebSocket["onmessage"] = null;
  onclose: WebSocket["onclose"] = null;
  readonly sent: unknown[] = [];
  readonly query: URLSearchParams;

  constructor(url: string) {
    this.query = new URL(url).searchParams;
  }

  send(data: unknown): void {
    this.sent.push(data);
  }

  close(): void {
    this.readyState = 3;
  }

  open(): void {
    this.#call(this.onopen, {});
  }

  /** Receive a message from the server. */
  say(message: unknown): void {
    this.sayText(JSON.stringify(message));
  }

  sayText(data: unknown): void {
    this.#call(this.onmessage, { data });
  }

  /** Close the connection from the server's side. */
  break(code = 1006): void {
    this.readyState = 3;
    this.#call(this.onclose, { code });
  }

  #call(handler: unknown, event: object): void {
    if (typeof handler === "function") Reflect.apply(handler, this, [event]);
  }
}
