// The role page: a preset ticks its boxes; ticking by hand shows which preset that is.
document.querySelectorAll("tr[data-ledger]").forEach((row) => {
  const preset = row.querySelector("select[data-preset]");
  if (!preset) return;
  const scope = row.querySelector("select[data-scope]");
  const boxes = [...row.querySelectorAll("input[type=checkbox][data-verb]:not(:disabled)")];
  const ticks = (option, box) => (option.dataset.verbs || "").split(" ").includes(box.dataset.verb);

  function fits(option) {
    const scoped = !scope || !option.dataset.scope || option.dataset.scope === scope.value;
    return option.value && scoped && boxes.every((box) => box.checked === ticks(option, box));
  }

  function recognise() {
    preset.value = [...preset.options].find(fits)?.value ?? "";
  }

  preset.addEventListener("change", () => {
    const option = preset.selectedOptions[0];
    if (!option.value) return;
    boxes.forEach((box) => { box.checked = ticks(option, box); });
    if (scope && option.dataset.scope) scope.value = option.dataset.scope;
    row.dispatchEvent(new Event("change", { bubbles: true })); // for what is marked beside it
  });
  [...boxes, ...(scope ? [scope] : [])].forEach((node) => node.addEventListener("change", recognise));
  recognise();
});
