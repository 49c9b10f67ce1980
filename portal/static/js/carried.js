// A field that was taken over from an earlier record shows whether it was changed since.
document.querySelectorAll("[data-carried]").forEach((place) => {
  const line = place.querySelector("[data-carried-said]");
  const same = line.textContent;

  function now() {
    const nodes = [...place.querySelectorAll("[name]:not([type=hidden])")];
    return JSON.stringify(nodes.flatMap((node) => {
      if (node.matches("select")) return [...node.selectedOptions].map((option) => option.value).sort();
      return node.matches("[type=checkbox]") ? node.checked : node.value.trim();
    }));
  }

  const before = now();
  ["input", "change"].forEach((name) => place.addEventListener(name, () => {
    const changed = now() !== before;
    place.classList.toggle("is-changed", changed);
    line.textContent = changed ? line.dataset.changed : same;
  }));
});
