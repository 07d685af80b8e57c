import fc from "fast-check";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Followed } from "@/lib/followed";
import { inserted, order } from "../events";

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

interface Page {
  position: number;
  count: number;
}

const event = (position: number) => inserted(position, order(position));
const settle = () => vi.advanceTimersByTimeAsync(0);

test("I7: whenever the answer was read and arrives, every event counts exactly once", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.nat({ max: 10 }),
      fc.nat({ max: 10 }),
      fc.nat({ max: 10 }),
      async (before, read, late) => {
        let answer: (page: Page) => void = () => undefined;
        const followed = new Followed<Page, number>({
          fetch: () => new Promise((resolve) => (answer = resolve)),
          open: ({ count }) => count,
          apply: (count, events) => count + events.length,
        });
        let position = 0;
        const deliver = (count: number) => {
          const events = Array.from({ length: count }, () => event((position += 1)));
          followed.receive(events);
        };
        deliver(before);
        followed.restart();
        deliver(late);
        answer({ position: before + read, count: before + read });
        await settle();
        deliver(10);
        followed.stop();
        expect(followed.state.get()).toBe(Math.max(before + read, position));
      },
    ),
  );
});

test("conflated events cause a new request", async () => {
  const pages = [1, 50].map((count) => ({ position: count, count }));
  const followed = new Followed<Page, number>({
    fetch: () => Promise.resolve(pages.shift() ?? { position: 0, count: 0 }),
    open: ({ count }) => count,
    apply: (count, events) => count + events.length,
  });
  followed.restart();
  await settle();
  followed.receive([event(50)], true);
  await vi.advanceTimersByTimeAsync(1000);
  expect(followed.state.get()).toBe(50);
  followed.stop();
});
