import { useId } from "react";
import type { Role } from "../api/shapes";
import styles from "./settings.module.css";

const MAY: Readonly<Record<Role, string>> = {
  viewer: "reads orders",
  clerk: "reads, creates and changes orders",
  admin: "also deletes, and changes settings",
};

interface RoleFieldProps {
  value: Role;
  onChange: (role: Role) => void;
}

export function RoleField({ value, onChange }: RoleFieldProps) {
  const id = useId();
  return (
    <div className={styles.field}>
      <label htmlFor={id}>Role</label>
      <select id={id} value={value} onChange={(event) => onChange(event.target.value as Role)}>
        {(Object.keys(MAY) as Role[]).map((role) => (
          <option key={role} value={role}>
            {`${role}: ${MAY[role]}`}
          </option>
        ))}
      </select>
    </div>
  );
}
