import { Check } from "lucide-react";
import { useEffect, useId, useState } from "react";
import { ORDERS } from "real-time-orders";
import { Button } from "@/components/button";
import { Problem } from "@/components/problem";
import { messageOf } from "@/lib/format";
import { useObservable } from "@/lib/use-observable";
import { useSchema } from "@/lib/use-schema";
import { words } from "@/words";
import type { SavedView } from "../api/views";
import { isEverything, type OrderView, viewToQuery } from "../model/order-filter";
import type { ViewsContextValue } from "./views-menu";
import styles from "./views-panel.module.css";

interface ViewsPanelProps extends ViewsContextValue {
  view: OrderView;
  modified: boolean;
  onDone: () => void;
}

type Step = "list" | "save" | "rename" | "delete";

export function ViewsPanel({ view, views, audience, modified, open, onDone }: ViewsPanelProps) {
  const { views: known, current } = useObservable(views.state);
  const say = words.views;
  const isOrders = useSchema().table.name === ORDERS;
  const [step, setStep] = useState<Step>("list");
  const [problem, setProblem] = useState<string | null>(null);
  const query = viewToQuery(view).toString();
  const mayChange = current !== null && (!current.shared || audience !== "reader");

  async function attempt(work: () => Promise<unknown>): Promise<void> {
    setProblem(null);
    try {
      await work();
      onDone();
    } catch (error) {
      setProblem(messageOf(error));
    }
  }
  useEffect(() => {
    views.load().catch((error: unknown) => setProblem(messageOf(error)));
  }, [views]);

  function show(saved: SavedView | null): void {
    open(saved);
    onDone();
  }
  const item = (each: SavedView) => (
    <ViewItem
      key={each.id}
      name={each.name}
      isCurrent={each.id === current?.id}
      onOpen={() => show(each)}
    />
  );
  const own = known?.filter(({ shared }) => !shared) ?? [];
  const shared = known?.filter((each) => each.shared) ?? [];
  return (
    <>
      <Problem>{problem}</Problem>
      {step === "list" && (
        <>
          <ViewItem
            name={isOrders ? say.all : words.tables.allRows}
            isCurrent={!current && isEverything(view.filter)}
            onOpen={() => show(null)}
          />
          {own.length > 0 && <h3 className={styles.heading}>{say.mine}</h3>}
          {own.map(item)}
          {shared.length > 0 && audience !== "everyone" && (
            <h3 className={styles.heading}>{say.shared}</h3>
          )}
          {shared.map(item)}
          <div className={styles.actions}>
            {current && modified && mayChange && (
              <Button
                kind="primary"
                onClick={() => void attempt(() => views.change(current.id, { query }))}
              >
                {say.saveChanges}
              </Button>
            )}
            {current && modified && (
              <Button onClick={() => show(current)}>{say.discardChanges}</Button>
            )}
            {(modified || (!current && query !== "")) && (
              <Button onClick={() => setStep("save")}>{say.saveAsNew}</Button>
            )}
            {mayChange && (
              <>
                <Button onClick={() => setStep("rename")}>{say.rename}</Button>
                <Button onClick={() => setStep("delete")}>{words.do.delete}</Button>
              </>
            )}
          </div>
          {query === "" && known?.length === 0 && <p className={styles.hint}>{say.hint}</p>}
        </>
      )}
      {step === "save" && (
        <NameForm
          name=""
          offersSharing={audience === "choice"}
          onCancel={() => setStep("list")}
          onSave={(name, isShared) =>
            attempt(async () =>
              open(await views.add(name, query, isShared || audience === "everyone")),
            )
          }
        />
      )}
      {step === "rename" && current && (
        <NameForm
          name={current.name}
          offersSharing={false}
          onCancel={() => setStep("list")}
          onSave={(name) => attempt(() => views.change(current.id, { name }))}
        />
      )}
      {step === "delete" && current && (
        <div className={styles.form}>
          <p>
            {(current.shared ? say.deleteShared : say.delete)(<bdi>{current.name}</bdi>)}{" "}
            {isOrders ? say.ordersStay : say.rowsStay}
          </p>
          <div className={styles.actions}>
            <Button onClick={() => setStep("list")}>{words.do.cancel}</Button>
            <Button
              kind="danger"
              autoFocus
              onClick={() =>
                void attempt(async () => {
                  await views.remove(current.id);
                  open(null);
                })
              }
            >
              {words.do.delete}
            </Button>
          </div>
        </div>
      )}
    </>
  );
}

interface ViewItemProps {
  name: string;
  isCurrent: boolean;
  onOpen: () => void;
}

const ViewItem = ({ name, isCurrent, onOpen }: ViewItemProps) => (
  <button type="button" className={styles.item} aria-current={isCurrent} onClick={onOpen}>
    <bdi>{name}</bdi>
    {isCurrent && <Check size={16} aria-hidden />}
  </button>
);

interface NameFormProps {
  name: string;
  offersSharing: boolean;
  onSave: (name: string, isShared: boolean) => Promise<void>;
  onCancel: () => void;
}

function NameForm({ name: start, offersSharing, onSave, onCancel }: NameFormProps) {
  const id = useId();
  const [name, setName] = useState(start);
  const [isShared, setShared] = useState(false);
  const [saving, setSaving] = useState(false);
  return (
    <form
      className={styles.form}
      onSubmit={(event) => {
        event.preventDefault();
        setSaving(true);
        void onSave(name.trim(), isShared).finally(() => setSaving(false));
      }}
    >
      <label htmlFor={id}>{words.views.name}</label>
      <input
        id={id}
        autoFocus
        required
        pattern=".*\S.*"
        maxLength={60}
        dir="auto"
        autoComplete="off"
        value={name}
        onChange={(event) => setName(event.target.value)}
      />
      {offersSharing && (
        <label className={styles.share}>
          <input type="checkbox" checked={isShared} onChange={() => setShared(!isShared)} />
          {words.views.share}
        </label>
      )}
      <div className={styles.actions}>
        <Button onClick={onCancel}>{words.do.cancel}</Button>
        <Button kind="primary" type="submit" disabled={saving}>
          {words.do.save}
        </Button>
      </div>
    </form>
  );
}
