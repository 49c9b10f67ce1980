// A link to a field puts the cursor into it, and a refused form opens with the cursor in the first field that is wrong.
// Without this file the links lead to the fields.
(() => {
  // Neither lists of choices nor calendars open: whoever comes here reads first what is wrong.
  function enter(place, block) {
    const picker = place.tomselect;
    const field = picker ? picker.control_input : place;
    const opens = picker?.settings.openOnFocus;
    if (picker) picker.settings.openOnFocus = false;
    const inside = field.matches("input, select, textarea, section") ? field : field.querySelector("input:not([type=hidden]), select, textarea");
    inside?.focus({ preventScroll: true });
    if (picker) setTimeout(() => { picker.settings.openOnFocus = opens; }, 100);
    (place.closest(".field, td") || place).scrollIntoView({ block });
  }

  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-leads]");
    const place = link && document.getElementById(decodeURIComponent(link.hash.slice(1)));
    if (!place) return;
    event.preventDefault();
    enter(place, place.matches("section") ? "start" : "center");
  });

  const first = document.querySelector("#faults a[data-leads]");
  const place = first && document.getElementById(decodeURIComponent(first.hash.slice(1)));
  if (place) enter(place, "nearest"); // what is wrong stays in sight
})();
