// Date fields open a calendar. What is typed by hand stays as it was typed: the server reads many ways of writing.
// One calendar serves the whole page, over a field of its own, so it never touches a text that it did not pick.
(() => {
  const locales = { "zh-Hans": "zh", "zh-Hant": "zh_tw" };
  const words = document.documentElement.dataset;
  const locale = flatpickr.l10ns[locales[document.documentElement.lang]] || flatpickr.l10ns.default;
  let field; // whose calendar is open

  const picker = flatpickr(document.createElement("input"), {
    locale: { ...locale, firstDayOfWeek: 1, monthAriaLabel: words.month, yearAriaLabel: words.year },
    dateFormat: "Y-m-d",
    ariaDateFormat: "Y-m-d",
    clickOpens: false,
    disableMobile: true,
    errorHandler: () => {},
    onChange: (dates, text) => {
      if (!text) return;
      field.value = text;
      field.focus();
      ["input", "change"].forEach((name) => field.dispatchEvent(new Event(name, { bubbles: true })));
    },
  });

  function show(text) {
    const [, year, month, day] = text.match(/^\s*(\d{4})\D(\d{1,2})\D(\d{1,2})\D?\s*$/) || [];
    const date = new Date(year, month - 1, day);
    const real = date.getMonth() === month - 1;
    picker.setDate(real ? date : null, false);
    if (!real) picker.jumpToDate(new Date());
  }

  function open(input) {
    field = input;
    picker._positionElement = input;
    picker.config.ignoredFocusElements = [input];
    show(input.value);
    picker.open(undefined, input);
  }

  const dated = (node) => node instanceof Element && node.matches("input[data-date]:not(:disabled, [readonly])");
  document.addEventListener("click", (event) => {
    if (dated(event.target)) open(event.target);
  });
  document.addEventListener("input", (event) => {
    if (dated(event.target) && event.isTrusted && picker.isOpen) show(event.target.value);
  });
  document.addEventListener("keydown", (event) => {
    if (!dated(event.target)) return;
    if (event.key === "Escape" || event.key === "Enter") picker.close();
    if (event.key !== "ArrowDown") return;
    event.preventDefault();
    open(event.target);
    (picker.selectedDates.length ? picker.selectedDateElem : picker.todayDateElem)?.focus();
  });
  picker.calendarContainer.addEventListener("keydown", (event) => {
    if (event.key === "Escape") field.focus();
  });
})();
