// A link to a field puts the cursor into it, and a refused form opens with the cursor in the first field that is wrong.
// Without this file the links lead to the fields.
(() => {
  const CONTROL = "input:not([type=hidden]), select, textarea";
  const placeOf = (link) => document.getElementById(decodeURIComponent(link.hash.slice(1)));

  function enter(place, block) {
    const field = place.matches(`${CONTROL}, section`) ? place : place.querySelector(CONTROL) || place;
    window.portalFocus(field);
    (place.closest(".field, td") || place).scrollIntoView({ block });
  }

  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-leads]");
    const place = link && placeOf(link);
    if (!place) return;
    event.preventDefault();
    enter(place, place.matches("section") ? "start" : "center");
  });

  const first = document.querySelector("#faults a[data-leads]");
  if (first && placeOf(first)) return enter(placeOf(first), "nearest"); // what is wrong stays in sight
  // From the record's page, which says what is missing; the browser goes to the place itself until the page is loaded.
  const asked = location.hash ? placeOf(location) : null;
  if (!asked?.closest("form.record-form")) return undefined;
  return window.addEventListener("load", () => setTimeout(() => enter(asked, "center")));
})();
