import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Api, UnreachableError } from "../src/http.ts";

let api: Api;
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
  api = new Api({ url: "http://shop", fetch: network });
});
afterEach(async () => {
  answers.splice(0, answers.length, Response.json({}));
  await api.send("/api/me");
  expect(api.trouble.get()).toBeNull();
  vi.useRealTimers();
});

test("an API counts as away until it answers, even with an error of the request", async () => {
  for (const answer of [new TypeError("refused"), new Response("", { status: 502 })]) {
    answers.push(answer, Response.json({ detail: "No such order." }, { status: 404 }));
    await expect(api.send("/api/orders")).rejects.toThrow(UnreachableError);
    expect(api.trouble.get()?.answered).toBe(false);
    await expect(api.send("/api/orders/1")).rejects.toThrow("No such order.");
    expect(api.trouble.get()).toBeNull();
  }
});

test("an API that cannot serve is reported with its own message", async () => {
  const detail = "The database does not answer right now; try again shortly.";
  const code = "database_unavailable";
  answers.push(Response.json({ detail, code }, { status: 503 }));
  await expect(api.send("/api/orders")).rejects.toThrow(detail);
  expect(api.trouble.get()).toMatchObject({ message: detail, answered: true, code });
});

test("a refusal has the code of its problem; an answer that is no problem has none", async () => {
  const errors = [{ field: "note", message: "is required", code: "required" }];
  answers.push(Response.json({ detail: "No.", code: "invalid_input", errors }, { status: 422 }));
  const fields = { note: "is required" };
  await expect(api.send("/api/orders")).rejects.toMatchObject({ code: "invalid_input", fields });
  answers.push(new Response("Not Found", { status: 404 }));
  await expect(api.send("/api/orders")).rejects.toMatchObject({ code: "", status: 404 });
});

test("a read times out; a write does not, because its outcome would be unknown", async () => {
  answers.push("hangs", "hangs");
  const reading = api.send("/api/orders");
  const writing = api.send("/api/orders", { method: "POST" });
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
  const writing = api.send("/api/orders/1", { method: "PUT", signal: request.signal });
  await vi.advanceTimersByTimeAsync(4_999);
  expect(api.trouble.get()).toBeNull();
  await vi.advanceTimersByTimeAsync(1);
  expect(api.trouble.get()?.message).toBe("The API does not answer.");
  request.abort();
  await expect(writing).rejects.toThrow(DOMException);
});

test("a request that is refused is repeated once the user has signed in again", async () => {
  const onUnauthorized = vi.fn(() => Promise.resolve(true));
  api = new Api({ url: "http://shop", fetch: network, onUnauthorized });
  const refusal = () => Response.json({ detail: "Sign in." }, { status: 401 });
  answers.push(refusal(), Response.json({ id: 7 }));
  expect(await (await api.send("/api/orders/7")).json()).toEqual({ id: 7 });
  answers.push(refusal());
  await expect(api.send("/api/session", { method: "POST", signsIn: true })).rejects.toThrow(
    "Sign in.",
  );
  expect(onUnauthorized).toHaveBeenCalledOnce();
});

test("an aborted request does not change the state of the API", async () => {
  answers.push("hangs");
  const request = new AbortController();
  const reading = api.send("/api/orders", { signal: request.signal });
  request.abort();
  await expect(reading).rejects.toThrow(DOMException);
  expect(api.trouble.get()).toBeNull();
});
