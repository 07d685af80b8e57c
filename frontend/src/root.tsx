import { Suspense } from "react";
import { Boundary } from "@/components/boundary";
import { lazily } from "@/lib/lazily";
import type { Router } from "@/lib/route";
import { useObservable } from "@/lib/use-observable";
import { useWords, words } from "@/words";
import type { Access } from "./access";
import { App } from "./app";
import styles from "./root.module.css";

const SessionEnded = lazily(() => import("./access-views"), "SessionEnded");
const SetUp = lazily(() => import("./access-views"), "SetUp");
const SignIn = lazily(() => import("./access-views"), "SignIn");

interface RootProps {
  access: Access;
  router: Router;
}

/** The dashboard, or the form to sign in. */
export function Root(props: RootProps) {
  useWords(); // renders everything below in a new language
  return (
    <Boundary part={words.parts.page}>
      <Suspense>
        <View {...props} />
      </Suspense>
    </Boundary>
  );
}

function View({ access, router }: RootProps) {
  const state = useObservable(access.state);
  switch (state.kind) {
    case "asking":
      return <p className={styles.asking}>{words.page.waitingForApi}</p>;
    case "set-up":
      return (
        <SetUp link={state.link} onPassword={(password) => access.setUp(state.link, password)} />
      );
    case "out":
      return (
        <SignIn
          key={state.reason}
          reason={state.reason}
          onPassword={(name, password) => access.signIn(name, password)}
          onToken={(token) => access.signInByToken(token)}
        />
      );
    case "in":
      return (
        <>
          <App
            key={state.me?.subject ?? ""}
            session={state.session}
            router={router}
            me={state.me}
            onSignOut={() => void access.signOut()}
            onRenewed={(me) => access.renew(me)}
          />
          {state.locked && state.me !== null && (
            <Suspense>
              <SessionEnded
                name={state.me.subject}
                byCompany={state.me.company === true}
                onPassword={(name, password) => access.signIn(name, password)}
                onSignOut={() => void access.signOut()}
              />
            </Suspense>
          )}
        </>
      );
  }
}
