// Names for what Django's own scripts draw without one: search boxes for a row, and the help beside long lists.
(function () {
  "use strict";

  function nameSearchBox(select) {
    var label = document.querySelector('label[for="' + select.id + '"]');
    if (!label) {
      return;
    }
    var drawn = select.parentElement.querySelectorAll(".select2-selection, .select2-selection__rendered[role=textbox]");
    drawn.forEach(function (box) {
      box.setAttribute("aria-label", label.textContent.trim());
      box.removeAttribute("aria-labelledby");
    });
  }

  function nameAll() {
    document.querySelectorAll("select.admin-autocomplete").forEach(nameSearchBox);
    document.querySelectorAll(".help-tooltip[aria-label]:not([role])").forEach(function (icon) {
      icon.setAttribute("role", "img");
    });
  }

  // They draw when they please, and again for every row that is added.
  nameAll();
  new MutationObserver(nameAll).observe(document.body, { childList: true, subtree: true });
})();
