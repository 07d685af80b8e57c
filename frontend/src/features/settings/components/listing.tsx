import type { UseQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { Button } from "@/components/button";
import { Problem } from "@/components/problem";
import { messageOf } from "@/lib/format";
import { words } from "@/words";
import styles from "./settings.module.css";

interface ListingProps<T> {
  found: UseQueryResult<readonly T[]>;
  label: string;
  /** What to say where there is nothing. */
  empty: string;
  row: (item: T) => ReactNode;
}

/** The list of a section: while it loads, where there is none, and when it cannot be loaded. */
export function Listing<T>({ found, label, empty, row }: ListingProps<T>) {
  const { data, error } = found;
  return (
    <>
      {error && (
        <Problem>
          {messageOf(error)}{" "}
          <Button onClick={() => void found.refetch()}>{words.do.tryAgain}</Button>
        </Problem>
      )}
      {data === undefined
        ? !error && <p className={styles.hint}>{words.do.loading}</p>
        : data.length === 0 && <p className={styles.hint}>{empty}</p>}
      <ul className={styles.list} aria-label={label}>
        {data?.map(row)}
      </ul>
    </>
  );
}
