import { Bookmark, ChevronDown } from "lucide-react";
import { createContext, Suspense, useContext, useState } from "react";
import { Popup } from "@/components/popup";
import { lazily } from "@/lib/lazily";
import { useObservable } from "@/lib/use-observable";
import { words } from "@/words";
import type { SavedView } from "../api/views";
import type { OrderView } from "../model/order-filter";
import type { SavedViews } from "../model/saved-views";
import { isModified } from "../model/view-address";
import styles from "./views-menu.module.css";

const ViewsPanel = lazily(() => import("./views-panel"), "ViewsPanel");

export interface ViewsContextValue {
  readonly views: SavedViews;
  /** Shows a saved view; null: all orders. */
  readonly open: (saved: SavedView | null) => void;
  /** Who will see a view that the user saves: "choice" lets the user decide. */
  readonly audience: "choice" | "everyone" | "reader";
}

export const ViewsContext = createContext<ViewsContextValue | null>(null);

/** Menu to open and save views: filter, search and sort under a name. */
export function ViewsMenu({ view }: { view: OrderView }) {
  const context = useContext(ViewsContext);
  return context && <Menu {...context} view={view} />;
}

function Menu(props: ViewsContextValue & { view: OrderView }) {
  const [isOpen, setOpen] = useState(false);
  const { current } = useObservable(props.views.state);
  const modified = current !== null && isModified(props.view, current);
  return (
    <Popup
      open={isOpen}
      onOpenChange={setOpen}
      label={words.views.saved}
      align="start"
      className={styles.menu}
      trigger={
        <button
          type="button"
          className={styles.trigger}
          aria-label={labelOf(current, modified)}
          title={words.views.saved}
        >
          <Bookmark size={16} aria-hidden />
          <bdi className={styles.name} data-named={current !== null}>
            {current?.name ?? words.views.views}
          </bdi>
          {modified && <span className={styles.modified}>{words.views.modified}</span>}
          <ChevronDown size={14} aria-hidden />
        </button>
      }
    >
      <Suspense fallback={null}>
        <ViewsPanel {...props} modified={modified} onDone={() => setOpen(false)} />
      </Suspense>
    </Popup>
  );
}

function labelOf(current: SavedView | null, modified: boolean): string {
  const say = words.views;
  if (!current) return say.saved;
  return modified ? say.currentModified(current.name) : say.current(current.name);
}
