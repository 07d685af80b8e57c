import { useEffect, useState } from "react";

const TYPING_PAUSE_MS = 150;

/**
 * The text of a search box. It is applied after a pause in typing, and replaced when the search changes
 * elsewhere.
 */
export function useTypedSearch(search: string, onSearch: (search: string) => void) {
  const [typed, setTyped] = useState(search);
  const [applied, setApplied] = useState(search);
  if (search !== applied) {
    setApplied(search); // changed by this box, or for example by the Back button
    if (search !== typed.trim()) setTyped(search);
  }

  function apply(): void {
    const wanted = typed.trim();
    if (wanted !== search) onSearch(wanted);
  }
  useEffect(() => {
    if (typed.trim() === search) return;
    const timer = setTimeout(apply, TYPING_PAUSE_MS);
    return () => clearTimeout(timer);
  });
  return { typed, setTyped, apply };
}
