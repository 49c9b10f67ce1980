// Lists: the figures above the list come after it, so that they keep nobody waiting.
document.querySelectorAll("[data-figures]").forEach(async (place) => {
  const answer = await fetch(place.dataset.figures, { credentials: "same-origin" });
  if (!answer.ok || answer.redirected) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  place.replaceChildren(...page.body.childNodes);
});
