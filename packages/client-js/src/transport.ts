/** The two ways for the server's messages to arrive: WebSocket and server-sent events. */
import type { Api } from "./http.ts";

export interface Handlers {
  readonly onOpen: () => void;
  readonly onMessage: (data: unknown) => void;
  /** Called when bytes arrive, possibly not yet a whole message. */
  readonly onBytes: () => void;
  /** Called when the connection has ended, but not after `close`. */
  readonly onClose: (code: number) => void;
}

export interface Transport {
  readonly name: "websocket" | "sse";
  /** Sends a message. Returns false if the transport cannot send, or is not open. */
  send(text: string): boolean;
  close(): void;
}

/** The part of the WebSocket class that is used here. */
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

/**
 * Opens a stream of server-sent events with `fetch`. Unlike an EventSource, `fetch` tells why a request
 * was refused, shows each part that arrives, and exists in Node.
 */
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
