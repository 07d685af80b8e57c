import { CircleHelp, Plus } from "lucide-react";
import { lazy, Suspense, useCallback, useEffect, useMemo, useRef, useState } from "react";
import { Button } from "@/components/button";
import { HelpDialog } from "@/components/help-dialog";
import { IconButton } from "@/components/icon-button";
import { Toaster } from "@/components/toaster";
import { Toasts, ToastsContext } from "@/components/toasts";
import { Who } from "@/features/access/components/who";
import { ActivityPanel } from "@/features/activity/components/activity-panel";
import { ConnectionStatus } from "@/features/connection/components/connection-status";
import { StaleNotice } from "@/features/connection/components/stale-notice";
import { changeStatus } from "@/features/orders/api/change-status";
import { deleteOrder } from "@/features/orders/api/delete-order";
import { ConflictDialog } from "@/features/orders/components/conflict-dialog";
import { NewOrderDialog } from "@/features/orders/components/new-order-dialog";
import {
  OrdersContext,
  type OrdersContextValue,
} from "@/features/orders/components/orders-context";
import { OrdersView } from "@/features/orders/components/orders-view";
import type { OrderFilter } from "@/features/orders/model/order-filter";
import type { OrderSort } from "@/features/orders/model/order-sort";
import { PLAIN_VIEW, viewFromQuery, viewToQuery } from "@/features/orders/model/order-view";
import { OrderWrites } from "@/features/orders/model/order-writes";
import { Selection } from "@/features/orders/model/selection";
import type { Me } from "@/lib/protocol";
import { rightsOf } from "@/lib/rights";
import { orderIn, type Router } from "@/lib/route";
import { useMedia } from "@/lib/use-media";
import { useObservable } from "@/lib/use-observable";
import { useShortcuts } from "@/lib/use-shortcuts";
import styles from "./app.module.css";
import { Announcements } from "./announcements";
import type { Session } from "./session";

const OrderPanel = lazy(async () => ({
  default: (await import("@/features/orders/components/order-panel")).OrderPanel,
}));
const PulsePanel = lazy(async () => ({
  default: (await import("@/features/pulse/components/pulse-panel")).PulsePanel,
}));

const VIEWS: Readonly<Partial<Record<string, string>>> = {
  "/": "orders",
  "/activity": "activity",
  "/pulse": "pulse",
};

interface AppProps {
  session: Session;
  router: Router;
  me: Me | null;
  onSignOut: () => void;
}

export function App({ session, router, me, onSignOut }: AppProps) {
  const [toasts] = useState(() => new Toasts());
  const [writes] = useState(() => new OrderWrites({ changeStatus, deleteOrder }, toasts));
  const [selection] = useState(() => new Selection());
  const [ordering, setOrdering] = useState(false);
  const [helping, setHelping] = useState(false);
  const searchBox = useRef<HTMLInputElement>(null);
  const { path } = useObservable(router.state);
  const narrow = useMedia("(max-width: 60rem)");
  const rights = useMemo(() => rightsOf(me), [me]);
  const opened = orderIn(path);
  const view = VIEWS[path] ?? "orders";

  const setFilter = useCallback(
    (filter: OrderFilter) => {
      session.setFilter(filter);
      router.setQuery(viewToQuery({ filter, sort: session.orders.state.get().sort }));
    },
    [session, router],
  );
  const setSort = useCallback(
    (sort: OrderSort) => {
      session.orders.setSort(sort);
      router.setQuery(viewToQuery({ filter: session.filter.get(), sort }));
    },
    [session, router],
  );
  const openOrder = useCallback((id: number) => router.go(`/orders/${id}`), [router]);
  const close = useCallback(() => {
    const id = orderIn(router.state.get().path);
    router.go("/");
    document.querySelector<HTMLElement>(`[data-order="${id}"] a`)?.focus({ preventScroll: true });
  }, [router]);
  const orders = useMemo<OrdersContextValue>(
    () => ({
      rights,
      writes,
      selection,
      openOrder,
      showCustomer: (customer) => setFilter({ ...PLAIN_VIEW.filter, customer }),
    }),
    [rights, writes, selection, openOrder, setFilter],
  );

  useEffect(() => {
    const flush = () => writes.deletes.flush();
    addEventListener("pagehide", flush);
    return () => removeEventListener("pagehide", flush);
  }, [writes]);
  // The way back may lead to another filter.
  useEffect(() => {
    const follow = () => {
      const wanted = viewFromQuery(new URLSearchParams(location.search));
      const now = { filter: session.filter.get(), sort: session.orders.state.get().sort };
      if (viewToQuery(wanted).toString() === viewToQuery(now).toString()) return;
      session.setFilter(wanted.filter);
      session.orders.setSort(wanted.sort);
    };
    addEventListener("popstate", follow);
    return () => removeEventListener("popstate", follow);
  }, [session]);
  useEffect(() => {
    document.title = opened === null ? "Orders" : `Order #${opened}`;
  }, [opened]);
  useShortcuts({
    "/": () => searchBox.current?.focus(),
    n: () => setOrdering(rights.write),
    p: () => session.activity.pause(!session.activity.state.get().paused),
    "?": () => setHelping(true),
    Escape: () => {
      if (opened === null) selection.clear();
      else close();
    },
  });

  const covered = narrow && opened !== null;
  return (
    <ToastsContext value={toasts}>
      <OrdersContext value={orders}>
        <div className={styles.page} data-view={view} inert={covered}>
          <header className={styles.header}>
            <img src="/icon.svg" alt="" width={28} height={28} />
            <h1>Real-Time Orders</h1>
            <ConnectionStatus socket={session.socket} progress={session.progress} />
            {me?.mode === "token" && <Who me={me} onSignOut={onSignOut} />}
            <IconButton
              className={styles.help}
              label="Keyboard help"
              title="Keyboard (?)"
              onClick={() => setHelping(true)}
            >
              <CircleHelp size={18} aria-hidden />
            </IconButton>
            {rights.write && (
              <Button kind="primary" onClick={() => setOrdering(true)} aria-label="New order">
                <Plus size={16} aria-hidden />
                <span className={styles.wide}>New order</span>
              </Button>
            )}
          </header>
          <StaleNotice socket={session.socket} askApi={session.askApi} />
          <main className={styles.main}>
            <OrdersView
              feed={session.orders}
              counts={session.matching.state}
              current={opened}
              searchBox={searchBox}
              onFilter={setFilter}
              onSort={setSort}
              onNewOrder={() => setOrdering(true)}
            />
            <div className={styles.side}>
              {opened !== null && !narrow ? (
                <Panel key={opened} id={opened} session={session} onClose={close} />
              ) : (
                <>
                  <Suspense fallback={<div className={styles.placeholder} />}>
                    <PulsePanel
                      pulse={session.pulse.state}
                      counts={session.counts.state}
                      offsetMs={() => session.progress.clock.estimate?.offsetMs ?? 0}
                    />
                  </Suspense>
                  <ActivityPanel feed={session.activity} onOpen={openOrder} />
                </>
              )}
            </div>
          </main>
          <nav className={styles.views} aria-label="View">
            {Object.entries(VIEWS).map(([address, name]) => (
              <a
                key={name}
                href={address}
                aria-current={view === name ? "page" : undefined}
                onClick={(event) => {
                  event.preventDefault();
                  router.go(address);
                }}
              >
                {name}
              </a>
            ))}
          </nav>
        </div>
        {covered && (
          <div className={styles.cover}>
            <Panel key={opened} id={opened} session={session} onClose={close} />
          </div>
        )}
        <NewOrderDialog open={ordering} onOpenChange={setOrdering} />
        <HelpDialog open={helping} onOpenChange={setHelping} rights={rights} />
        <ConflictDialog />
        <Announcements announcer={session.announcer} />
        <Toaster toasts={toasts} />
      </OrdersContext>
    </ToastsContext>
  );
}

interface PanelProps {
  id: number;
  session: Session;
  onClose: () => void;
}

function Panel({ id, session, onClose }: PanelProps) {
  const listen = useCallback(
    (listener: Parameters<Session["listen"]>[0]) => session.listen(listener),
    [session],
  );
  return (
    <Suspense fallback={<div className={styles.placeholder} />}>
      <OrderPanel id={id} feed={session.orders} listen={listen} onClose={onClose} />
    </Suspense>
  );
}
