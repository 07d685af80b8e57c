import { expect, test } from "vitest";
import { localeFor } from "@/lib/locale";

test("numbers and dates are written as in the page's language, in the reader's variant", () => {
  expect(localeFor(["de-DE", "en-GB", "en-US"], ["en"])).toBe("en-GB");
  expect(localeFor(["de-CH", "fr"], ["en"])).toBe("en");
  expect(localeFor(["de-CH", "en"], ["en", "de"])).toBe("de-CH");
  expect(localeFor([], ["en", "de"])).toBe("en");
});
