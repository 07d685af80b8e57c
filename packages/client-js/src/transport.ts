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
export const LOST = 1006;
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
export function openEventStream(
  api: Api,
  path: string,
  token: string | null,
  handlers: Handlers,
): Transport {
  const request = new AbortController();
  const { signal } = request;
  const read = async (): Promise<number> => {
    try {
      const { readEventStream } = await import("./event-stream.ts"); // few pages need it
      return await readEventStream(api, path, token, handlers, signal);
    } catch {
      return LOST;
    }
  };
  void read().then((code) => {
    if (!signal.aborted) handlers.onClose(code);
  });
  return { name: "sse", send: () => false, close: () => request.abort() };
}
