// The index beside a long form says how many of the fields with a star are still empty, in each part and in all.
(() => {
  const index = document.querySelector("[data-index]");
  const form = document.querySelector("form.record-form");
  if (!index || !form) return;
  const told = index.dataset;
  let waiting = 0;

  const named = (place) => [...place.querySelectorAll("[name]:not([type=hidden])")];
  const filled = (node) => (node.matches("[type=checkbox], [type=radio]") ? node.checked : node.value.trim() !== "");
  const empty = (place) => !named(place).some(filled);
  // A row in which nothing was written is not sent, so it lacks nothing.
  const begun = (row) => named(row).some((node) => node.matches("input:not([type=checkbox]), textarea") && filled(node));

  function lacking(part) {
    return [...part.querySelectorAll("[data-starred]")].filter((place) => {
      const row = place.closest("[data-row]");
      return empty(place) && (!row || begun(row));
    }).length;
  }

  function count() {
    let all = 0;
    index.querySelectorAll("[data-left-in]").forEach((line) => {
      const part = document.getElementById(line.dataset.leftIn);
      const left = part ? lacking(part) : 0;
      all += left;
      line.textContent = left ? told.empty.replace("{count}", left) : "";
    });
    index.querySelector("[data-left-all]").textContent = all ? told.left.replace("{count}", all) : told.full;
  }

  ["input", "change", "portal:added", "portal:rows"].forEach((name) => form.addEventListener(name, () => {
    clearTimeout(waiting);
    waiting = setTimeout(count, 200);
  }));
  count();
})();
