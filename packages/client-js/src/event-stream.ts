/** Reads server-sent events with `fetch`. */
import type { Api } from "./http.ts";
import { parseJson } from "./json.ts";
import { isRow } from "./row.ts";
import { type Handlers, LOST, UNAUTHORIZED } from "./transport.ts";

/**
 * Reads a stream to its end and returns the code with which it ended. Throws if the connection broke.
 */
export async function readEventStream(
  api: Api,
  path: string,
  token: string | null,
  handlers: Handlers,
  signal: AbortSignal,
): Promise<number> {
  const headers = { Accept: "text/event-stream" };
  const response = await api.fetch(path, { headers, signal, cache: "no-store" }, token);
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
    for (const { name, data } of lines.push(decoder.decode(part.value, { stream: true }))) {
      if (name === "close") return codeIn(data);
      if (isOpen()) handlers.onMessage(data);
    }
  }
  return LOST;
}

function codeIn(data: string): number {
  const told = parseJson(data);
  return isRow(told) && typeof told.code === "number" ? told.code : LOST;
}

export interface StreamedEvent {
  /** Empty for a message. `close`: the event says why the stream ends. */
  readonly name: string;
  readonly data: string;
}

/** Splits a stream of text into events. Pure. */
export class EventLines {
  /** The parts of an event whose end has not arrived. */
  #parts: string[] = [];

  /**
   * Adds text and yields complete events. Text may be cut anywhere; the server ends lines with a single
   * line feed.
   */
  *push(text: string): IterableIterator<StreamedEvent> {
    let start = 0;
    // The blank line that ends an event may have been cut in its middle.
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

  *#end(text: string): IterableIterator<StreamedEvent> {
    const lines = [...this.#parts, text].join("").split("\n");
    this.#parts = [];
    const values = (field: string) =>
      lines.flatMap((line) => (line.startsWith(`${field}:`) ? [line.slice(field.length + 1)] : []));
    const data = values("data").map((value) => value.replace(/^ /, ""));
    const name = values("event").at(-1)?.trim() ?? "";
    if (data.length > 0) yield { name, data: data.join("\n") };
  }
}
