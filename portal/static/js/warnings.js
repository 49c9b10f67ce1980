// Tells while a form is filled what is unusual about it; nothing is stopped by that.
(() => {
  const form = document.querySelector("form[data-check]");
  const box = form && form.querySelector("[data-warnings]");
  if (!form || !box || !window.fetch) return;
  let waiting = 0, asked = 0;

  function show(texts) {
    box.replaceChildren(...texts.map((text) => {
      const line = document.createElement("div");
      line.className = "notice";
      line.dataset.level = "warning";
      line.textContent = text;
      return line;
    }));
  }

  function ask() {
    const number = (asked += 1);
    fetch(form.dataset.check, { method: "POST", body: new FormData(form), credentials: "same-origin" })
      .then((response) => (response.ok ? response.json() : { warnings: [] }))
      .then(({ warnings }) => { if (number === asked) show(warnings); })
      .catch(() => {});
  }

  ["change", "portal:rows"].forEach((name) => form.addEventListener(name, () => {
    clearTimeout(waiting);
    waiting = setTimeout(ask, 500);
  }));
})();
