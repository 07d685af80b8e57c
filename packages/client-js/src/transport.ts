/** Two ways in which the server's messages arrive: a WebSocket, and server-sent events. */
import type { Api } from "./http.ts";

export interface Handlers {
  readonly onOpen: () => void;
  readonly onMessage: (data: unknown) => void;
  /** Some bytes arrived, perhaps not yet a whole message. */
  readonly onBytes: () => void;
  /** The connection ended. Not called after `close`. */
  readonly onClose: (code: number) => void;
}

export interface Transport {
  readonly name: "websocket" | "sse";
  /** Send a message; false where the transport carries none or is not open. */
  send(text: string): boolean;
  close(): void;
}

/** The part of the WebSocket class that is used. */
export type WebSocketClass = new (
  url: string,
) => Pick<WebSocket, "close" | "send" | "readyState" | "onopen" | "onmessage" | "onclose">;

export const UNAUTHORIZED = 4001;
const LOST = 1006;
const OPEN = 1;

export function openWebSocket(Socket: WebSocketClass, url: string, handlers: Handlers): Transport {
  const socket = new Socket(url.replace(/^http/, "ws"));
  socket.onopen = () => handlers.onOpen();
  socket.onmessage = ({ data }) => handlers.onMessage(data);
  socket.onclose = ({ code }) => handlers.onClose(code);
  return {
    name: "websocket",
    send(text) {
      if (socket.readyState !== OPEN) return false;
      socket.send(text);
      return true;
    },
    close() {
      socket.onopen = socket.onmessage = socket.onclose = null;
      socket.close();
    },
  };
}

/** Read with `fetch`: unlike an EventSource it tells why it was refused, shows bytes, and is in Node. */
export function openEventStream(api: Api, path: string, handlers: Handlers): Transport {
  const request = new AbortController();
  void readStream(api, path, handlers, request.signal).then((code) => {
    if (!request.signal.aborted) handlers.onClose(code);
  });
  return { name: "sse", send: () => false, close: () => request.abort() };
}

async function readStream(
  api: Api,
  path: string,
  handlers: Handlers,
  signal: AbortSignal,
): Promise<number> {
  try {
    const headers = { Accept: "text/event-stream" };
    const response = await api.fetch(path, { headers, signal, cache: "no-store" });
    if (response.status === 401) return UNAUTHORIZED;
    const isStream = response.headers.get("Content-Type")?.startsWith("text/event-stream");
    if (!response.ok || !isStream || !response.body) return LOST;
    handlers.onOpen();
    const lines = new EventLines();
    const decoder = new TextDecoder();
    const reader = response.body.getReader();
    const isOpen = () => !signal.aborted;
    for (let part = await reader.read(); !part.done && isOpen(); part = await reader.read()) {
      handlers.onBytes();
      for (const data of lines.push(decoder.decode(part.value, { stream: true }))) {
        if (isOpen()) handlers.onMessage(data);
      }
    }
    return LOST;
  } catch {
    return LOST;
  }
}

/** Cuts a stream of text into events, and returns their data. Pure. */
export class EventLines {
  /** The begin of an event whose end has not arrived. */
  #parts: string[] = [];

  /** Proxies may cut anywhere, but the server ends lines with \n alone. */
  *push(text: string): IterableIterator<string> {
    let start = 0;
    // The empty line that ends an event may have been cut in its middle.
    if (text.startsWith("\n") && this.#parts.at(-1)?.endsWith("\n")) {
      yield* this.#end("");
      start = 1;
    }
    for (let end = text.indexOf("\n\n", start); end >= 0; end = text.indexOf("\n\n", start)) {
      yield* this.#end(text.slice(start, end));
      start = end + 2;
    }
    if (start < text.length) this.#parts.push(text.slice(start));
  }

  *#end(text: string): IterableIterator<string> {
    const lines = [...this.#parts, text].join("").split("\n");
    this.#parts = [];
    const data = lines.filter((line) => line.startsWith("data:"));
    if (data.length > 0) yield data.map((line) => line.replace(/^data: ?/, "")).join("\n");
  }
}
