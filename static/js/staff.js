// For the staff site, beside page.js: a menu that closes again.
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
})();
