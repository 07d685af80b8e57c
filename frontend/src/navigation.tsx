import { ChevronDown } from "lucide-react";
import { DropdownMenu } from "radix-ui";
import type { MouseEvent } from "react";
import type { Router } from "@/lib/route";
import { words } from "@/words";
import styles from "./navigation.module.css";

export interface Place {
  readonly path: string;
  readonly name: string;
}

interface NavigationProps {
  router: Router;
  /** The path whose place is the present one. */
  current: string;
  places: readonly Place[];
  /** Watched tables besides the orders, in a menu: there may be many. */
  tables: readonly Place[];
  /** In the header of a wide page, or at the bottom of a narrow one, where a thumb reaches it. */
  at: "top" | "bottom";
}

/** The one navigation of the page. */
export function Navigation({ router, current, places, tables, at }: NavigationProps) {
  const table = tables.find(({ path }) => path === current);
  const link = ({ path }: Place) => ({
    href: path,
    "aria-current": path === current ? ("page" as const) : undefined,
    onClick: (event: MouseEvent) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return; // another tab or window
      event.preventDefault();
      router.go(path);
    },
  });
  return (
    <nav className={styles[at]} aria-label={words.page.views}>
      {places.map((place) => (
        <a key={place.path} className={styles.link} {...link(place)}>
          {place.name}
        </a>
      ))}
      {tables.length > 0 && (
        <DropdownMenu.Root modal={false}>
          <DropdownMenu.Trigger
            className={styles.link}
            aria-current={table ? "true" : undefined}
            title={words.page.otherTables}
          >
            <span className={styles.name}>{table?.name ?? words.page.tables}</span>
            <ChevronDown size={14} aria-hidden />
          </DropdownMenu.Trigger>
          <DropdownMenu.Portal>
            <DropdownMenu.Content
              className={styles.menu}
              align="start"
              sideOffset={6}
              collisionPadding={8}
            >
              {tables.map((place) => (
                <DropdownMenu.Item key={place.path} asChild>
                  <a className={styles.item} {...link(place)}>
                    {place.name}
                  </a>
                </DropdownMenu.Item>
              ))}
            </DropdownMenu.Content>
          </DropdownMenu.Portal>
        </DropdownMenu.Root>
      )}
    </nav>
  );
}
