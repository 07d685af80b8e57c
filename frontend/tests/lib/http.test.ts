import { afterEach, beforeEach, expect, test, vi } from "vitest";
import * as z from "zod/mini";
import { apiTrouble, request, send, UnreachableError } from "@/lib/http";

const Anything = z.unknown();
const answers: (Response | Error | "hangs")[] = [];

/** Replaces the network under `fetch`. */
const network = (_path: unknown, init: RequestInit = {}) =>
  new Promise<Response>((resolve, reject) => {
    const answer = answers.shift();
    init.signal?.addEventListener("abort", () => reject(init.signal?.reason as Error));
    if (answer instanceof Error) reject(answer);
    else if (answer instanceof Response) resolve(answer);
  });

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal("fetch", network);
});
afterEach(async () => {
  answers.splice(0, answers.length, Response.json({}));
  await request(Anything, "/api/me");
  expect(apiTrouble.get()).toBeNull();
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

test("an API counts as away until it answers, even with an error of the request", async () => {
  for (const answer of [new TypeError("refused"), new Response("", { status: 502 })]) {
    answers.push(answer, Response.json({ detail: "No such order." }, { status: 404 }));
    await expect(send("/api/orders")).rejects.toThrow(UnreachableError);
    expect(apiTrouble.get()?.answered).toBe(false);
    await expect(send("/api/orders/1")).rejects.toThrow("No such order.");
    expect(apiTrouble.get()).toBeNull();
  }
});

test("an API that cannot serve is reported with its own message", async () => {
  const detail = "The database does not answer right now; try again shortly.";
  answers.push(Response.json({ detail }, { status: 503 }));
  await expect(send("/api/orders")).rejects.toThrow(detail);
  expect(apiTrouble.get()).toMatchObject({ message: detail, answered: true });
});

test("a read times out; a write does not, because its outcome would be unknown", async () => {
  answers.push("hangs", "hangs");
  const reading = send("/api/orders");
  const writing = send("/api/orders", { method: "POST" });
  const outcome = expect(reading).rejects.toThrow("The API does not answer.");
  const written = vi.fn();
  writing.then(written, written);
  await vi.advanceTimersByTimeAsync(60_000);
  await outcome;
  expect(written).not.toHaveBeenCalled();
});

test("a request without an answer for 5 s shows, until the answer arrives", async () => {
  answers.push("hangs");
  const request = new AbortController();
  const writing = send("/api/orders/1", { method: "PUT", signal: request.signal });
  await vi.advanceTimersByTimeAsync(4_999);
  expect(apiTrouble.get()).toBeNull();
  await vi.advanceTimersByTimeAsync(1);
  expect(apiTrouble.get()?.message).toBe("The API does not answer.");
  request.abort();
  await expect(writing).rejects.toThrow(DOMException);
});

test("an aborted request does not change the state of the API", async () => {
  answers.push("hangs");
  const request = new AbortController();
  const reading = send("/api/orders", { signal: request.signal });
  request.abort();
  await expect(reading).rejects.toThrow(DOMException);
  expect(apiTrouble.get()).toBeNull();
});
