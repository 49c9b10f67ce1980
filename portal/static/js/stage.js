// Files of a form that is not saved yet are brought as soon as they are chosen or dropped, so that they wait with it on the
// server; without this file they come with the form. Each shows its size, how far it is, and a picture what it shows.
(() => {
  const form = document.querySelector("form[data-autosave]");
  if (!form || !window.fetch) return;
  const EDGE = 160; // pixels of a preview
  const pictures = new Map(); // previews by place and name
  const inputs = form.querySelectorAll("input[data-stage]");

  const made = (tag, rest = {}) => Object.assign(document.createElement(tag), rest);
  const sized = (bytes) => (bytes < 1048576 ? `${Math.ceil(bytes / 1024)} KB` : `${(bytes / 1048576).toFixed(1)} MB`);
  const placeOf = (input) => input.closest("[data-place]");

  function say(input, text) {
    const field = placeOf(input), id = `${input.id}-error`;
    field.querySelectorAll(".field-error").forEach((each) => each.remove());
    field.classList.toggle("has-error", Boolean(text));
    input.classList.toggle("is-invalid", Boolean(text));
    input.toggleAttribute("aria-invalid", Boolean(text));
    if (!text) return;
    field.append(made("p", { className: "field-error", id, textContent: text }));
    field.lastElementChild.setAttribute("role", "alert");
    input.setAttribute("aria-describedby", id);
  }

  // Drawn small: previews need no address that the security policy would have to allow.
  async function picture(file) {
    if (!file.type.startsWith("image/") || !window.createImageBitmap) return "";
    const whole = await createImageBitmap(file);
    const scale = Math.min(1, EDGE / Math.max(whole.width, whole.height));
    const canvas = made("canvas", { width: Math.max(1, whole.width * scale), height: Math.max(1, whole.height * scale) });
    canvas.getContext("2d").drawImage(whole, 0, 0, canvas.width, canvas.height);
    whole.close();
    return canvas.toDataURL("image/jpeg", 0.8);
  }

  function line(input, { name, size }) {
    const shown = made("li"), image = pictures.get(`${input.name}/${name}`);
    if (image) shown.append(made("img", { src: image, alt: "", className: "file-picture" }));
    shown.append(made("span", { textContent: name }), " ", made("span", { className: "hint num", textContent: sized(size) }));
    return shown;
  }

  function list(input, files) {
    const box = placeOf(input).querySelector("[data-staged]");
    const ticked = new Set([...box.querySelectorAll("input:checked")].map((each) => each.value));
    box.replaceChildren(...files.map((file) => {
      const shown = line(input, file);
      shown.dataset.file = file.id;
      const tick = made("input", { type: "checkbox", name: "_unstage", value: file.id, className: "form-check-input" });
      tick.checked = ticked.has(String(file.id));
      const label = made("label", { className: "form-check form-check-inline" });
      label.append(tick, input.dataset.remove);
      shown.append(" ", label);
      return shown;
    }));
  }

  function sent(input, file, told) {
    const body = new FormData(), asked = new XMLHttpRequest();
    body.append("csrf_token", document.querySelector('meta[name="csrf-token"]').content);
    body.append("_draft", form.elements._draft.value);
    body.append(input.name, file);
    return new Promise((done, failed) => {
      asked.open("POST", input.dataset.stage);
      asked.upload.addEventListener("progress", ({ loaded, total }) => { told.value = loaded / (total || 1); });
      asked.addEventListener("load", () => done([asked.status, JSON.parse(asked.responseText)]));
      asked.addEventListener("error", failed);
      asked.send(body);
    });
  }

  // One file a request: together they may be larger than one form.
  async function bring(input, file) {
    const image = await picture(file).catch(() => "");
    if (image) pictures.set(`${input.name}/${file.name}`, image);
    const waiting = line(input, file), told = made("progress", { max: 1, value: 0 });
    told.setAttribute("aria-label", file.name);
    waiting.append(" ", told);
    placeOf(input).querySelector("[data-staged]").append(waiting);
    try {
      const [status, found] = await sent(input, file, told);
      if (status === 200) list(input, found.files);
      return status === 200 ? "" : found.message || input.dataset.away;
    } finally {
      waiting.remove();
    }
  }

  async function take(input, files) {
    const faults = [], left = new DataTransfer();
    input.setAttribute("aria-busy", "true");
    for (const file of files) {
      const fault = await bring(input, file).catch(() => input.dataset.away);
      if (fault) faults.push(fault);
      if (fault === input.dataset.away) left.items.add(file); // it comes with the form
    }
    input.files = left.files;
    input.removeAttribute("aria-busy");
    say(input, faults.join(" "));
    form.dispatchEvent(new CustomEvent("portal:staged"));
  }

  form.addEventListener("change", ({ target }) => {
    if (target.matches("input[data-stage]") && target.files.length) take(target, [...target.files]);
  });

  inputs.forEach((input) => {
    const place = placeOf(input);
    place.querySelectorAll("[data-drop]").forEach((hint) => { hint.hidden = false; });
    ["dragenter", "dragover"].forEach((name) => place.addEventListener(name, () => place.classList.add("is-over")));
    ["dragleave", "drop"].forEach((name) => place.addEventListener(name, () => place.classList.remove("is-over")));
    place.addEventListener("drop", (event) => {
      if (event.dataTransfer.files.length) take(input, [...event.dataTransfer.files]);
    });
  });
  // A file dropped beside its place would open instead of the form.
  ["dragover", "drop"].forEach((name) => document.addEventListener(name, (event) => {
    if ([...(event.dataTransfer?.types || [])].includes("Files")) event.preventDefault();
  }));
})();
