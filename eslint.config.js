import js from "@eslint/js";
import reactHooks from "eslint-plugin-react-hooks";
import { defineConfig, globalIgnores } from "eslint/config";
import tseslint from "typescript-eslint";

export default defineConfig(
  globalIgnores(["**/dist"]),
  js.configs.recommended,
  {
    files: ["**/*.{ts,tsx}"],
    extends: [
      tseslint.configs.strictTypeChecked,
      tseslint.configs.stylisticTypeChecked,
      reactHooks.configs.flat.recommended,
    ],
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      // Numbers are safe in templates; objects and undefined are not.
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
      // Allow `onClick={() => setOpen(true)}`.
      "@typescript-eslint/no-confusing-void-expression": ["error", { ignoreArrowShorthand: true }],
      // Concerns only the React Compiler, which this project does not use.
      "react-hooks/incompatible-library": "off",
      "no-console": ["error", { allow: ["warn", "error"] }],
    },
  },
  {
    // What people read is in frontend/src/words, in every language.
    files: ["frontend/src/**/*.{ts,tsx}"],
    ignores: ["frontend/src/words/**"],
    rules: {
      "no-restricted-syntax": ["error", ...texts()],
    },
  },
  {
    // Shared code must not depend on a feature.
    files: ["frontend/src/lib/**", "frontend/src/components/**"],
    rules: {
      "no-restricted-imports": ["error", { patterns: ["@/features/*", "@/app"] }],
    },
  },
);

/** Literals that people would read: between tags, and as the value of an attribute or a toast's part. */
function texts() {
  const names =
    "/^(aria-(label|description|valuetext)|title|placeholder|label|alt|legend|part|hint|empty|confirm|send|sending)$/";
  const letters = "/[A-Za-z]{2}/";
  const places = [
    `JSXAttribute[name.name=${names}]`,
    `JSXAttribute[name.name=${names}] > JSXExpressionContainer`,
    ":matches(JSXElement, JSXFragment) > JSXExpressionContainer > LogicalExpression",
    ":matches(JSXElement, JSXFragment) > JSXExpressionContainer",
    "CallExpression[callee.property.name='show'] Property[key.name=/^(title|detail|label)$/]",
  ];
  const message = "A text for people: put it into frontend/src/words/*.ts.";
  return [
    `JSXText[value=${letters}]`,
    ...[...places.slice(0, 3), places[4]].map((place) => `${place} > Literal[value=${letters}]`),
    ...places.flatMap((place) => [
      `${place} > ConditionalExpression > Literal.consequent[value=${letters}]`,
      `${place} > ConditionalExpression > Literal.alternate[value=${letters}]`,
      `${place} > ConditionalExpression > ConditionalExpression > Literal[value=${letters}]`,
      `${place} > TemplateLiteral > TemplateElement[value.raw=${letters}]`,
    ]),
  ].map((selector) => ({ selector, message }));
}
