// A file that can be taken only once: when it has been, the page shows what it is then, instead of a dead button.
// The page is asked for beside the download, since a reload would break that off.
(() => {
  const WAIT = 1000;
  const TIMES = 30;

  function offers(page, address) {
    return [...page.querySelectorAll("[data-once-only]")].some((each) => {
      return (each.getAttribute("formaction") || each.form?.getAttribute("action")) === address;
    });
  }

  async function look(address, left) {
    if (!left) return;
    let page = null;
    try {
      const answer = await fetch(location.href, { credentials: "same-origin", redirect: "error" });
      if (answer.ok) page = new DOMParser().parseFromString(await answer.text(), "text/html");
    } catch { /* away for a moment: look again */ }
    const fresh = page?.querySelector("main");
    if (!fresh || offers(page, address)) setTimeout(() => look(address, left - 1), WAIT);
    else document.querySelector("main").replaceWith(document.adoptNode(fresh));
  }

  document.addEventListener("submit", (event) => {
    const button = event.submitter;
    if (event.defaultPrevented || !button?.matches("[data-once-only]")) return;
    const address = button.getAttribute("formaction") || event.target.getAttribute("action");
    setTimeout(() => look(address, TIMES), WAIT);
  });
})();
