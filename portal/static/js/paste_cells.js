// The cells of a table in a form, and what a spreadsheet puts on the clipboard; used by paste.js.
window.portalCells = (() => {
  const SEVERAL = /[、,，;；\n]+/;

  // Rows of texts. A cell with a tab, a line break or a quotation mark in it stands in quotation marks, doubled inside.
  function parse(text) {
    const rows = [[]];
    const source = text.replace(/\r\n?/g, "\n").replace(/\n$/, "");
    for (let at = 0; at <= source.length; at += 1) {
      const quoted = source[at] === '"' && source.slice(at).match(/^"((?:[^"]|"")*)"(?=[\t\n]|$)/);
      const end = quoted ? at + quoted[0].length : at + source.slice(at).search(/[\t\n]|$/);
      rows[rows.length - 1].push(quoted ? quoted[1].replace(/""/g, '"') : source.slice(at, end));
      if (source[end] === "\n") rows.push([]);
      at = end;
    }
    return rows;
  }

  const cellsOf = (row) => [...row.children].filter((cell) => !cell.matches(".row-buttons"));
  const select = (cell) => cell.querySelector("select");
  const ticks = (cell) => [...cell.querySelectorAll("input[type=checkbox]")];
  const written = (cell) => cell.querySelector("textarea, input:not([type=hidden], [type=checkbox]):not(.ts-control input)");

  function read(cell) {
    if (select(cell)) return [...select(cell).selectedOptions].map((option) => option.value);
    if (ticks(cell).length) return ticks(cell).filter((tick) => tick.checked).map((tick) => tick.value);
    return written(cell) ? [written(cell).value] : [];
  }

  function choose(node, values, choices) {
    const picker = node.tomselect;
    for (const [value, text] of choices) {
      if (picker) picker.addOption({ [picker.settings.valueField]: value, [picker.settings.labelField]: text });
      else if (![...node.options].some((option) => option.value === value)) node.add(new Option(text, value));
    }
    if (picker) picker.setValue(node.multiple ? values : values[0] || "", true);
    else [...node.options].forEach((option) => { option.selected = values.includes(option.value); });
    if (!node.multiple && !values.length) node.value = "";
  }

  function write(cell, values, choices = []) {
    const node = select(cell) || ticks(cell)[0] || written(cell);
    if (!node) return;
    if (select(cell)) choose(node, values, choices);
    else if (ticks(cell).length) ticks(cell).forEach((tick) => { tick.checked = values.includes(tick.value); });
    else node.value = values[0] || "";
    ["input", "change"].forEach((name) => node.dispatchEvent(new Event(name, { bubbles: true })));
  }

  // Rows of another table of the form, by what they are called there; the texts that no row has are left.
  function named(cell, text) {
    const options = [...select(cell).options], values = [], left = [];
    for (const part of text.split(SEVERAL).map((each) => each.trim()).filter(Boolean)) {
      const found = options.find((option) => option.text.trim() === part);
      if (found) values.push(found.value);
      else left.push(part);
    }
    return { values, left };
  }

  function mark(cell, text) {
    cell.querySelectorAll("[data-pasted-fault]").forEach((each) => each.remove());
    const node = select(cell) || written(cell) || ticks(cell)[0];
    if (node) node.classList.toggle("is-invalid", Boolean(text));
    if (!text) return;
    const line = Object.assign(document.createElement("p"), { className: "field-error", textContent: text });
    line.dataset.pastedFault = "";
    cell.append(line);
  }

  return { parse, cellsOf, select, read, write, named, mark };
})();
