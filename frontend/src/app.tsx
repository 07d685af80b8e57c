import { CircleHelp, Plus, Settings } from "lucide-react";
import { Suspense, useCallback, useEffect, useMemo, useRef, useState } from "react";
import { type Id, ORDERS } from "real-time-orders";
import { Boundary } from "@/components/boundary";
import { Button } from "@/components/button";
import { IconButton } from "@/components/icon-button";
import { Toaster } from "@/components/toaster";
import { Toasts } from "@/components/toasts";
import { ActivityPanel } from "@/features/activity/components/activity-panel";
import { ConnectionStatus } from "@/features/connection/components/connection-status";
import { StaleNotice } from "@/features/connection/components/stale-notice";
import { changeRow, deleteRow, isGone, writeRows } from "@/features/orders/api/rows";
import type { OrdersContextValue } from "@/features/orders/components/orders-context";
import { useStepShortcuts } from "@/features/orders/components/use-step-shortcuts";
import { useViewAddress } from "@/features/orders/components/use-view-address";
import { OrdersView } from "@/features/orders/components/orders-view";
import { onlyCustomer } from "@/features/orders/model/order-filter";
import { OrderWrites } from "@/features/orders/model/order-writes";
import type { ViewsContextValue } from "@/features/orders/components/views-menu";
import { LazyRuns } from "@/features/orders/model/lazy-runs";
import { Selection } from "@/features/orders/model/selection";
import { PageLook } from "@/features/orders/model/page-look";
import { ColumnChoice, TableLayout } from "@/features/orders/model/table-layout";
import { lazily } from "@/lib/lazily";
import { followLanguage } from "@/lib/language";
import { markPage } from "@/lib/page-mark";
import { Preferences } from "@/lib/preferences";
import { isSettings, offersSettings } from "@/features/settings/model/sections";
import type { Me } from "@/lib/protocol";
import { printing } from "@/lib/printing";
import { rightsOf } from "@/lib/rights";
import { orderIn, pathOfTable, type Router, tableIn } from "@/lib/route";
import { useMedia } from "@/lib/use-media";
import { useObservable } from "@/lib/use-observable";
import { useShortcuts } from "@/lib/use-shortcuts";
import { words } from "@/words";
import styles from "./app.module.css";
import { Contexts } from "./contexts";
import { Navigation } from "./navigation";
import type { Session } from "./session";
import { useActivity } from "./use-activity";

const OrderPanel = lazily(() => import("@/features/orders/components/order-panel"), "OrderPanel");
const HelpDialog = lazily(() => import("./dialogs"), "HelpDialog");
const ConflictDialog = lazily(() => import("./dialogs"), "ConflictDialog");
const LostTextsDialog = lazily(() => import("./dialogs"), "LostTextsDialog");
const PasswordDialog = lazily(() => import("./dialogs"), "PasswordDialog");
const SessionsDialog = lazily(() => import("./dialogs"), "SessionsDialog");
const NewOrderDialog = lazily(() => import("./dialogs"), "NewOrderDialog");
const Who = lazily(() => import("./access-views"), "Who");
const PrintLayer = lazily(() => import("@/features/print/components/print-layer"), "PrintLayer");
const SettingsPage = lazily(
  () => import("@/features/settings/components/settings-page"),
  "SettingsPage",
);
const TableView = lazily(() => import("@/features/orders/components/table-view"), "TableView");
const PulsePanel = lazily(() => import("@/features/pulse/components/pulse-panel"), "PulsePanel");

const VIEWS: Readonly<Record<string, "orders" | "activity" | "pulse">> = {
  "/": "orders",
  "/activity": "activity",
  "/pulse": "pulse",
};

/** On a wide page, the other views are beside the orders. */
const WIDE_VIEWS = ["/", "/activity"];

/** The delay before the code for changes of status is loaded, so that it loads after the first view. */
const RUNS_MS = 1000;

interface AppProps {
  session: Session;
  router: Router;
  me: Me | null;
  onSignOut: () => void;
  /** Called with the user's new session after a change of the password. */
  onRenewed: (me: Me) => void;
}

export function App({ session, router, me, onSignOut, onRenewed }: AppProps) {
  const [toasts] = useState(() => new Toasts());
  const [writes] = useState(
    () => new OrderWrites({ changeRow, deleteRow, writeRows }, toasts, session.schema.get),
  );
  const [runs] = useState(() => new LazyRuns(writes, toasts, session.schema.get));
  const [selection] = useState(() => new Selection());
  const [preferences] = useState(() => new Preferences(me?.subject));
  const [look] = useState(() => new PageLook(preferences));
  const [columns] = useState(() => columnsOf(preferences, ORDERS));
  const activity = useActivity(session, router, preferences);
  const schema = useObservable(session.schema);
  const announcement = useObservable(session.announcer.state);
  /** Null before the form is first opened. After that the form stays and keeps what was typed. */
  const [ordering, setOrdering] = useState<boolean | null>(null);
  const [helping, setHelping] = useState(false);
  const [account, setAccount] = useState<"sessions" | "password" | null>(null);
  const searchBox = useRef<HTMLInputElement>(null);
  const conflicts = useObservable(writes.conflicts);
  const lost = useObservable(writes.drafts.lost);
  const { path } = useObservable(router.state);
  const printed = useObservable(printing);
  const narrow = useMedia("(max-width: 60rem)");
  const phone = useMedia("(max-width: 44rem)");
  const rights = useMemo(() => rightsOf(me), [me]);
  const opened = orderIn(path);
  const setting = isSettings(path);
  const view = setting ? "settings" : (VIEWS[path] ?? "orders");
  const openSettings = offersSettings(me) ? () => router.go("/settings") : undefined;
  const table = tableIn(path);

  const readAddress = useCallback(() => {
    if (tableIn(location.pathname) === null) session.openAddress();
  }, [session]);
  const address = useViewAddress(session.views, router, session.show, readAddress);
  const views = useMemo<ViewsContextValue>(
    () => ({
      views: session.views,
      open: address.saved,
      audience: me?.mode !== "token" ? "everyone" : rights.write && !me.rows ? "choice" : "reader",
    }),
    [session, address, rights, me],
  );
  const openOrder = useCallback((id: Id) => router.go(`/orders/${id}`), [router]);
  const close = useCallback(() => {
    const id = orderIn(router.state.get().path);
    router.go("/");
    document.querySelector<HTMLElement>(`[data-order="${id}"] a`)?.focus({ preventScroll: true });
  }, [router]);
  const orders = useMemo<OrdersContextValue>(
    () => ({
      rights,
      writes,
      runs,
      selection,
      columns,
      look,
      attention: session.attention.count,
      openOrder,
      showCustomer: (customer) =>
        address.view({
          filter: onlyCustomer(customer, session.schema.get()),
          sort: session.orders.state.get().sort,
        }),
    }),
    [rights, writes, runs, selection, columns, look, openOrder, address, session],
  );

  useEffect(() => followLanguage(preferences, me?.subject ?? ""), [preferences, me]);
  useEffect(() => {
    const flush = () => writes.deletes.flush();
    addEventListener("pagehide", flush);
    return () => removeEventListener("pagehide", flush);
  }, [writes]);
  useEffect(() => session.listen((events) => selection.receive(events)), [session, selection]);
  useEffect(
    () =>
      session.listen((events, complete) => {
        writes.drafts.receive(events);
        if (!complete) void writes.drafts.check(isGone);
      }),
    [session, writes],
  );
  // Load the dialogs before they are needed, but after the first view.
  useEffect(() => {
    const preload = () => void import("./dialogs").catch(() => undefined);
    addEventListener("pointermove", preload, { once: true });
    const soon = setTimeout(() => void runs.load().catch(() => undefined), RUNS_MS);
    return () => {
      clearTimeout(soon);
      removeEventListener("pointermove", preload);
    };
  }, [runs]);
  const tableBefore = useRef(table);
  useEffect(() => {
    if (tableBefore.current !== null && table === null)
      address.view(session.orders.state.get(), "same");
    tableBefore.current = table;
  }, [address, session, table]);
  const place = setting ? words.page.settings : (table ?? words.page.orders);
  const title = opened === null ? place : words.page.order(String(opened));
  useEffect(() => markPage(title, session.attention.count), [title, session]);
  useShortcuts({
    "/": () => searchBox.current?.focus(),
    n: () => setOrdering((rights.write && schema.hasOrders) || null),
    p: () => session.activity.pause(!session.activity.state.get().paused),
    "?": () => setHelping(true),
    Escape: () => {
      if (opened === null) selection.clear();
      else close();
    },
  });

  const navigation = {
    router,
    current: path in VIEWS || setting || table !== null ? path : "/",
    places: Object.entries(VIEWS).flatMap(([path, name]) =>
      narrow || WIDE_VIEWS.includes(path) ? [{ path, name: words.page[name] }] : [],
    ),
    tables: schema.tables.flatMap(({ name }) =>
      name === ORDERS ? [] : [{ path: pathOfTable(name), name: schema.label(name) }],
    ),
  };
  const isDivided = navigation.places.length + navigation.tables.length > 1;
  useStepShortcuts(session.orders, schema, orders);

  const covered = narrow && opened !== null;
  const panel = opened !== null && (
    <Boundary key={String(opened)} part={words.page.order(String(opened))}>
      <Suspense fallback={<div className={styles.placeholder} />}>
        <OrderPanel
          id={opened}
          feed={session.orders}
          live={session.live}
          listen={session.listen}
          onClose={close}
          onDuplicate={() => setOrdering(true)}
        />
      </Suspense>
    </Boundary>
  );
  return (
    <Contexts
      {...{ toasts, orders, views, schema }}
      known={session.known}
      technical={activity.technical}
      clock={session.progress.clock}
    >
      <div className={styles.page} data-view={view} inert={covered && phone}>
        <header className={styles.header}>
          <img src="/icon.svg" alt="" width={28} height={28} />
          <h1>{words.page.product}</h1>
          {!narrow && isDivided && <Navigation {...navigation} at="top" />}
          <Boundary part={words.parts.connection}>
            <ConnectionStatus live={session.live} progress={session.progress} />
          </Boundary>
          {me?.mode === "token" && (
            <Suspense>
              <Who
                me={me}
                onSignOut={onSignOut}
                onSessions={() => setAccount("sessions")}
                onPassword={() => setAccount("password")}
                onSettings={openSettings}
              />
            </Suspense>
          )}
          {me?.mode === "open" && (
            <IconButton
              className={styles.settings}
              label={words.page.settings}
              title={words.page.settings}
              onClick={openSettings}
            >
              <Settings size={18} aria-hidden />
            </IconButton>
          )}
          <IconButton
            className={styles.help}
            label={words.page.keyboardHelp}
            title={words.page.keyboard}
            onClick={() => setHelping(true)}
          >
            <CircleHelp size={18} aria-hidden />
          </IconButton>
          {rights.write && schema.hasOrders && (
            <Button
              kind="primary"
              onClick={() => setOrdering(true)}
              aria-label={words.page.newOrder}
            >
              <Plus size={16} aria-hidden />
              <span className={styles.wide}>{words.page.newOrder}</span>
            </Button>
          )}
        </header>
        <StaleNotice live={session.live} askApi={session.askApi} />
        {setting && (
          <Boundary part={words.parts.settings}>
            <Suspense fallback={<div className={styles.placeholder} />}>
              <SettingsPage {...{ me, path, router }} />
            </Suspense>
          </Boundary>
        )}
        <main className={styles.main}>
          <Boundary key={table} part={table === null ? words.parts.orders : words.parts.table}>
            {table !== null && (
              <Suspense fallback={<div className={styles.placeholder} />}>
                <TableView
                  name={table}
                  live={session.live}
                  listen={session.listen}
                  {...{ preferences, router }}
                />
              </Suspense>
            )}
            {table === null && (
              <OrdersView
                feed={session.orders}
                counts={session.matching.state}
                current={opened}
                searchBox={searchBox}
                onView={address.view}
                onNewOrder={() => setOrdering(true)}
              />
            )}
          </Boundary>
          <div className={styles.side}>
            {panel && !narrow ? (
              panel
            ) : (
              <>
                <Boundary part={words.parts.charts}>
                  <Suspense fallback={<div className={styles.placeholder} />}>
                    <PulsePanel
                      pulse={session.pulse.state}
                      counts={session.counts.state}
                      withCounts={narrow || view === "activity"}
                    />
                  </Suspense>
                </Boundary>
                <Boundary part={words.parts.activity}>
                  <ActivityPanel
                    feed={session.activity}
                    onOpen={openOrder}
                    onFilter={activity.onFilter}
                    visit={session.lastVisit}
                    me={me?.mode === "token" ? me.subject : ""}
                    whole={view === "activity"}
                    onWhole={narrow ? undefined : (whole) => router.go(whole ? "/activity" : "/")}
                  />
                </Boundary>
              </>
            )}
          </div>
        </main>
        {narrow && <Navigation {...navigation} at="bottom" />}
      </div>
      {covered && <div className={styles.cover}>{panel}</div>}
      <Boundary part={words.parts.dialog}>
        <Suspense>
          {ordering !== null && <NewOrderDialog open={ordering} onOpenChange={setOrdering} />}
          {helping && <HelpDialog open onOpenChange={setHelping} rights={rights} />}
          {account === "sessions" && <SessionsDialog onClose={() => setAccount(null)} />}
          {account === "password" && me && (
            <PasswordDialog me={me} onRenewed={onRenewed} onClose={() => setAccount(null)} />
          )}
          {conflicts.length > 0 && <ConflictDialog />}
          {lost.length > 0 && <LostTextsDialog />}
          {printed && <PrintLayer job={printed} schema={session.live.schema.state} />}
        </Suspense>
      </Boundary>
      <div role="status" aria-live="polite" className="visually-hidden">
        {announcement}
      </div>
      <Toaster toasts={toasts} />
    </Contexts>
  );
}

const columnsOf = (preferences: Preferences, table: string): ColumnChoice =>
  new ColumnChoice(preferences.of(`table.${table}`, TableLayout));
