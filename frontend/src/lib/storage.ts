/** One value that is kept across reloads. If the browser blocks site data, it is not kept. */
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
        // Site data is blocked, or the storage is full. The page works without it.
      }
    },
  };
}
