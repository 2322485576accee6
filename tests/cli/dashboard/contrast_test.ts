import assert from "node:assert/strict";
import { pageFile } from "../../../lib/cli/dashboard/page.ts";

const style = pageFile("/style.css")?.text ?? "";

/** The color of a custom property; `light-dark(#RRGGBB, #RRGGBB)`. */
function colorOf(name: string, theme: "light" | "dark"): string {
  const pattern = new RegExp(`--${name}: light-dark\\((#[0-9a-f]{6}), (#[0-9a-f]{6})\\);`);
  const [, light, dark] = pattern.exec(style) ?? [];
  const color = theme === "light" ? light : dark;
  assert.ok(color, `--${name} has a color for each theme`);
  return color;
}

/** Relative luminance (WCAG 2.2). */
function luminance(color: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(color.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(one: string, other: string): number {
  const [light = 0, dark = 0] = [luminance(one), luminance(other)].sort((a, b) => b - a);
  return (light + 0.05) / (dark + 0.05);
}

/** Text, its backgrounds, and the contrast that level AA asks for: 4.5 for text, 3 for the edges of controls. */
const PAIRS: readonly (readonly [string, readonly string[], number])[] = [
  ["text", ["page", "surface", "outdated", "uninjected"], 4.5],
  ["muted", ["page", "surface"], 4.5],
  ["accent", ["page", "surface"], 4.5],
  ["updated", ["page", "surface"], 4.5],
  ["missed", ["page", "surface"], 4.5],
  ["notUpgradable", ["page", "surface"], 4.5],
  ["on-strong", ["updated", "accent", "notUpgradable", "missed"], 4.5],
  ["muted", ["uninjected"], 3],
];

for (const theme of ["light", "dark"] as const) {
  Deno.test(`text of the page has the contrast of level AA in the ${theme} theme`, () => {
    for (const [text, backgrounds, least] of PAIRS) {
      for (const background of backgrounds) {
        const found = contrast(colorOf(text, theme), colorOf(background, theme));
        assert.ok(found >= least, `${text} on ${background}: ${found.toFixed(2)} < ${least}`);
      }
    }
  });
}

Deno.test("the contrast of black and white is 21, and of a color with itself 1", () => {
  assert.equal(Math.round(contrast("#000000", "#ffffff")), 21);
  assert.equal(contrast("#576071", "#576071"), 1);
});
