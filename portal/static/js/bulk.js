// Lists: the actions on a selection appear with it; what carries data-confirm asks before it is sent.
(() => {
  const bar = document.querySelector("[data-bulk]");
  const number = document.querySelector("[data-bulk-count]");
  const all = document.querySelector("[data-check-all]");
  const boxes = [...document.querySelectorAll("table[data-ledger] input[name=rowid]")];

  function update() {
    const count = boxes.filter((box) => box.checked).length;
    boxes.forEach((box) => box.closest("tr").classList.toggle("is-selected", box.checked));
    if (bar) bar.hidden = count === 0;
    if (number) number.textContent = count;
    if (all) {
      all.checked = count > 0 && count === boxes.length;
      all.indeterminate = count > 0 && count < boxes.length;
    }
  }

  all?.addEventListener("change", () => {
    boxes.forEach((box) => { box.checked = all.checked; });
    update();
  });
  boxes.forEach((box) => box.addEventListener("change", update));
  window.addEventListener("pageshow", update); // browsers put ticks back after a reload
  update();

  // First of all listeners, so that a form that is not sent after all does not count as sent.
  document.addEventListener("submit", (event) => {
    const question = event.submitter?.dataset.confirm || event.target.dataset.confirm;
    if (question && !window.confirm(question)) event.preventDefault();
  }, true);
})();
