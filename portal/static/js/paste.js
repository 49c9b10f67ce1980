// A block copied from a spreadsheet goes into a table of the form from the focused cell on: rows are added, choices and
// people are matched by the server, what does not fit is marked at its cell, what has no place is named. It can be undone.
(() => {
  const cells = window.portalCells;
  const form = document.querySelector("form.record-form");
  if (!cells || !form || !window.fetch) return;
  let last = null; // the latest block, until something else is typed
  let quiet = false;

  function rowsOf(box) {
    return [...box.querySelectorAll("[data-rows-body] > [data-row]")];
  }

  function addRow(box) {
    const button = box.querySelector("button[name=_rows][value$=':add']");
    if (!button || rowsOf(box).length >= Number(box.dataset.most)) return null;
    button.click();
    return rowsOf(box).at(-1);
  }

  function say(box, texts, undo) {
    box.querySelectorAll("[data-paste-said]").forEach((each) => each.remove());
    const line = Object.assign(document.createElement("div"), { className: "notice pasted" });
    line.dataset.pasteSaid = "";
    line.dataset.level = texts.length > 1 ? "warning" : "info";
    line.setAttribute("role", "status");
    line.append(texts.join(" "));
    if (undo) {
      const button = Object.assign(document.createElement("button"), { type: "button", textContent: box.dataset.undo });
      button.className = "btn btn-sm btn-outline-secondary";
      button.addEventListener("click", undo);
      line.append(" ", button);
    }
    box.querySelector("table").before(line);
  }

  async function ask(box, first, block) {
    const sent = new URLSearchParams({ first, cells: JSON.stringify(block) });
    sent.set("csrf_token", document.querySelector('meta[name="csrf-token"]').content);
    const answer = await fetch(box.dataset.paste, { method: "POST", body: sent, credentials: "same-origin", redirect: "manual" });
    if (!answer.ok) throw new Error(answer.status);
    return (await answer.json()).rows;
  }

  // One cell; answers whether it fits. What is chosen and does not fit leaves the cell as it was.
  function put(box, cell, told) {
    if (cells.select(cell)?.dataset.rowChoices) {
      const { values, left } = cells.named(cell, told.texts[0] || "");
      cells.write(cell, values);
      cells.mark(cell, left.length ? box.dataset.noRow.replace("{what}", left.join(", ")) : "");
      return !left.length;
    }
    if (!told.fault || told.texts.length) cells.write(cell, told.texts, told.choices);
    cells.mark(cell, told.fault && !told.texts.length ? `${told.fault} (${told.text})` : told.fault || "");
    return !told.fault;
  }

  function undone(box, before, added) {
    quiet = true;
    before.forEach(([cell, values]) => { cells.write(cell, values); cells.mark(cell, ""); });
    added.reverse().forEach((row) => row.querySelector("button[name=_rows][value*=':remove:']")?.click());
    quiet = false;
    box.querySelectorAll("[data-paste-said]").forEach((each) => each.remove());
    last = null;
  }

  function fill(box, rows, first, told) {
    const before = [];
    let wrong = 0;
    quiet = true;
    told.forEach((line, n) => line.forEach((each, k) => {
      const cell = cells.cellsOf(rows[n])[first + k];
      before.push([cell, cells.read(cell)]);
      if (!put(box, cell, each)) wrong += 1;
    }));
    quiet = false;
    return { before, wrong };
  }

  // `added` are rows that are there for this block only.
  async function paste(box, row, cell, block, added) {
    const first = cells.cellsOf(row).indexOf(cell), width = cells.cellsOf(row).length - first;
    const rows = rowsOf(box).slice(rowsOf(box).indexOf(row));
    const left = block.flatMap((line) => line.slice(width)).filter((text) => text.trim());
    const taken = block.map((line) => line.slice(0, width));
    let told;
    try {
      told = await ask(box, first, taken);
    } catch {
      return say(box, [box.dataset.away]);
    }
    while (rows.length < taken.length) {
      const fresh = addRow(box);
      if (!fresh) break;
      rows.push(fresh);
      added.push(fresh);
    }
    left.push(...taken.slice(rows.length).flat().filter((text) => text.trim()));
    told = told.slice(0, rows.length);
    const { before, wrong } = fill(box, rows, first, told);
    const texts = [box.dataset.pasted.replace("{count}", told.flat().length)];
    if (wrong) texts.push(box.dataset.wrong.replace("{count}", wrong));
    if (left.length) texts.push(box.dataset.left.replace("{what}", left.join(", ")));
    last = () => undone(box, before, added);
    say(box, texts, last);
    box.dispatchEvent(new CustomEvent("portal:rows", { bubbles: true }));
  }

  form.addEventListener("paste", (event) => {
    const box = event.target.closest("[data-rows]");
    const row = event.target.closest("[data-row]"), cell = event.target.closest("[data-row] > td");
    const block = cells.parse(event.clipboardData?.getData("text/plain") || "");
    if (!box || (row && !cell) || (block.length < 2 && block[0].length < 2)) return;
    // Several lines of running text into a long text are no block; a column of a spreadsheet is.
    const sheet = (event.clipboardData.getData("text/html") || "").includes("<table");
    if (event.target.matches("textarea") && !sheet && block.every((line) => line.length < 2)) return;
    event.preventDefault();
    event.stopPropagation();
    const fresh = row ? null : addRow(box); // onto the button that adds rows
    if (fresh) paste(box, fresh, cells.cellsOf(fresh)[0], block, [fresh]);
    else if (row) paste(box, row, cell, block, []);
  }, true);

  form.addEventListener("input", (event) => {
    if (quiet) return;
    last = null;
    const cell = event.target.closest("[data-row] > td");
    if (cell) cells.mark(cell, "");
  });
  form.addEventListener("keydown", (event) => {
    if (!last || event.key !== "z" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    last();
  });
})();
