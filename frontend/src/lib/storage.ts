/** One value that outlives a reload; where the browser blocks site data, only as long as the page. */
export function stored(area: "local" | "session", key: string) {
  const storage = (): Storage => (area === "local" ? localStorage : sessionStorage);
  return {
    get(): string | null {
      try {
        return storage().getItem(key);
      } catch {
        return null;
      }
    },
    set(value: string | null): void {
      try {
        if (value === null) storage().removeItem(key);
        else storage().setItem(key, value);
      } catch {
        // Blocked, or full: the page works without it.
      }
    },
  };
}
