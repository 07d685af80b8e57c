import { createContext, type ReactNode, useContext, useMemo } from "react";
import { wordsOf } from "real-time-orders";
import { highlighted } from "@/lib/highlight";

const SearchWords = createContext<readonly string[]>([]);

/** Marks the words of a search in the texts within. */
export function Marking({ search, children }: { search: string; children: ReactNode }) {
  const words = useMemo(() => wordsOf(search), [search]);
  return <SearchWords value={words}>{children}</SearchWords>;
}

/** A text in which the words of the search are marked. */
export function Marked({ text }: { text: string }) {
  const words = useContext(SearchWords);
  if (words.length === 0) return text;
  return highlighted(text, words).map(({ text: piece, isMatch }, at) =>
    isMatch ? <mark key={at}>{piece}</mark> : piece,
  );
}
