import { useId } from "react";
import field from "@/components/field.module.css";
import type { Role } from "@/lib/protocol";
import { words } from "@/words";
import type { RowValues } from "../api/people";
import { restrictionText } from "../model/restriction";

interface RoleFieldProps {
  value: Role;
  onChange: (role: Role) => void;
}

export function RoleField({ value, onChange }: RoleFieldProps) {
  const id = useId();
  return (
    <div className={field.field}>
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

/** Shows a role and the rows to which it applies. */
export const roleText = (role: Role, rows: RowValues | null) => (
  <>
    {words.access.roles[role]} · <bdi>{restrictionText(rows)}</bdi>
  </>
);
