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
  /** The text for an empty list. */
  empty: string;
  row: (item: T) => ReactNode;
}

/** The list of a section. Also shows when the list is loading, empty, or could not be loaded. */
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
