// Forms marked data-guard ask before what was typed is lost, unless the server keeps it (autosave.js). data-guard="typed":
// the server gave it back unsaved.
document.querySelectorAll("form[data-guard]").forEach((form) => {
  let changed = form.dataset.guard === "typed";
  ["input", "change", "portal:added", "portal:rows"].forEach((name) => {
    form.addEventListener(name, () => { changed = true; });
  });
  document.addEventListener("submit", (event) => {
    if (event.target === form && !event.defaultPrevented) changed = false;
  });
  window.addEventListener("beforeunload", (event) => {
    if (!changed || form.dataset.autosaved) return;
    event.preventDefault();
    event.returnValue = "unsaved"; // Chromium asks only with this before 119; no browser shows the text
  });
});
