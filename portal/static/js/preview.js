// Lists: a row is opened by a click or with j, k and Enter. Where the window is wide enough, a click shows the record
// beside the list, to be read, approved or returned there; then the next one follows.
(() => {
  const body = document.querySelector(".list-body");
  const pane = document.querySelector("[data-beside]");
  const table = body?.querySelector("table[data-ledger]");
  if (!pane || !table) return;
  const place = pane.querySelector("[data-beside-place]");
  const wide = window.matchMedia("(min-width: 1200px)");
  const rows = () => [...table.querySelectorAll("tbody tr[data-id]")];
  const current = () => table.querySelector("tr.is-current");
  const link = (row) => row?.querySelector("td.title-cell a, td a");
  let wanted = "";

  function choose(row) {
    if (!row) return false;
    current()?.classList.remove("is-current");
    row.classList.add("is-current");
    row.scrollIntoView({ block: "nearest" });
    return true;
  }

  const parsed = async (answer) => new DOMParser().parseFromString(await answer.text(), "text/html");

  function fill(page, notices = []) {
    place.replaceChildren(...notices, ...page.querySelector("main").childNodes);
    place.querySelector(".crumbs")?.remove();
    place.scrollTop = 0;
    place.dispatchEvent(new CustomEvent("portal:added", { bubbles: true }));
  }

  async function show(row, notices) {
    if (!choose(row)) return;
    const there = link(row)?.href;
    if (!there) return;
    wanted = there;
    const answer = await fetch(there, { credentials: "same-origin" });
    if (!answer.ok || answer.redirected) { window.location = there; return; }
    const page = await parsed(answer);
    if (wanted !== there) return; // another row was chosen meanwhile
    fill(page, notices);
    pane.querySelector("[data-beside-open]").href = there;
    pane.hidden = false;
    body.classList.add("has-preview");
  }

  function close() {
    pane.hidden = true;
    body.classList.remove("has-preview");
    wanted = "";
  }

  // The list as it is now, with the same row chosen.
  async function refresh() {
    const answer = await fetch(window.location.href, { credentials: "same-origin" });
    if (!answer.ok || answer.redirected) return;
    const page = await parsed(answer);
    const chosen = current()?.dataset.id;
    table.tBodies[0].replaceChildren(...page.querySelector("table[data-ledger]").tBodies[0].childNodes);
    for (const part of [".pager", ".bulk-all"]) {
      const [old, now] = [body.querySelector(part), page.querySelector(part)];
      if (old && now) old.replaceWith(now);
    }
    choose(rows().find((row) => row.dataset.id === chosen));
    document.dispatchEvent(new CustomEvent("portal:list"));
  }

  async function send(form, submitter) {
    const after = current()?.nextElementSibling?.dataset.id;
    const answer = await fetch(form.action, { method: "POST", body: new FormData(form, submitter), credentials: "same-origin" });
    const page = await parsed(answer);
    const main = page.querySelector("main");
    const moved = answer.ok && page.querySelector('[data-level="success"]');
    if (!main || (answer.ok && !/\/show\/\d+$/.test(new URL(answer.url).pathname))) { window.location = answer.url; return; }
    if (!moved) { fill(page); return; }
    const notices = [...main.querySelectorAll(":scope > .notice[role]")];
    await refresh();
    const next = rows().find((row) => row.dataset.id === after);
    if (next) show(next, notices);
    else fill(page);
  }

  pane.addEventListener("submit", (event) => {
    if (event.defaultPrevented || !event.submitter?.matches("[data-move]")) return;
    event.preventDefault();
    const form = event.target;
    if (form.dataset.sending) return;
    form.dataset.sending = "yes";
    send(form, event.submitter).finally(() => { delete form.dataset.sending; form.removeAttribute("aria-busy"); });
  });
  pane.querySelector("[data-beside-close]").addEventListener("click", () => { close(); link(current())?.focus(); });

  table.addEventListener("click", (event) => {
    const row = event.target.closest("tbody tr[data-id]");
    if (!row || event.target.closest("a, input, button, label, summary, td.tick") || String(window.getSelection())) return;
    if (wide.matches) show(row);
    else if (link(row)) window.location = link(row).href;
  });

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.target.closest("input:not([type=checkbox]), textarea, select, [contenteditable], dialog")) return;
    const step = { j: 1, k: -1 }[event.key];
    if (step) {
      const all = rows();
      const at = all.indexOf(current());
      const row = all[at < 0 ? 0 : at + step];
      if (!row) return;
      event.preventDefault();
      if (pane.hidden) choose(row);
      else show(row);
    } else if (event.key === "Enter" && current() && !event.target.closest("a, button, summary")) {
      window.location = link(current()).href;
    } else if (event.key === "v" && current() && wide.matches) {
      if (pane.hidden) show(current());
      else close();
    } else if (event.key === "x" && current()) {
      current().querySelector("input[name=rowid]")?.click();
    } else if (event.key === "Escape" && !pane.hidden && !document.querySelector("details.drop[open], .drop.is-open")) {
      close();
    }
  });
})();
