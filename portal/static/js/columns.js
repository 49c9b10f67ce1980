// The columns to choose are put in order by two buttons each; they are sent in the order in which they stand.
(() => {
  function orderable(form) {
    form.querySelectorAll(".drop-item").forEach((line) => {
      const button = (sign, label, move) => {
        const made = Object.assign(document.createElement("button"), { type: "button", className: "btn btn-icon btn-sm", textContent: sign, title: label });
        made.setAttribute("aria-label", `${label}: ${line.textContent.trim()}`);
        made.addEventListener("click", () => { move(); made.focus(); });
        return made;
      };
      const up = button("↑", form.dataset.up, () => line.previousElementSibling?.before(line));
      const down = button("↓", form.dataset.down, () => line.nextElementSibling?.after(line));
      line.append(up, down);
    });
  }

  document.querySelectorAll("[data-columns]").forEach(orderable);
  document.addEventListener("unfolded", (event) => { if (event.target.matches("[data-columns]")) orderable(event.target); });
})();
