// Texts with a limit show how much of it is used.
(() => {
  function count(field) {
    const counter = document.querySelector(`[data-count-for="${CSS.escape(field.id)}"]`);
    if (counter) counter.textContent = `${field.value.length} / ${field.maxLength}`;
  }

  function countAll(root) {
    root.querySelectorAll("[data-count][maxlength]").forEach(count);
  }

  countAll(document);
  document.addEventListener("portal:added", (event) => countAll(event.target));
  document.addEventListener("input", (event) => {
    if (event.target.matches("[data-count][maxlength]")) count(event.target);
  });
})();
