// Before a form is sent: is the session still there, and does the portal answer? If not, the page stays as it is, with
// all that was typed, and says what to do. While somebody types, the session goes on.
(() => {
  const told = document.currentScript.dataset;
  const WAIT = 10000, QUIET = 5 * 60000; // milliseconds
  let heard = Date.now();
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
    form.querySelectorAll("[data-held]").forEach((each) => each.remove());
    if (!text) return;
    const notice = document.createElement("div");
    notice.className = "notice";
    notice.dataset.level = "error";
    notice.dataset.held = "";
    notice.setAttribute("role", "alert");
    notice.append(text);
    if (signIn) {
      const link = document.createElement("a");
      Object.assign(link, { href: told.login, target: "_blank", textContent: told.signIn });
      notice.append(" ", link);
    }
    form.insertBefore(notice, [...form.children].find((each) => each.matches(".form-actions")) || null);
    notice.scrollIntoView({ block: "center" });
  }

  async function send(form, submitter) {
    try {
      const session = await ask();
      if (!session) return say(form, told.ended, true);
      if (session.user !== told.user) return say(form, told.other, true);
      document.querySelectorAll('input[name="csrf_token"]').forEach((each) => { each.value = session.token; });
      document.querySelector('meta[name="csrf-token"]').content = session.token;
      say(form, "");
      form.dataset.asked = "yes";
      form.requestSubmit(submitter);
      delete form.dataset.asked;
    } catch {
      say(form, told.away, false);
    } finally {
      delete form.dataset.asking;
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
