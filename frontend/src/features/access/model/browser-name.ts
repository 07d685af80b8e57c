/** Returns a short name of a browser and its system, such as `Firefox on Linux`. */
import { words } from "@/words";
const BROWSERS: readonly (readonly [RegExp, string])[] = [
  [/Edg(e|A|iOS)?\//, "Edge"],
  [/OPR\/|Opera/, "Opera"],
  [/Firefox|FxiOS/, "Firefox"],
  [/Chrome|CriOS|Chromium/, "Chrome"],
  [/Safari/, "Safari"],
];
const SYSTEMS: readonly (readonly [RegExp, string])[] = [
  [/Android/, "Android"],
  [/iPhone|iPad/, "iOS"],
  [/Windows/, "Windows"],
  [/Mac OS X|Macintosh/, "macOS"],
  [/CrOS/, "ChromeOS"],
  [/Linux/, "Linux"],
];

export function browserName(text: string): string {
  const browser = nameIn(BROWSERS, text);
  const system = nameIn(SYSTEMS, text);
  if (browser && system) return words.access.browserOn(browser, system);
  return browser ?? system ?? (text || words.access.unknownBrowser);
}

const nameIn = (known: typeof BROWSERS, text: string): string | undefined =>
  known.find(([pattern]) => pattern.test(text))?.[1];
