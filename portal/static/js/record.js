// The page of a record: printing, and pictures in the page instead of a tab of their own.
(() => {
  const button = document.querySelector("[data-print]");
  if (button) {
    button.hidden = false;
    button.addEventListener("click", () => window.print());
  }

  document.addEventListener("click", (event) => {
    const link = event.target.closest('a[data-view^="image/"]');
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    const dialog = document.createElement("dialog");
    dialog.className = "picture";
    dialog.setAttribute("aria-label", link.textContent.trim());
    const picture = Object.assign(document.createElement("img"), { src: link.href, alt: link.textContent.trim() });
    const close = document.createElement("button");
    Object.assign(close, { type: "button", className: "btn btn-outline-secondary" });
    close.textContent = link.closest("[data-close]").dataset.close;
    close.addEventListener("click", () => dialog.close());
    dialog.append(picture, close);
    dialog.addEventListener("close", () => { dialog.remove(); link.focus(); });
    document.body.append(dialog);
    dialog.showModal();
  });
})();
