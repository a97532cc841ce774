// For the staff site, beside page.js: a menu that closes again, and "/" for the search box.
(function () {
  "use strict";

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

  var box = document.getElementById("find-box");
  if (box) {
    box.setAttribute("aria-keyshortcuts", "/");
    document.addEventListener("keydown", function (event) {
      var typing = event.target.closest("input, select, textarea, [contenteditable], dialog");
      if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey && shortcutsAreOn()) {
        event.preventDefault();
        box.focus();
        box.select();
      }
    });
  }

  // A browser that keeps nothing has the shortcuts on.
  function shortcutsAreOn() {
    try {
      return localStorage.getItem("shortcuts") !== "off";
    } catch {
      return true;
    }
  }
})();
