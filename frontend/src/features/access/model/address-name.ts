/** What people call an address: that of the machine of the system itself says nothing to them. */
export function addressName(address: string): string {
  return address === "::1" || address.startsWith("127.") ? "this machine" : address;
}
