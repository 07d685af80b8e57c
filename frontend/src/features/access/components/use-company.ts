import { useEffect, useState } from "react";
import { companyLogin } from "../api/session";

/** Returns the name of the company login; null if there is none, or it is not loaded yet. */
export function useCompany(): string | null {
  const [name, setName] = useState<string | null>(null);
  useEffect(() => {
    companyLogin().then(setName, () => undefined); // the page shows that the API is away
  }, []);
  return name;
}
