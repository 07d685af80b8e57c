import { Plus } from "lucide-react";
import { useState } from "react";
import { Button } from "@/components/button";
import { Entry } from "@/components/entry";
import { formatAge } from "@/lib/format";
import { useNow } from "@/lib/use-now";
import { words } from "@/words";
import { listUsers } from "../api/people";
import type { User } from "../api/shapes";
import { stateOf } from "../model/user-state";
import { Listing } from "./listing";
import { NewUserDialog } from "./new-user-dialog";
import { roleText } from "./role-field";
import styles from "./settings.module.css";
import { useListed } from "./use-settings";
import { UserDialog } from "./user-dialog";

const TICK_MS = 15_000;

export function Users() {
  const found = useListed("users", listUsers);
  const [adding, setAdding] = useState(false);
  const now = useNow(TICK_MS);
  const [opened, setOpened] = useState<User | null>(null);
  return (
    <>
      <div className={styles.intro}>
        <p className={styles.hint}>{words.settings.usersIntro}</p>
        <Button kind="primary" onClick={() => setAdding(true)}>
          <Plus size={16} aria-hidden />
          {words.settings.newUser}
        </Button>
      </div>
      <Listing
        found={found}
        label={words.settings.sections.users}
        empty={words.settings.noUsers}
        row={(user) => (
          <Entry
            key={user.name}
            title={<bdi>{user.name}</bdi>}
            facts={[
              roleText(user.role, user.rows),
              <>
                {stateOf(user)}
                {user.used !== null && words.access.used(formatAge(user.used, now))}
              </>,
            ]}
            off={user.disabled}
          >
            <Button
              onClick={() => setOpened(user)}
              aria-label={words.settings.editNamed(user.name)}
            >
              {words.settings.edit}
            </Button>
          </Entry>
        )}
      />
      {adding && <NewUserDialog onClose={() => setAdding(false)} />}
      {opened && (
        <UserDialog
          seen={opened}
          now={found.data?.find(({ name }) => name === opened.name) ?? null}
          onClose={() => setOpened(null)}
        />
      )}
    </>
  );
}
