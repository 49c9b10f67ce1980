// The pages of rights: groups fold, a search narrows the rows, a box at a row or a column ticks all of it.
document.querySelectorAll("form[data-matrix]").forEach((form) => {
  const tools = document.querySelector("[data-matrix-tools]");
  const table = form.querySelector(".role-matrix");
  const rows = [...form.querySelectorAll("tr[data-ledger]")];
  const boxesOf = (node) => [...node.querySelectorAll("input[data-verb]:not(:disabled)")];
  const seen = (row) => row.offsetParent !== null;
  const summaries = [];

  // Ticked where all are, half where some are.
  function summary(place, label, boxes) {
    const box = document.createElement("input");
    Object.assign(box, { type: "checkbox", className: "form-check-input", autocomplete: "off" });
    box.setAttribute("aria-label", label);
    place.append(box);
    box.addEventListener("change", () => {
      const wanted = box.checked;
      boxes().filter((each) => each.checked !== wanted).forEach((each) => {
        each.checked = wanted;
        each.dispatchEvent(new Event("change", { bubbles: true }));
      });
    });
    summaries.push(() => {
      const all = boxes();
      const count = all.filter((each) => each.checked).length;
      box.checked = all.length > 0 && count === all.length;
      box.indeterminate = count > 0 && count < all.length;
      box.disabled = all.length === 0;
    });
  }

  function summarise() {
    summaries.forEach((each) => each());
  }

  form.querySelectorAll("[data-fold]").forEach((title) => {
    const button = document.createElement("button");
    Object.assign(button, { type: "button", className: "fold", textContent: title.textContent });
    button.setAttribute("aria-expanded", "true");
    button.addEventListener("click", () => {
      const folded = button.closest("[data-group]").classList.toggle("is-folded");
      button.setAttribute("aria-expanded", String(!folded));
      summarise();
    });
    title.replaceChildren(button);
  });
  form.querySelectorAll("[data-all-cell]").forEach((cell) => {
    summary(cell, cell.dataset.allCell, () => boxesOf(cell.closest("tr")));
  });
  if (form.querySelector("[data-all-head]")) {
    form.querySelectorAll("[data-column]").forEach((head) => {
      const verb = head.dataset.column;
      const label = `${head.textContent.trim()}: ${table.dataset.all}`;
      summary(head, label, () => rows.filter(seen).flatMap(boxesOf).filter((box) => box.dataset.verb === verb && table.contains(box)));
    });
  }

  // What differs from the delivered role, and what is not saved yet.
  function mark(row) {
    let differs = false;
    row.querySelectorAll("[data-usual]").forEach((node) => {
      const box = node.closest("[data-box]");
      const other = box ? node.checked !== (node.dataset.usual === "1") : node.value !== node.dataset.usual;
      if (box) {
        box.classList.toggle("is-added", other && node.checked);
        box.classList.toggle("is-taken", other && !node.checked);
      } else node.classList.toggle("is-other", other);
      differs ||= other;
    });
    row.toggleAttribute("data-differs", differs);
    const changed = [...row.querySelectorAll("input[data-verb], select[data-scope] option")].some((node) => (
      node.tagName === "OPTION" ? node.selected !== node.defaultSelected : node.checked !== node.defaultChecked
    ));
    row.classList.toggle("is-changed", changed);
    const told = row.querySelector("[data-changed]");
    if (told) told.hidden = !changed;
    const sentence = row.querySelector("[data-sentence]");
    if (sentence) sentence.hidden = changed;
  }

  function narrow() {
    const text = tools.querySelector("[data-find]").value.trim().toLowerCase();
    const only = tools.querySelector("[data-only-different]").checked;
    rows.forEach((row) => {
      const fits = row.dataset.words.toLowerCase().includes(text) && (!only || row.hasAttribute("data-differs"));
      row.classList.toggle("is-out", !fits);
    });
    form.querySelectorAll("[data-group]").forEach((group) => {
      group.classList.toggle("is-out", !group.querySelector("tr[data-ledger]:not(.is-out)"));
    });
    form.querySelectorAll(".list-card").forEach((card) => {
      card.classList.toggle("is-out", !card.querySelector("tr[data-ledger]:not(.is-out)"));
    });
    tools.querySelector("[data-none-found]").hidden = rows.some((row) => !row.classList.contains("is-out"));
    summarise();
  }

  form.addEventListener("change", (event) => {
    const row = event.target.closest("tr[data-ledger]");
    if (row && tools) mark(row);
    summarise();
  });
  if (tools) {
    tools.hidden = false;
    tools.addEventListener("input", narrow);
    window.addEventListener("pageshow", () => { rows.forEach(mark); narrow(); }); // browsers put ticks back
  }
  summarise();
});
