/** Requests about saved views. */
import { withJson } from "real-time-orders";
import { request, send } from "@/lib/http";
import { count, flag, member, object, type Read, readable, text } from "@/lib/shape";

const SavedView = object({ id: count, table: text, name: text, query: text, shared: flag });
const ViewList = member("views", readable(SavedView));

/** `query` is the view's query string. Everyone sees `shared` views. */
export type SavedView = Read<typeof SavedView>;
export type NewView = Omit<SavedView, "id">;

export const listViews = (): Promise<readonly SavedView[]> => request(ViewList, "/api/views");

export const addView = (view: NewView): Promise<SavedView> =>
  request(SavedView, "/api/views", withJson("POST", JSON.stringify(view)));

export const changeView = (
  id: number,
  change: Partial<Pick<SavedView, "name" | "query">>,
): Promise<SavedView> =>
  request(SavedView, `/api/views/${id}`, withJson("PATCH", JSON.stringify(change)));

export const removeView = async (id: number): Promise<void> => {
  await send(`/api/views/${id}`, { method: "DELETE" });
};
