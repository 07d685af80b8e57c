/**
 * Fills the owner's templates with data that may come from anyone. Nothing in the result can run or
 * load anything.
 */
import Mustache from "mustache";

/** Escapes all values. Without this, `{{{name}}}` would insert an order's contents as markup. */
class SafeWriter extends Mustache.Writer {
  override unescapedValue(token: string[], context: Mustache.Context): string {
    return this.escapedValue(token, context);
  }
}

/** Returns the filled template. Throws Mustache's error if the template is not well-formed. */
export const filled = (template: string, data: unknown): string =>
  new SafeWriter().render(template, data);

/**
 * Elements that run scripts, load, navigate or take input. The page's policy would refuse most of them
 * anyway.
 */
const ACTIVE =
  "script, iframe, frame, object, embed, portal, meta, link, base, form, input, button";

export interface Sheet {
  readonly content: DocumentFragment;
  /** The texts of the style sheets. The page's policy allows them only as constructed style sheets. */
  readonly styles: readonly string[];
}

/** Parses markup without running it and removes everything that could run. */
export function sheetOf(markup: string): Sheet {
  const parsed = document.createElement("template");
  parsed.innerHTML = markup;
  const { content } = parsed;
  const styles = [...content.querySelectorAll("style")].map((style) => {
    style.remove();
    return style.textContent;
  });
  for (const element of content.querySelectorAll(ACTIVE)) element.remove();
  for (const element of content.querySelectorAll<HTMLElement>("*")) {
    const style = element.getAttribute("style");
    for (const { name, value } of [...element.attributes]) {
      const leads = /^(href|src|xlink:href)$/i.test(name);
      const runs = /^on/i.test(name) || (leads && /^\s*(javascript|vbscript):/i.test(value));
      if (runs || name === "style") element.removeAttribute(name);
    }
    if (style !== null) element.style.cssText = style; // the policy refuses it as an attribute
  }
  return { content, styles };
}
