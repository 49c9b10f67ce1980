// What is typed is kept on the server every few seconds, and when the page is left: another browser goes on from there.
// Nothing is sent when nothing changed. A form that goes on in another window is not overwritten, and says so.
(() => {
  const form = document.querySelector("form[data-autosave]");
  const state = form && form.querySelector("[data-autosave-state]");
  if (!form || !window.fetch || !window.URLSearchParams) return;
  const told = form.dataset;
  const PAUSE = 3000, AGAIN = 15000; // milliseconds
  const MOST_ON_LEAVING = 60000; // bytes that browsers send for a page that is gone
  let changed = told.guard === "typed", timer = 0, sending = false, over = false;

  function body() {
    const sent = new URLSearchParams();
    for (const [name, value] of new FormData(form)) if (typeof value === "string") sent.append(name, value);
    const token = document.querySelector('meta[name="csrf-token"]');
    if (token) sent.set("csrf_token", token.content);
    return sent;
  }

  function say(text, level) {
    state.textContent = text;
    state.dataset.level = level;
  }

  const keptAt = (time) => (time ? say(told.kept.replace("{time}", time), "ok") : say(told.unchanged, ""));

  const failed = (why) => say(told.notKept.replace("{why}", why), "error");

  async function taken(answer) {
    if (answer.type === "opaqueredirect") return failed(told.ended);
    const found = await answer.json().catch(() => ({}));
    if (answer.ok) {
      form.elements._revision.value = found.revision;
      return keptAt(found.at);
    }
    over = answer.status === 409 || answer.status === 403 || answer.status === 404; // it would be refused again
    changed = true;
    failed(found.message || told.away);
  }

  async function send(leaving) {
    clearTimeout(timer);
    timer = 0;
    if (!changed || over || sending || told.sent || told.asking) return;
    const sent = body();
    const options = { method: "POST", body: sent, credentials: "same-origin", redirect: "manual" };
    options.keepalive = leaving && sent.toString().length < MOST_ON_LEAVING;
    changed = false;
    sending = true;
    try {
      await taken(await fetch(told.autosave, options));
    } catch {
      changed = true;
      failed(told.away);
    }
    sending = false;
    told.autosaved = changed ? "" : "yes";
    if (changed && !over) timer = timer || setTimeout(send, AGAIN);
  }

  function soon() {
    changed = true;
    told.autosaved = "";
    if (!over && state.dataset.level !== "error") say(told.changing, "wait");
    timer = timer || setTimeout(send, PAUSE);
  }

  ["input", "change", "portal:added", "portal:rows", "portal:staged"].forEach((name) => form.addEventListener(name, soon));
  document.addEventListener("visibilitychange", () => { if (document.visibilityState === "hidden") send(true); });
  window.addEventListener("pagehide", () => send(true));
  keptAt(told.typedAt);
  if (changed) soon();
})();
