// Files of a form that is not saved yet are brought as soon as they are chosen, so that they wait with it on the server;
// without this file they come with the form.
(() => {
  const form = document.querySelector("form[data-autosave]");
  if (!form || !window.fetch) return;

  function say(input, text) {
    const field = input.closest("[data-place]");
    field.querySelectorAll(".field-error").forEach((each) => each.remove());
    field.classList.toggle("has-error", Boolean(text));
    input.classList.toggle("is-invalid", Boolean(text));
    if (text) field.append(Object.assign(document.createElement("p"), { className: "field-error", textContent: text }));
  }

  function list(input, files) {
    const box = input.closest("[data-place]").querySelector("[data-staged]");
    const ticked = new Set([...box.querySelectorAll("input:checked")].map((each) => each.value));
    box.replaceChildren(...files.map(({ id, name }) => {
      const line = Object.assign(document.createElement("li"), { textContent: name });
      line.dataset.file = id;
      const tick = Object.assign(document.createElement("input"), { type: "checkbox", name: "_unstage", value: id });
      tick.className = "form-check-input";
      tick.checked = ticked.has(String(id));
      const label = Object.assign(document.createElement("label"), { className: "form-check form-check-inline" });
      label.append(tick, input.dataset.remove);
      line.append(" ", label);
      return line;
    }));
  }

  // One file a request: together they may be larger than one form.
  async function bring(input, file) {
    const sent = new FormData();
    sent.append("csrf_token", document.querySelector('meta[name="csrf-token"]').content);
    sent.append("_draft", form.elements._draft.value);
    sent.append(input.name, file);
    const answer = await fetch(input.dataset.stage, { method: "POST", body: sent, credentials: "same-origin", redirect: "manual" });
    const found = await answer.json();
    if (answer.ok) list(input, found.files);
    return answer.ok ? "" : found.message;
  }

  form.addEventListener("change", async (event) => {
    const input = event.target;
    if (!input.matches("input[data-stage]") || !input.files.length) return;
    const faults = [], left = new DataTransfer();
    input.setAttribute("aria-busy", "true");
    for (const file of [...input.files]) {
      const fault = await bring(input, file).catch(() => input.dataset.away);
      if (fault) faults.push(fault);
      if (fault === input.dataset.away) left.items.add(file); // it comes with the form
    }
    input.files = left.files;
    input.removeAttribute("aria-busy");
    say(input, faults.join(" "));
    form.dispatchEvent(new CustomEvent("portal:staged"));
  });
})();
