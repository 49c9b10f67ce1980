// Tables inside a form: add, remove and move rows in the page; without this file the buttons ask the server.
(() => {
  const NUMBERED = ["name", "id", "for", "aria-describedby", "aria-controls", "aria-labelledby", "data-count-for"];
  let made = 1000;

  function renumber(box) {
    const table = box.dataset.rows;
    const number = new RegExp(`(^| )${table}(-|:[a-z]+:)(\\d+|__n__)(?=-|$)`, "g");
    const ticked = [...box.querySelectorAll("input[type=radio]:checked")]; // passing names on would untick some
    box.querySelectorAll("[data-rows-body] > [data-row]").forEach((row, n) => {
      const change = (text) => text.replace(number, `$1${table}$2${n}`);
      row.querySelectorAll("*").forEach((node) => {
        for (const name of NUMBERED) {
          if (node.hasAttribute(name)) node.setAttribute(name, change(node.getAttribute(name)));
        }
        if (node.name === "_rows") node.value = change(node.value);
      });
    });
    ticked.forEach((radio) => { radio.checked = true; });
  }

  function visible(node) {
    return node.offsetParent && !node.matches("[type=hidden], .ts-hidden-accessible");
  }

  function add(box) {
    const row = box.querySelector("template[data-rows-template]").content.firstElementChild.cloneNode(true);
    const key = row.querySelector("input[type=hidden][name$='-id']");
    do key.value = `new-${made++}`; while (box.querySelector(`input[type=hidden][value="${key.value}"]`));
    box.querySelector("[data-rows-body]").append(row);
    renumber(box);
    row.dispatchEvent(new CustomEvent("portal:added", { bubbles: true }));
    const first = [...row.querySelectorAll("input, select, textarea")].find(visible);
    if (first) window.portalFocus(first);
    row.scrollIntoView({ block: "nearest" });
  }

  function remove(row, box) {
    const next = row.nextElementSibling || row.previousElementSibling;
    const button = next?.querySelector("[name=_rows][value*=':remove:']");
    row.querySelectorAll("select").forEach((select) => select.tomselect?.destroy());
    row.remove();
    (button || box.querySelector("[name=_rows][value$=':add']"))?.focus();
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest("button[name=_rows]");
    const box = button?.closest("[data-rows]");
    if (!box) return;
    event.preventDefault();
    const verb = button.value.split(":")[1];
    const row = button.closest("[data-row]");
    if (verb === "add") return add(box);
    // The neighbour is moved, not the row itself, so that the focus stays on the button.
    if (verb === "up" && row.previousElementSibling) row.after(row.previousElementSibling);
    if (verb === "down" && row.nextElementSibling) row.before(row.nextElementSibling);
    if (verb === "remove") remove(row, box);
    renumber(box);
    box.dispatchEvent(new CustomEvent("portal:rows", { bubbles: true }));
  });
})();
