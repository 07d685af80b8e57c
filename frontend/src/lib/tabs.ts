/** Messages between the tabs of the dashboard. */
export type TabNews = "signed-in" | "signed-out";

const channel = typeof BroadcastChannel === "undefined" ? null : new BroadcastChannel("orders");

export function tellTabs(news: TabNews): void {
  channel?.postMessage(news);
}

export function onTabNews(listener: (news: TabNews) => void): void {
  channel?.addEventListener("message", (event: MessageEvent<unknown>) => {
    if (event.data === "signed-in" || event.data === "signed-out") listener(event.data);
  });
}
