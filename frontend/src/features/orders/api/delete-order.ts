import { send } from "@/lib/http";

export async function deleteOrder(id: number): Promise<void> {
  await send(`/api/orders/${id}`, { method: "DELETE" });
}
