// The command palette, by Ctrl-K, and by "/" on pages without a search of their own: go to a page, begin a record, find
// one by its number or words.
(() => {
  const told = document.currentScript.dataset;
  const MOST = 12, PAUSE = 200; // milliseconds
  const dialog = document.createElement("dialog");
  dialog.className = "palette";
  dialog.setAttribute("aria-label", told.label);
  const input = Object.assign(document.createElement("input"), { type: "search", className: "form-control", placeholder: told.label, autocomplete: "off" });
  const list = Object.assign(document.createElement("ul"), { id: "palette-list", className: "plain-list" });
  for (const [name, value] of Object.entries({ role: "combobox", "aria-controls": list.id, "aria-expanded": "true", "aria-label": told.label })) input.setAttribute(name, value);
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", told.label);
  dialog.append(input, list);
  let commands = null, timer = 0, asked = "";

  const pages = () => [...document.querySelectorAll("#sidebar .nav-item")].map((item) => ({ text: item.textContent.trim(), hint: "", href: item.href }));

  async function suggest(text) {
    const url = new URL(told.url, document.baseURI);
    if (text) url.searchParams.set("q", text);
    const answer = await fetch(url, { credentials: "same-origin", headers: { Accept: "application/json" } });
    return answer.ok && !answer.redirected ? (await answer.json()).results : [];
  }

  function select(option) {
    list.querySelector("[aria-selected=true]")?.setAttribute("aria-selected", "false");
    option?.setAttribute("aria-selected", "true");
    option?.scrollIntoView({ block: "nearest" });
    if (option) input.setAttribute("aria-activedescendant", option.id);
    else input.removeAttribute("aria-activedescendant");
  }

  function draw(found) {
    list.replaceChildren(...found.slice(0, MOST * 2).map(({ text, hint, href }, at) => {
      const line = Object.assign(document.createElement("li"), { id: `palette-${at}` });
      line.setAttribute("role", "option");
      line.setAttribute("aria-selected", "false");
      const link = Object.assign(document.createElement("a"), { href, tabIndex: -1, textContent: text });
      link.append(" ", Object.assign(document.createElement("span"), { className: "hint", textContent: hint }));
      line.append(link);
      return line;
    }));
    if (!found.length && input.value) list.append(Object.assign(document.createElement("li"), { className: "hint", textContent: told.none }));
    select(list.querySelector("[role=option]"));
  }

  async function update() {
    const text = input.value.trim().toLowerCase();
    asked = text;
    const known = [...pages(), ...(commands || [])].filter((each) => each.text.toLowerCase().includes(text)).slice(0, MOST);
    draw(known);
    if (text.length < 2) return;
    const records = await suggest(text);
    if (asked === text) draw([...known, ...records]);
  }

  function open() {
    if (!dialog.isConnected) document.body.append(dialog);
    if (dialog.open) return;
    dialog.showModal();
    input.select();
    update();
    if (!commands) suggest("").then((found) => { commands = found; update(); });
  }

  input.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(update, PAUSE); });
  input.addEventListener("keydown", (event) => {
    const options = [...list.querySelectorAll("[role=option]")];
    const at = options.findIndex((each) => each.getAttribute("aria-selected") === "true");
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      select(options[(at + (event.key === "ArrowDown" ? 1 : options.length - 1)) % options.length]);
    } else if (event.key === "Enter" && at >= 0) {
      event.preventDefault();
      window.location = options[at].querySelector("a").href;
    }
  });
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });

  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]");
    const asks = event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey;
    const slash = event.key === "/" && !event.ctrlKey && !event.metaKey && !event.altKey && !typing && !document.querySelector("[data-search]");
    if (!asks && !slash) return;
    event.preventDefault();
    open();
  });
  document.querySelectorAll("[data-palette]").forEach((link) => link.addEventListener("click", (event) => { event.preventDefault(); open(); }));
})();
