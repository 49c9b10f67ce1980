// Menus that unfold: one at a time, closed by Escape and by a click elsewhere. A link marked data-drop leads to a page
// whose panel is shown as a menu here.
(() => {
  const open = () => [...document.querySelectorAll("details.drop[open], div.drop.is-open")];

  function close(menu) {
    if (menu.matches("details")) menu.open = false;
    else shut(menu);
  }

  function shut(menu) {
    menu.querySelector(".drop-panel")?.remove();
    menu.classList.remove("is-open");
    menu.querySelector("[data-drop]").setAttribute("aria-expanded", "false");
  }

  async function unfold(link) {
    const menu = link.parentElement;
    const answer = await fetch(link.href, { credentials: "same-origin" });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const panel = page.querySelector("main .drop-panel");
    if (!answer.ok || answer.redirected || !panel) { window.location = link.href; return; }
    menu.append(panel);
    panel.dispatchEvent(new CustomEvent("unfolded", { bubbles: true }));
    menu.classList.add("is-open");
    link.setAttribute("aria-expanded", "true");
    panel.querySelector("a, input:not([type=hidden])")?.focus();
  }

  document.addEventListener("click", (event) => {
    const link = event.target.closest("[data-drop]");
    const here = link && link.parentElement.classList.contains("is-open") ? link.parentElement : null;
    open().forEach((menu) => { if (menu === here || !menu.contains(event.target)) close(menu); });
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    if (!here) unfold(link);
  });
  document.addEventListener("keydown", (event) => {
    const [menu] = event.key === "Escape" ? open() : [];
    if (!menu) return;
    close(menu);
    menu.querySelector("summary, [data-drop]").focus();
  });
})();
