// The menu: on phones it opens over the page; groups stay folded as they were left, and entries say how much waits
// behind them.
(() => {
  const sidebar = document.getElementById("sidebar");
  const button = document.querySelector("[data-menu]");
  const page = document.querySelector(".app-main");
  const backdrop = Object.assign(document.createElement("div"), { className: "menu-backdrop" });

  function turn(open) {
    sidebar?.classList.toggle("show", open);
    page.inert = open;
    button.setAttribute("aria-expanded", String(open));
    if (open) {
      document.body.append(backdrop);
      sidebar.querySelector("nav a").focus();
    } else {
      backdrop.remove();
      button.focus();
    }
  }

  button?.addEventListener("click", (event) => { event.preventDefault(); turn(true); });
  backdrop.addEventListener("click", () => turn(false));
  document.addEventListener("keydown", (event) => { if (event.key === "Escape" && sidebar?.classList.contains("show")) turn(false); });

  const FOLDED = "folded", WAITING = "waiting", FRESH = 30000; // milliseconds
  const nav = document.querySelector("#sidebar nav");
  if (!nav) return;
  const folds = [...nav.querySelectorAll("[data-fold]")];
  const read = (store, name) => { try { return JSON.parse(store.getItem(name)); } catch { return null; } };
  const write = (store, name, value) => { try { store.setItem(name, JSON.stringify(value)); } catch { /* no room, or forbidden */ } };

  const folded = new Set(read(localStorage, FOLDED) || []);
  folds.forEach((fold) => {
    // Where one is stays in sight.
    if (folded.has(fold.dataset.fold) && !fold.querySelector("[aria-current]")) fold.open = false;
    fold.addEventListener("toggle", () => {
      folded[fold.open ? "delete" : "add"](fold.dataset.fold);
      write(localStorage, FOLDED, [...folded]);
    });
  });

  function show(ledgers) {
    nav.querySelectorAll("[data-of]").forEach((item) => {
      item.querySelector(".waits")?.remove();
      const count = ledgers[item.dataset.of];
      if (!count) return;
      const said = nav.dataset.waits.replace("{count}", count);
      item.append(Object.assign(document.createElement("span"), { className: "waits num", textContent: count > 99 ? "99+" : count, title: said }));
    });
  }

  async function ask(user) {
    const answer = await fetch(nav.dataset.counts, { credentials: "same-origin" });
    if (!answer.ok || answer.redirected) return;
    const { ledgers } = await answer.json();
    write(sessionStorage, WAITING, { user, at: Date.now(), ledgers });
    show(ledgers);
  }

  const user = document.querySelector(".who")?.textContent.trim();
  const known = read(sessionStorage, WAITING);
  if (known && known.user === user) show(known.ledgers);
  // What was changed on the page before is seen at once; pages that are only looked at ask seldom.
  if (!known || known.user !== user || Date.now() - known.at > FRESH || document.querySelector('[data-level="success"]')) ask(user).catch(() => {});
})();
