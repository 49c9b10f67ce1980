// Lists: the figures above the list come after it, so that they keep nobody waiting. One line of them, which unfolds.
document.querySelectorAll("[data-figures]").forEach(async (place) => {
  const answer = await fetch(place.dataset.figures, { credentials: "same-origin" });
  if (!answer.ok || answer.redirected) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const fold = Object.assign(document.createElement("button"), { type: "button", className: "btn btn-icon", title: place.dataset.unfold });
  fold.setAttribute("aria-label", place.dataset.unfold);
  fold.setAttribute("aria-expanded", "false");
  fold.addEventListener("click", () => {
    fold.setAttribute("aria-expanded", String(place.classList.toggle("is-open")));
  });
  place.replaceChildren(...page.body.childNodes, fold);
});
