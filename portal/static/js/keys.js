// The keyboard in a form. Enter never sends it: in a table it goes to the cell below, in a new row at the end, elsewhere to the
// next field. Ctrl+Enter saves. Ctrl+D copies a cell from the row above. A new form begins in its first empty field.
(() => {
  const cells = window.portalCells;
  const form = document.querySelector("form[data-autosave]");
  if (!cells || !form) return;
  const CONTROLS = "input:not([type=hidden]), select, textarea";
  const fine = window.matchMedia("(pointer: fine)").matches; // a keyboard, and no screen that is typed on
  let chosen = null; // the list of choices in which somebody goes up and down

  const visible = (node) => node.offsetParent && !node.disabled && !node.matches(".ts-hidden-accessible");
  const placeOf = (node) => node.closest("[data-row] > td") || node.closest(".field") || node;
  const controls = () => [...form.querySelectorAll(CONTROLS)].filter(visible);
  const pickerOf = (node) => node.closest(".ts-wrapper")?.previousElementSibling?.tomselect;
  const valuesOf = (row) => cells.cellsOf(row).flatMap((cell) => (cells.select(cell) ? [] : cells.read(cell)));

  function go(node) {
    window.portalFocus(node);
    node.scrollIntoView({ block: "nearest" });
  }

  function next(place) {
    const all = controls();
    const last = all.map((node) => placeOf(node)).lastIndexOf(place);
    go(all[last + 1] || form.querySelector("[data-save]"));
  }

  function addedAfter(row) {
    const box = row.closest("[data-rows]");
    const button = box.querySelector("button[name=_rows][value$=':add']");
    const rows = box.querySelectorAll("[data-rows-body] > [data-row]");
    if (!button || rows.length >= Number(box.dataset.most) || valuesOf(row).every((text) => !text)) return null;
    button.click();
    return row.nextElementSibling;
  }

  function below(cell) {
    const row = cell.parentElement;
    const under = row.nextElementSibling || addedAfter(row);
    const target = under && cells.cellsOf(under)[cells.cellsOf(row).indexOf(cell)];
    const control = target && [...target.querySelectorAll(CONTROLS)].find(visible);
    if (control) go(control);
    else next(under ? cell : placeOf(lastOf(row)));
  }

  // The last field of the table, after which the form goes on.
  function lastOf(row) {
    const all = controls().filter((node) => node.closest("[data-rows]") === row.closest("[data-rows]"));
    return all[all.length - 1];
  }

  function copyDown(cell) {
    const above = cell.parentElement.previousElementSibling;
    const from = above && cells.cellsOf(above)[cells.cellsOf(cell.parentElement).indexOf(cell)];
    if (!from) return;
    const choices = cells.select(from) ? [...cells.select(from).selectedOptions].map((each) => [each.value, each.text]) : [];
    cells.write(cell, cells.read(from), choices);
  }

  // Enter takes what was searched for or gone to in a list of choices; in one that was only entered it goes on.
  const choosing = (picker) => picker && picker.isOpen && (picker.inputValue() !== "" || chosen === picker);

  function enter(event) {
    const node = event.target, cell = node.closest("[data-row] > td"), picker = pickerOf(node);
    if (node.matches("button, a, summary, [type=file], [type=submit]") || choosing(picker)) return;
    if (node.matches("textarea") && (!cell || !fine || event.shiftKey)) return;
    event.preventDefault();
    if (picker) event.stopPropagation(); // it would choose the first of all
    if (event.altKey && node.matches("textarea")) return void document.execCommand("insertText", false, "\n");
    picker?.close();
    if (cell) below(cell);
    else next(placeOf(node));
  }

  document.addEventListener("keydown", (event) => {
    if (event.target.form !== form && !form.contains(event.target)) return; // some stand above the form, and are sent with it
    if (event.isComposing || event.keyCode === 229) return; // Enter ends what an input method composes
    const command = event.ctrlKey || event.metaKey, cell = event.target.closest("[data-row] > td");
    if (event.key === "ArrowDown" || event.key === "ArrowUp") chosen = pickerOf(event.target) || null;
    if (event.key === "Enter" && command) {
      event.preventDefault();
      form.querySelector("[data-save]").click();
    } else if (event.key === "Enter") {
      enter(event);
    } else if (command && event.key.toLowerCase() === "d" && cell) {
      event.preventDefault();
      copyDown(cell);
    }
  }, true);
  form.addEventListener("change", (event) => {
    chosen = null;
    const picker = event.target.multiple && event.target.tomselect;
    if (!picker || !picker.inputValue()) return;
    picker.setTextboxValue(""); // what was searched for is found; the next Enter is not for one more
    picker.close();
  });
  form.addEventListener("focusout", () => { chosen = null; });

  if (!fine) return;
  form.querySelectorAll("[data-keys]").forEach((line) => { line.hidden = false; });
  const empty = controls().find((node) => placeOf(node).matches(".field") && !cells.read(placeOf(node)).some(Boolean));
  if (empty && "begin" in form.dataset && document.activeElement === document.body) window.portalFocus(empty);
})();
