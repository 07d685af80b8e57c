import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { connect } from "real-time-orders";
import { LiveProvider, useTable } from "real-time-orders/react";

const live = connect({ url: location.origin });
const pending = { filter: { status: ["pending"] }, sort: "-id", limit: 100 };

function Orders() {
  const { rows, state, table } = useTable("orders", pending);
  const process = (id) => table.update(id, { status: "processing" }).catch((error) => alert(error));
  return (
    <main>
      <h1>
        {rows.length} pending, {state.phase}
      </h1>
      <ul>
        {rows.map(({ id, customer_name, product_name }) => (
          <li key={id}>
            #{id} {customer_name}: {product_name}{" "}
            <button onClick={() => process(id)}>Process</button>
          </li>
        ))}
      </ul>
    </main>
  );
}

createRoot(document.getElementById("root")).render(
  <StrictMode>
    <LiveProvider live={live}>
      <Orders />
    </LiveProvider>
  </StrictMode>,
);
