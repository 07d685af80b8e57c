import { ArrowLeft } from "lucide-react";
import { useEffect } from "react";
import { Boundary } from "@/components/boundary";
import { inPage } from "@/lib/in-page";
import type { Me } from "@/lib/protocol";
import type { Router } from "@/lib/route";
import { words } from "@/words";
import { offersSettings, type Section, sectionIn, sectionsFor } from "../model/sections";
import { Programs } from "./programs";
import { Sessions } from "./sessions";
import styles from "./settings.module.css";
import { Statuses } from "./statuses";
import { System } from "./system";
import { Tables } from "./tables";
import { Users } from "./users";

const VIEWS: Readonly<Record<Section, () => React.JSX.Element>> = {
  users: Users,
  sessions: Sessions,
  tokens: Programs,
  statuses: Statuses,
  tables: Tables,
  system: System,
};

interface SettingsPageProps {
  /** Null while the API does not answer. */
  me: Me | null;
  path: string;
  router: Router;
}

/** The settings for admins, one section at a time. */
export function SettingsPage({ me, path, router }: SettingsPageProps) {
  const section = me && offersSettings(me) ? sectionIn(path, me) : null;
  const address = `/settings/${section}`;
  // Sets the address to the section that is shown.
  useEffect(() => {
    if (section !== null && path !== address) router.go(address, "same");
  }, [section, path, address, router]);
  const back = <Link path="/" router={router} label={words.settings.back} icon />;
  if (me === null || section === null) {
    return (
      <main className={styles.page}>
        <nav className={styles.nav}>{back}</nav>
        <section className={styles.section}>
          <h2>{words.page.settings}</h2>
          <p className={styles.hint}>
            {me === null ? words.page.waitingForApi : words.settings.adminsOnly}
          </p>
        </section>
      </main>
    );
  }
  const View = VIEWS[section];
  return (
    <main className={styles.page}>
      <nav className={styles.nav} aria-label={words.page.settings}>
        {back}
        {sectionsFor(me).map((each) => (
          <Link
            key={each}
            path={`/settings/${each}`}
            label={words.settings.sections[each]}
            current={each === section}
            router={router}
          />
        ))}
      </nav>
      <section className={styles.section} aria-labelledby="settings-section">
        <h2 id="settings-section">{words.settings.sections[section]}</h2>
        <Boundary key={section} part={words.settings.sections[section]}>
          <View />
        </Boundary>
      </section>
    </main>
  );
}

interface LinkProps {
  path: string;
  label: string;
  current?: boolean;
  icon?: boolean;
  router: Router;
}

const Link = ({ path, label, current = false, icon = false, router }: LinkProps) => (
  <a
    ref={(link) => {
      if (current) link?.scrollIntoView({ block: "nearest", inline: "nearest" });
    }}
    href={path}
    aria-current={current ? "page" : undefined}
    aria-label={icon ? label : undefined}
    title={icon ? label : undefined}
    onClick={inPage(() => router.go(path))}
  >
    {icon && <ArrowLeft size={16} aria-hidden />}
    <span>{label}</span>
  </a>
);
