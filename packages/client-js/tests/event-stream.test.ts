import fc from "fast-check";
import { expect, test } from "vitest";
import { EventLines, readEventStream } from "../src/event-stream.ts";
import { Api } from "../src/http.ts";

const STREAM =
  'id: s:1\ndata: {"a":\ndata: 1}\n\n:\n\ndata: two\n\nevent: close\ndata: {"code":4001}\n\n';

test("events are read whole, wherever the network cuts them", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: STREAM.length })), (cuts) => {
      const places = [0, ...cuts.sort((a, b) => a - b), STREAM.length];
      const lines = new EventLines();
      const read = places.flatMap((from, at) => [
        ...lines.push(STREAM.slice(from, places[at + 1])),
      ]);
      expect(read).toEqual([
        { name: "", data: '{"a":\n1}' },
        { name: "", data: "two" },
        { name: "close", data: '{"code":4001}' },
      ]);
    }),
  );
});

test("the stream ends with the code that the gateway tells", async () => {
  const answer = () =>
    Promise.resolve(new Response(STREAM, { headers: { "Content-Type": "text/event-stream" } }));
  const api = new Api({ url: "http://shop", fetch: answer });
  const messages: unknown[] = [];
  const nothing = () => undefined;
  const handlers = {
    onOpen: nothing,
    onBytes: nothing,
    onClose: nothing,
    onMessage: (data: unknown) => messages.push(data),
  };
  const { signal } = new AbortController();
  expect(await readEventStream(api, "/sse", null, handlers, signal)).toBe(4001);
  expect(messages).toHaveLength(2);
});
