/** Finds the words of a search in a text, by the same rules as the search. Pure. */
import { folded } from "real-time-orders";

export interface Piece {
  readonly text: string;
  readonly isMatch: boolean;
}

/**
 * Splits the text into matching and other pieces. A match includes whole characters with their accents.
 */
export function highlighted(text: string, words: readonly string[]): readonly Piece[] {
  const parts = words.map(folded).filter(Boolean);
  if (parts.length === 0 || text === "") return [{ text, isMatch: false }];
  const letters = [...text.matchAll(/\P{M}\p{M}*|\p{M}+/gu)].map(([letter]) => letter);
  const folds = letters.map(folded);
  /** For each code unit of the folded text, the index of its letter. */
  const places = folds.flatMap((fold, at) => Array<number>(fold.length).fill(at));
  const whole = folds.join("");
  const marked = new Set<number>();
  for (const part of parts) {
    for (let at = whole.indexOf(part); at >= 0; at = whole.indexOf(part, at + 1))
      for (const place of places.slice(at, at + part.length)) marked.add(place);
  }
  const pieces: { text: string; isMatch: boolean }[] = [];
  letters.forEach((letter, at) => {
    const isMatch = marked.has(at);
    const last = pieces.at(-1);
    if (last?.isMatch === isMatch) last.text += letter;
    else pieces.push({ text: letter, isMatch });
  });
  return pieces;
}
