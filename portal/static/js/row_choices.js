// A select of rows of another table of the form offers the rows that stand there now, under the names they have now.
(() => {
  function label(row, field) {
    const named = [...row.querySelectorAll("[name]")].find((node) => node.name.endsWith(`-${field}`));
    return (named?.selectedOptions ? named.selectedOptions[0]?.text : named?.value)?.trim();
  }

  function offered(select) {
    const rows = document.querySelectorAll(`[data-rows="${select.dataset.rowChoices}"] [data-rows-body] > [data-row]`);
    const unnamed = select.dataset.rowUnnamed || "{n}";
    return [...rows].map((row, n) => ({
      value: row.querySelector("input[type=hidden][name$='-id']").value,
      text: label(row, select.dataset.rowLabel) || unnamed.replace("{n}", n + 1),
      $order: n + 1,
    }));
  }

  function refreshEnhanced(picker, choices) {
    const keys = new Set(choices.map((choice) => choice.value));
    Object.keys(picker.options).filter((key) => !keys.has(key)).forEach((key) => picker.removeOption(key));
    choices.forEach((choice) => picker.addOption(choice)); // updates those that it has
    picker.refreshOptions(false);
  }

  function refreshPlain(select, choices) {
    const chosen = new Set([...select.selectedOptions].map((option) => option.value));
    const options = choices.map(({ text, value }) => new Option(text, value, false, chosen.has(value)));
    select.replaceChildren(...options);
  }

  function refresh(event) {
    const table = event.target.closest?.("[data-rows]")?.dataset.rows;
    document.querySelectorAll("select[data-row-choices]").forEach((select) => {
      // Rows of that table changed, or this very select is new.
      if (select.dataset.rowChoices !== table && !event.target.contains(select)) return;
      const choices = offered(select);
      if (select.tomselect) refreshEnhanced(select.tomselect, choices);
      else refreshPlain(select, choices);
    });
  }

  ["portal:added", "portal:rows"].forEach((name) => document.addEventListener(name, refresh));
  document.addEventListener("change", (event) => {
    if (!event.target.matches("select[data-row-choices]")) refresh(event);
  });
})();
