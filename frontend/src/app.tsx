import { Plus } from "lucide-react";
import { useState } from "react";
import { Button } from "@/components/button";
import { Toaster } from "@/components/toaster";
import { Toasts, ToastsContext } from "@/components/toasts";
import { ActivityFeed } from "@/features/activity/components/activity-feed";
import { ConnectionStatus } from "@/features/connection/components/connection-status";
import { StaleNotice } from "@/features/connection/components/stale-notice";
import { NewOrderDialog } from "@/features/orders/components/new-order-dialog";
import { OrdersView } from "@/features/orders/components/orders-view";
import { type OrderFilter, toQuery } from "@/features/orders/model/order-filter";
import styles from "./app.module.css";
import type { Session } from "./session";

type View = "orders" | "activity";
const VIEWS: readonly View[] = ["orders", "activity"];

export function App({ session }: { session: Session }) {
  const [toasts] = useState(() => new Toasts());
  const [ordering, setOrdering] = useState(false);
  const [view, setView] = useState<View>("orders");
  return (
    <ToastsContext value={toasts}>
      <div className={styles.page} data-view={view}>
        <header className={styles.header}>
          <img src="/icon.svg" alt="" width={28} height={28} />
          <h1>Real-Time Orders</h1>
          <ConnectionStatus socket={session.socket} />
          <Button kind="primary" onClick={() => setOrdering(true)} aria-label="New order">
            <Plus size={16} aria-hidden />
            <span className={styles.wide}>New order</span>
          </Button>
        </header>
        <StaleNotice socket={session.socket} />
        <nav className={styles.views} aria-label="View">
          {VIEWS.map((name) => (
            <button
              key={name}
              type="button"
              aria-pressed={view === name}
              onClick={() => setView(name)}
            >
              {name}
            </button>
          ))}
        </nav>
        <main className={styles.main}>
          <OrdersView
            feed={session.orders}
            onFilter={showInAddress}
            onNewOrder={() => setOrdering(true)}
          />
          <ActivityFeed log={session.activity} />
        </main>
      </div>
      <NewOrderDialog open={ordering} onOpenChange={setOrdering} />
      <Toaster toasts={toasts} />
    </ToastsContext>
  );
}

/** A filter can be bookmarked, and survives a reload. */
function showInAddress(filter: OrderFilter): void {
  const query = toQuery(filter).toString();
  history.replaceState(null, "", query === "" ? location.pathname : `?${query}`);
}
