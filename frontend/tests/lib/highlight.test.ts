import fc from "fast-check";
import { expect, test } from "vitest";
import { folded } from "real-time-orders";
import { highlighted } from "@/lib/highlight";

const marks = (text: string, ...words: string[]) =>
  highlighted(text, words)
    .map(({ text: piece, isMatch }) => (isMatch ? `[${piece}]` : piece))
    .join("");

test.each([
  ["Laptop stand", ["lap"], "[Lap]top stand"],
  ["Zoë Ångström", ["zoe", "ANG"], "[Zoë] [Ång]ström"],
  ["Jose\u0301 Jose", ["josé"], "[Jose\u0301] [Jose]"],
  ["\ufb01sh", ["fi"], "[\ufb01]sh"],
  ["\ufb01sh", ["ish"], "[\ufb01sh]"],
  ["ΟΔΟΣ", ["οδος"], "[ΟΔΟΣ]"],
  ["banana", ["ana", "nan"], "b[anana]"],
  ["50% off", ["%"], "50[%] off"],
  ["plain", ["x"], "plain"],
  ["plain", [], "plain"],
  ["", ["a"], ""],
] as const)("in %j the words %j are marked", (text, words, expected) => {
  expect(marks(text, ...words)).toBe(expected);
});

test("the pieces are the text, and a word that search finds is marked", () => {
  const texts = fc.string({ unit: "grapheme", maxLength: 20 });
  fc.assert(
    fc.property(texts, texts, fc.nat(20), fc.nat(20), (before, after, from, length) => {
      const text = before + after;
      const word = text.slice(from, from + length);
      const pieces = highlighted(text, [word]);
      expect(pieces.map((piece) => piece.text).join("")).toBe(text);
      const isFound = folded(word) !== "" && folded(text).includes(folded(word));
      expect(pieces.some(({ isMatch }) => isMatch)).toBe(isFound);
    }),
  );
});
