import { expect, test } from "vitest";
import { addressName } from "@/features/access/model/address-name";

test.each([
  ["::1", "this machine"],
  ["127.0.0.1", "this machine"],
  ["192.0.2.7", "192.0.2.7"],
  ["2001:db8::7", "2001:db8::7"],
])("%s is called %s", (address, name) => {
  expect(addressName(address)).toBe(name);
});
