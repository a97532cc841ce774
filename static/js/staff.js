// For the staff site, beside page.js: names and focus for what Django's own scripts draw, and a menu that closes again.
(function () {
  "use strict";

  function nameSearchBox(select) {
    var label = document.querySelector('label[for="' + select.id + '"]');
    if (!label) {
      return;
    }
    var name = label.textContent.trim();
    var list = "select2-" + select.id + "-results";
    select.parentElement.querySelectorAll(".select2-selection, .select2-selection__rendered[role=textbox]").forEach(function (box) {
      box.setAttribute("aria-label", name);
      box.removeAttribute("aria-labelledby");
      if (box.getAttribute("role") === "combobox") {
        box.setAttribute("aria-controls", list);
      }
    });
    document.querySelectorAll('.select2-search__field[aria-controls="' + list + '"]').forEach(function (box) {
      box.setAttribute("aria-label", name);
      frame(box.closest(".select2-container"), name);
    });
  }

  // What hangs outside of the page's main part says what it is.
  function frame(box, name) {
    box.setAttribute("role", "dialog");
    box.setAttribute("aria-label", name);
  }

  function nameCalendar(box) {
    var icon = document.querySelector("#" + box.id.replace("box", "link") + " [title]");
    if (icon) {
      frame(box, icon.title);
    }
  }

  function nameAll() {
    document.querySelectorAll("select.admin-autocomplete").forEach(nameSearchBox);
    document.querySelectorAll(".calendarbox, .clockbox").forEach(nameCalendar);
    document.querySelectorAll(".help-tooltip[aria-label]:not([role])").forEach(function (icon) {
      icon.setAttribute("role", "img");
    });
  }

  // They draw when they please, and again for every row that is added.
  nameAll();
  new MutationObserver(nameAll).observe(document.body, { childList: true, subtree: true });

  // A link of the error summary leads to the select that a search box has replaced; the box takes over.
  document.addEventListener("focusin", function (event) {
    if (event.target.matches("select.select2-hidden-accessible")) {
      event.target.parentElement.querySelector(".select2-selection").focus();
    }
  });

  var menu = document.querySelector(".menu__all");
  if (menu) {
    document.addEventListener("click", function (event) {
      if (!menu.contains(event.target)) {
        menu.open = false;
      }
    });
    menu.addEventListener("keydown", function (event) {
      if (event.key === "Escape") {
        menu.open = false;
        menu.querySelector("summary").focus();
      }
    });
  }
})();
