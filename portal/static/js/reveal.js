// Personal data in full goes from the screen when its time is over, whether or not the page is loaded again.
(() => {
  const opened = [...document.querySelectorAll("[data-revealed]")];
  const loaded = Date.now();

  function hide() {
    opened.forEach((value) => {
      if (Date.now() < loaded + value.dataset.until * 1000) return;
      value.textContent = value.dataset.masked;
      value.nextElementSibling.hidden = true;
    });
  }

  opened.forEach((value) => setTimeout(hide, value.dataset.until * 1000 + 50));
  // Clocks of pages stand still while a machine sleeps.
  ["pageshow", "focus"].forEach((name) => window.addEventListener(name, hide));
  document.addEventListener("visibilitychange", hide);
})();
