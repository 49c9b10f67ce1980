// Before a form is sent: is the session still there, and does the portal answer? If not, the page stays as it is, with
// all that was typed, and says what to do. While somebody types, the session goes on.
(() => {
  const told = document.currentScript.dataset;
  const WAIT = 10000, QUIET = 5 * 60000; // milliseconds
  let heard = Date.now(), held = null;
  if (!window.fetch || !window.AbortController || !HTMLFormElement.prototype.requestSubmit) return;

  // {user, token}, or nothing when the session has ended.
  async function ask() {
    const asking = new AbortController();
    const timer = setTimeout(() => asking.abort(), WAIT);
    try {
      const answer = await fetch(told.url, { credentials: "same-origin", redirect: "manual", signal: asking.signal });
      if (answer.type === "opaqueredirect") return null;
      if (!answer.ok) throw new Error(answer.status);
      heard = Date.now();
      return await answer.json();
    } finally {
      clearTimeout(timer);
    }
  }

  function say(form, text, signIn) {
    if (held) held.remove();
    held = null;
    if (!text) return;
    held = document.createElement("div");
    held.className = "notice";
    held.dataset.level = "error";
    held.dataset.held = "";
    held.setAttribute("role", "alert");
    const words = held.appendChild(document.createElement("span"));
    words.append(text);
    if (signIn) {
      const link = document.createElement("a");
      Object.assign(link, { href: told.login, target: "_blank", className: "text-nowrap", textContent: told.signIn });
      words.append(" ", link);
    }
    const actions = form.matches(".form-actions") ? form : form.querySelector(".form-actions");
    if (actions) actions.before(held);
    else if (getComputedStyle(form).display === "flex") form.after(held);
    else form.append(held);
    held.scrollIntoView({ block: "center" });
  }

  async function send(form, submitter) {
    say(form, "");
    form.setAttribute("aria-busy", "true");
    try {
      const session = await ask();
      if (!session) return say(form, told.ended, true);
      if (session.user !== told.user) return say(form, told.other, true);
      document.querySelectorAll('input[name="csrf_token"]').forEach((each) => { each.value = session.token; });
      document.querySelector('meta[name="csrf-token"]').content = session.token;
      form.dataset.asked = "yes";
      form.requestSubmit(submitter);
      delete form.dataset.asked;
    } catch {
      say(form, told.away, false);
    } finally {
      delete form.dataset.asking;
      if (!form.dataset.sent) form.removeAttribute("aria-busy");
    }
  }

  // First of all that hear of it: the others hear of it when it is sent.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.matches("form[data-once]") || form.dataset.asked || form.dataset.sent) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    if (form.dataset.asking) return;
    form.dataset.asking = "yes";
    send(form, event.submitter);
  }, true);

  document.addEventListener("input", () => {
    if (Date.now() - heard < QUIET) return;
    heard = Date.now();
    ask().catch(() => {});
  });
})();
