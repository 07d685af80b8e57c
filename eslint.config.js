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
    // Shared code must not depend on a feature.
    files: ["frontend/src/lib/**", "frontend/src/components/**"],
    rules: {
      "no-restricted-imports": ["error", { patterns: ["@/features/*", "@/app"] }],
    },
  },
);
