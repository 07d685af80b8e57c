import { Plus } from "lucide-react";
import { useState } from "react";
import { Button } from "@/components/button";
import { formatAge } from "@/lib/format";
import { useNow } from "@/lib/use-now";
import { words } from "@/words";
import { listUsers } from "../api/people";
import type { User } from "../api/shapes";
import { restrictionText } from "../model/restriction";
import { stateOf } from "../model/user-state";
import { Listing } from "./listing";
import { NewUserDialog } from "./new-user-dialog";
import styles from "./settings.module.css";
import { useListed } from "./use-settings";
import { UserDialog } from "./user-dialog";

const TICK_MS = 15_000;

export function Users() {
  const found = useListed("users", listUsers);
  const [adding, setAdding] = useState(false);
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
        row={(user) => <Item key={user.name} user={user} onOpen={() => setOpened(user)} />}
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

function Item({ user, onOpen }: { user: User; onOpen: () => void }) {
  const now = useNow(TICK_MS);
  return (
    <li className={styles.item} data-off={user.disabled}>
      <div className={styles.facts}>
        <strong>
          <bdi>{user.name}</bdi>
        </strong>
        <span>
          {words.access.roles[user.role]} · <bdi>{restrictionText(user.rows)}</bdi>
        </span>
        <span>
          {stateOf(user)}
          {user.used !== null && words.access.used(formatAge(user.used, now))}
        </span>
      </div>
      <Button onClick={onOpen} aria-label={words.settings.editNamed(user.name)}>
        {words.settings.edit}
      </Button>
    </li>
  );
}
