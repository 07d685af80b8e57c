/** The dashboard's access to the API: sends the user's token and checks the shape of answers. */
import { Api, type RequestOptions } from "real-time-orders";
import { currentToken, signedInAgain } from "./credentials";
import type { Shape } from "./shape";

export const api = new Api({ token: currentToken, onUnauthorized: signedInAgain });

/** Why the last request to the API got no answer; null if the API answered. */
export const apiTrouble = api.trouble;

export const request = <T>(shape: Shape<T>, path: string, init?: RequestOptions): Promise<T> =>
  api.request((body) => shape(body) ?? null, path, init);

export const send = (path: string, init?: RequestOptions): Promise<Response> =>
  api.send(path, init);
