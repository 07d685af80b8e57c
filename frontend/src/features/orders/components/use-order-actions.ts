import { useMutation } from "@tanstack/react-query";
import * as z from "zod/mini";
import { useToasts } from "@/components/toasts";
import { messageOf } from "@/lib/error-message";
import { RefusedError } from "@/lib/http";
import { Order, type Status } from "@/lib/protocol";
import { changeStatus } from "../api/change-status";
import { deleteOrder } from "../api/delete-order";
import type { OrderEdits } from "../model/order-edits";
import type { OrdersFeed } from "../model/orders-feed";

export interface OrderActions {
  readonly setStatus: (order: Order, status: Status) => void;
  readonly remove: (order: Order) => void;
}

interface StatusChange {
  readonly order: Order;
  readonly status: Status;
}

const Conflict = z.object({ order: Order });

/** What a user does to an order: shown at once, taken back (and said so) where it is refused. */
export function useOrderActions(feed: OrdersFeed, edits: OrderEdits): OrderActions {
  const toasts = useToasts();
  const { mutate: setStatus } = useMutation({
    mutationFn: ({ order, status }: StatusChange) => changeStatus(order.id, status, order.version),
    onMutate: ({ order, status }) =>
      edits.begin(order.id, { status, deleted: false }, feed.state.get().table.orders),
    onSuccess: ({ id, version }) => edits.accepted(id, version),
    onError: (error, change) => {
      edits.drop(change.order.id);
      explain(error, change);
    },
  });
  const { mutate: remove } = useMutation({
    mutationFn: (order: Order) => deleteOrder(order.id),
    onMutate: ({ id }) =>
      edits.begin(id, { status: null, deleted: true }, feed.state.get().table.orders),
    onSuccess: (_, { id }) => toasts.show({ tone: "good", title: `Order #${id} deleted` }),
    onError: (error, { id }) => {
      edits.drop(id);
      const title = `Order #${id} was not deleted`;
      toasts.show({ tone: "bad", title, detail: messageOf(error) });
    },
  });

  function explain(error: Error, { order, status }: StatusChange): void {
    const current = conflictOf(error);
    if (!current) {
      const title = `Order #${order.id} was not changed`;
      toasts.show({ tone: "bad", title, detail: messageOf(error) });
      return;
    }
    toasts.show({
      tone: "neutral",
      title: `Someone else changed order #${order.id} first`,
      detail: `It is ${current.status} now. Your change to ${status} was not made.`,
      ...(current.status !== status && {
        action: {
          label: `Set to ${status} all the same`,
          run: () => setStatus({ order: current, status }),
        },
      }),
    });
  }

  return {
    setStatus: (order, status) => setStatus({ order, status }),
    remove: (order) => remove(order),
  };
}

/** The order as it stands now, where the API refused because it had changed. */
function conflictOf(error: Error): Order | null {
  if (!(error instanceof RefusedError) || error.status !== 412) return null;
  const conflict = Conflict.safeParse(error.body);
  return conflict.success ? conflict.data.order : null;
}
