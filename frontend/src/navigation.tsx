import { ChevronDown } from "lucide-react";
import { Menu, MenuItem } from "@/components/menu";
import { inPage } from "@/lib/in-page";
import type { Router } from "@/lib/route";
import { words } from "@/words";
import styles from "./navigation.module.css";

export interface Place {
  readonly path: string;
  readonly name: string;
}

interface NavigationProps {
  router: Router;
  /** The path of the present page. */
  current: string;
  places: readonly Place[];
  /** Watched tables other than the orders. They are in a menu because there may be many. */
  tables: readonly Place[];
  /** In the header of a wide page; at the bottom of a narrow page, within reach of a thumb. */
  at: "top" | "bottom";
}

/** The navigation of the page. */
export function Navigation({ router, current, places, tables, at }: NavigationProps) {
  const table = tables.find(({ path }) => path === current);
  const link = ({ path }: Place) => ({
    href: path,
    "aria-current": path === current ? ("page" as const) : undefined,
    onClick: inPage(() => router.go(path)),
  });
  return (
    <nav className={styles[at]} aria-label={words.page.views}>
      {places.map((place) => (
        <a key={place.path} className={styles.link} {...link(place)}>
          {place.name}
        </a>
      ))}
      {tables.length > 0 && (
        <Menu
          align="start"
          trigger={
            <button
              type="button"
              className={styles.link}
              aria-current={table ? "true" : undefined}
              title={words.page.otherTables}
            >
              <span className={styles.name}>{table?.name ?? words.page.tables}</span>
              <ChevronDown size={14} aria-hidden />
            </button>
          }
        >
          {tables.map((place) => (
            <MenuItem key={place.path} asChild>
              <a {...link(place)}>{place.name}</a>
            </MenuItem>
          ))}
        </Menu>
      )}
    </nav>
  );
}
