// "/" goes to the search field.
document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]");
  const search = document.querySelector("[data-search]");
  if (event.key !== "/" || event.ctrlKey || event.altKey || event.metaKey || typing || !search) return;
  event.preventDefault();
  search.focus();
  search.select();
});
