// Amounts have thousands separators while nobody writes in them, and are sent without; sums under a table go along.
(() => {
  const form = document.querySelector("form.record-form");
  if (!form) return;
  const AMOUNT = /^\d+(\.\d+)?$/;
  const plain = (text) => text.normalize("NFKC").replace(/[, ]/g, "");
  const amounts = () => form.querySelectorAll("input[data-amount]");

  function part(node) {
    const text = plain(node.value);
    if (!AMOUNT.test(text)) return;
    const [whole, cents] = text.split(".");
    node.value = whole.replace(/\B(?=(\d{3})+$)/g, ",") + (cents === undefined ? "" : `.${cents}`);
  }

  function join(node) {
    if (AMOUNT.test(plain(node.value))) node.value = plain(node.value);
  }

  function sum(place) {
    const digits = Number(place.dataset.digits);
    const rows = place.closest("[data-rows]").querySelectorAll(`[data-row] [name$="-${place.dataset.total}"]`);
    const texts = [...rows].map((node) => plain(node.value)).filter(Boolean);
    const known = texts.length && texts.every((text) => AMOUNT.test(text));
    const total = texts.reduce((all, text) => all + Math.round(Number(text) * 100), 0) / 100;
    const shape = { minimumFractionDigits: digits, maximumFractionDigits: digits };
    place.textContent = known ? total.toLocaleString("en-US", shape) : "";
    place.parentElement.hidden = !known;
  }

  const sums = () => form.querySelectorAll("[data-total]").forEach(sum);

  form.addEventListener("focusin", (event) => { if (event.target.matches("input[data-amount]")) join(event.target); });
  form.addEventListener("focusout", (event) => { if (event.target.matches("input[data-amount]")) part(event.target); });
  form.addEventListener("formdata", (event) => {
    amounts().forEach((node) => {
      const text = plain(node.value);
      if (event.formData.has(node.name) && AMOUNT.test(text)) event.formData.set(node.name, text);
    });
  });
  ["input", "change", "portal:rows", "portal:added"].forEach((name) => form.addEventListener(name, sums));
  amounts().forEach((node) => { if (node !== document.activeElement) part(node); });
  sums();
})();
