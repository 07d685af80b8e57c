import { PackageOpen, Plus } from "lucide-react";
import { Button } from "@/components/button";
import { useOrders } from "./orders-context";
import styles from "./blank.module.css";

export function EmptyOrders({ onNewOrder }: { onNewOrder: () => void }) {
  const { rights } = useOrders();
  if (!rights.write) {
    return (
      <div className={styles.blank}>
        <PackageOpen size={32} strokeWidth={1.5} aria-hidden />
        <h3>No orders yet</h3>
        <p>Each appears here the moment it is saved.</p>
      </div>
    );
  }
  const command = [
    `curl -X POST ${location.origin}/api/orders \\`,
    `  -H "Content-Type: application/json" \\`,
    `  -d '{"customer_name": "John Doe", "product_name": "Laptop"}'`,
  ].join("\n");
  return (
    <div className={styles.blank}>
      <PackageOpen size={32} strokeWidth={1.5} aria-hidden />
      <h3>No orders yet</h3>
      <p>Create the first one here, or from a terminal. It appears the moment it is saved.</p>
      <Button kind="primary" onClick={onNewOrder}>
        <Plus size={16} aria-hidden />
        Create the first order
      </Button>
      <pre tabIndex={0} aria-label="Command that creates an order">
        {command}
      </pre>
    </div>
  );
}
