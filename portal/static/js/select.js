// Selects with remote choices or several values are searchable; without this file they are plain selects.
(() => {
  const page = document.documentElement;
  const line = (text) => Object.assign(document.createElement("div"), { className: "no-results", textContent: text });

  function remote(select) {
    let found = new Set();
    return {
      valueField: "id",
      labelField: "text",
      searchField: [],
      score: () => (option) => (found.has(String(option.id)) ? 1 : 0), // the server has searched already
      preload: "focus",
      shouldLoad: () => true,
      load(query, callback) {
        const url = new URL(select.dataset.remote, document.baseURI);
        url.searchParams.set("q", query);
        fetch(url, { credentials: "same-origin", headers: { Accept: "application/json" } })
          .then((response) => response.json())
          .then(({ results, more }) => {
            if (query !== this.inputValue()) return callback(); // an answer to what was typed before
            found = new Set(results.map((result) => String(result.id)));
            this.clearOptions();
            this.loadedSearches = { [query]: true };
            this.dropdown.classList.toggle("has-more", more);
            callback(results);
          })
          .catch(() => callback());
      },
      onDropdownOpen() {
        if (!this.inputValue()) this.load(""); // after a search was used up, the first ones again
      },
    };
  }

  // Somebody whom the roster does not know can be named all the same.
  const created = (select) => ({
    create: (input) => (select.dataset.remote ? { id: input, text: input } : { value: input, text: input }),
    createFilter: (input) => input.trim().length >= 2 && !/\d/.test(input),
    createOnBlur: false,
    render: {
      option_create: ({ input }) => Object.assign(line(select.dataset.create.replace("{name}", input)), { className: "create" }),
      no_results: () => null,
    },
  });

  function enhance(select) {
    const text = (name) => select.dataset[name] || page.dataset[name] || "";
    const verb = select.multiple ? "remove" : "clear";
    const picker = new TomSelect(select, {
      plugins: { [`${verb}_button`]: { title: text(verb) } },
      maxOptions: 200,
      render: { no_results: () => line(text("noResults")), loading: () => line(text("loading")) },
      ...(select.dataset.remote ? remote(select) : {}),
      ...(select.dataset.create ? created(select) : {}),
    });
    select.setAttribute("aria-hidden", "true"); // its label belongs to the picker now
    if (text("more")) picker.dropdown.dataset.more = text("more");
    for (const name of ["aria-describedby", "aria-invalid", "aria-required"]) {
      if (select.hasAttribute(name)) picker.control_input.setAttribute(name, select.getAttribute(name));
    }
  }

  function enhanceAll(root) {
    root.querySelectorAll("select[data-remote], select[data-create], select[multiple]").forEach((select) => {
      if (!select.tomselect) enhance(select);
    });
  }

  enhanceAll(document);
  document.addEventListener("portal:added", (event) => enhanceAll(event.target));
})();
