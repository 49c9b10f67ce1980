// Copies what the pages use out of node_modules into portal/static/vendor: `npm ci && npm run vendor`.
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const here = import.meta.dirname;
const from = join(here, "node_modules");
const to = join(here, "..", "portal", "static", "vendor");

const files = {
  "bootstrap.min.css": "bootstrap/dist/css/bootstrap.min.css",
  "bootstrap.LICENSE": "bootstrap/LICENSE",
  "tom-select.complete.min.js": "tom-select/dist/js/tom-select.complete.min.js",
  "tom-select.bootstrap5.min.css": "tom-select/dist/css/tom-select.bootstrap5.min.css",
  "tom-select.LICENSE": "tom-select/LICENSE",
  "flatpickr.min.js": "flatpickr/dist/flatpickr.min.js",
  "flatpickr.min.css": "flatpickr/dist/flatpickr.min.css",
  "flatpickr-zh.js": "flatpickr/dist/l10n/zh.js",
  "flatpickr-zh-tw.js": "flatpickr/dist/l10n/zh-tw.js",
  "flatpickr.LICENSE": "flatpickr/LICENSE.md",
  "tabler-icons.LICENSE": "@tabler/icons/LICENSE",
};

rmSync(to, { recursive: true, force: true });
mkdirSync(to, { recursive: true });
for (const [name, source] of Object.entries(files)) {
  if (/\.(js|css)$/.test(name)) {
    // Source maps are not shipped, so nothing should ask for them.
    const text = readFileSync(join(from, source), "utf8").replace(/^\/[/*]# sourceMappingURL=.*$/gm, "");
    writeFileSync(join(to, name), text.trimEnd() + "\n");
  } else {
    cpSync(join(from, source), join(to, name));
  }
}

// One sprite of the icons that are used, each a <symbol> under its name.
const names = readFileSync(join(here, "icons.txt"), "utf8").split("\n").filter(Boolean);
const symbols = names.map((name) => {
  const svg = readFileSync(join(from, "@tabler/icons/icons/outline", `${name}.svg`), "utf8");
  const inner = svg.slice(svg.indexOf(">", svg.indexOf("<svg")) + 1, svg.lastIndexOf("</svg>"))
    .replace(/<path stroke="none"[^>]*>/, ""); // the empty frame that every icon has
  return `<symbol id="${name}" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2" `
    + `stroke-linecap="round" stroke-linejoin="round">${inner.replace(/\s*\n\s*/g, "")}</symbol>`;
});
writeFileSync(join(to, "icons.svg"), `<svg xmlns="http://www.w3.org/2000/svg">\n${symbols.join("\n")}\n</svg>\n`);

// What the tests of accessibility run in pages; no page loads it.
const tests = join(here, "..", "tests", "browser", "vendor");
mkdirSync(tests, { recursive: true });
cpSync(join(from, "axe-core", "axe.min.js"), join(tests, "axe.min.js"));
cpSync(join(from, "axe-core", "LICENSE"), join(tests, "axe.LICENSE"));
