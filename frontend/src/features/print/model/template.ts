/** Templates of the owner's, filled with data of anyone's: nothing of it can run or load anything. */
import Mustache from "mustache";

/** Values are always text. `{{{name}}}` would make markup of an order's contents. */
class SafeWriter extends Mustache.Writer {
  override unescapedValue(token: string[], context: Mustache.Context): string {
    return this.escapedValue(token, context);
  }
}

/** Raises what Mustache says of a template that is not well-formed. */
export const filled = (template: string, data: unknown): string =>
  new SafeWriter().render(template, data);

/** Besides scripts: what loads, navigates, or takes input. The page's policy would refuse most of it. */
const ACTIVE =
  "script, iframe, frame, object, embed, portal, meta, link, base, form, input, button";

export interface Sheet {
  readonly content: DocumentFragment;
  /** The styles, which the page's policy allows only as objects. */
  readonly styles: readonly string[];
}

/** Parse markup without running it, and leave out what could run. */
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
    if (style !== null) element.style.cssText = style; // as an attribute it would be refused
  }
  return { content, styles };
}
