// Writes orders with Sequelize, as docs/orms.md has it; prints what it read. Argument: the URL.
import { DataTypes, Sequelize } from "sequelize";

const sequelize = new Sequelize(process.argv[2], { logging: false });
const Order = sequelize.define(
  "Order",
  {
    id: { type: DataTypes.BIGINT, primaryKey: true, autoIncrement: true },
    customerName: { type: DataTypes.TEXT, allowNull: false },
    productName: { type: DataTypes.TEXT, allowNull: false },
    quantity: DataTypes.INTEGER,
    status: { type: DataTypes.TEXT, defaultValue: "pending" },
  },
  { tableName: "orders", underscored: true, version: true },
);
// PostgreSQL counts from 1; Sequelize assumes 0.
Order.beforeCreate((order) => order.set("version", 1));
Order.beforeBulkCreate((orders) => orders.forEach((order) => order.set("version", 1)));

const order = await Order.create({ customerName: "Ada", productName: "Laptop", quantity: 1 });
const stale = await Order.findByPk(order.id);
await order.update({ quantity: 2 });
await order.update({ status: "processing" });
let refused = "";
try {
  await stale.update({ quantity: 9 });
} catch (error) {
  refused = error.name;
}
const many = await Order.bulkCreate(
  [1, 2, 3].map((quantity) => ({ customerName: "Bo", productName: "Mouse", quantity })),
  { returning: true },
);
await many[0].update({ quantity: 7 });
await many[1].destroy();
const read = await Order.findAll({ order: [["id", "ASC"]], raw: true });
console.log(JSON.stringify({ refused, version: order.version, many: many.length, read: read.length }));
await sequelize.close();
