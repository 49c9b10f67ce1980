// Lists: the actions on a selection appear with it; what carries data-confirm asks before it is sent.
(() => {
  const bar = document.querySelector("[data-bulk]");
  const number = document.querySelector("[data-bulk-count]");
  const all = document.querySelector("[data-check-all]");
  let boxes = [];

  // Only what can be done with some of the selected is offered.
  function offer(statuses) {
    bar.querySelectorAll("[data-from]").forEach((button) => {
      button.hidden = !button.dataset.from.split(" ").some((status) => statuses.has(status));
    });
  }

  function update() {
    const chosen = boxes.filter((box) => box.checked);
    const count = chosen.length;
    boxes.forEach((box) => box.closest("tr").classList.toggle("is-selected", box.checked));
    const whole = document.querySelector(".bulk-all");
    if (whole) whole.hidden = count > 0;
    if (bar) bar.hidden = count === 0;
    if (bar) offer(new Set(chosen.map((box) => box.closest("tr").dataset.status)));
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
  function begin() {
    boxes = [...document.querySelectorAll("table[data-ledger] input[name=rowid]")];
    update();
  }
  document.addEventListener("change", (event) => { if (event.target.name === "rowid") update(); });
  document.addEventListener("portal:list", begin); // its rows were read again
  window.addEventListener("pageshow", update); // browsers put ticks back after a reload
  begin();

  // First of all listeners, so that a form that is not sent after all does not count as sent.
  document.addEventListener("submit", (event) => {
    const question = event.submitter?.dataset.confirm || event.target.dataset.confirm;
    if (question && !window.confirm(question)) event.preventDefault();
  }, true);
})();
