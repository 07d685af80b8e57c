import { useId } from "react";
import { words } from "@/words";
import type { Role } from "../api/shapes";
import styles from "./settings.module.css";

interface RoleFieldProps {
  value: Role;
  onChange: (role: Role) => void;
}

export function RoleField({ value, onChange }: RoleFieldProps) {
  const id = useId();
  return (
    <div className={styles.field}>
      <label htmlFor={id}>{words.access.role}</label>
      <select id={id} value={value} onChange={(event) => onChange(event.target.value as Role)}>
        {(Object.keys(words.settings.rolesMay) as Role[]).map((role) => (
          <option key={role} value={role}>
            {words.settings.rolesMay[role]}
          </option>
        ))}
      </select>
    </div>
  );
}
