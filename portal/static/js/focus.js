// Puts the cursor into a field without opening its list of choices: what opens by itself would choose by itself.
window.portalFocus = (node) => {
  const select = node.tomselect ? node : node.closest(".ts-wrapper")?.previousElementSibling;
  const picker = select?.tomselect;
  if (!picker) return node.focus({ preventScroll: true });
  const { openOnFocus, preload } = picker.settings;
  Object.assign(picker.settings, { openOnFocus: false, preload: false });
  picker.control_input.focus({ preventScroll: true });
  return Object.assign(picker.settings, { openOnFocus, preload });
};
