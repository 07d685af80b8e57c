import { StrictMode } from "react";
import { renderToString } from "react-dom/server";
import { expect, test, vi } from "vitest";
import { connect } from "../src/live.ts";
import { LiveProvider, useConnection, useRow, useSchema, useTable } from "../src/react/index.ts";

function Orders() {
  const { rows, state } = useTable("orders", { filter: { status: ["pending"] } });
  const { row } = useRow("orders", 7);
  const { phase } = useConnection();
  const schema = useSchema();
  return <p>{[rows.length, state.phase, row === undefined, phase, schema === null].join(" ")}</p>;
}

test("a server renders what a page shows before it is connected, and requests nothing", () => {
  const fetch = vi.fn();
  const live = connect({ url: "http://shop", fetch });
  const page = (
    <StrictMode>
      <LiveProvider live={live}>
        <Orders />
      </LiveProvider>
    </StrictMode>
  );
  expect(renderToString(page)).toBe("<p>0 loading true idle true</p>");
  expect(fetch).not.toHaveBeenCalled();
});

test("without a provider a hook says what is missing", () => {
  expect(() => renderToString(<Orders />)).toThrow("LiveProvider");
});
