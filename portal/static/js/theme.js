// Before anything is drawn: the colours of the user's device, unless the page says which.
(() => {
  const page = document.documentElement;
  if (page.dataset.bsTheme) return;
  const night = window.matchMedia("(prefers-color-scheme: dark)");
  const follow = () => { page.dataset.bsTheme = night.matches ? "dark" : "light"; };
  night.addEventListener("change", follow);
  follow();
})();
