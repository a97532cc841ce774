// Nicer with, whole without: the error summary takes the focus, and a second click sends nothing twice.
(function () {
  "use strict";

  var summary = document.getElementById("error-summary");
  if (summary) {
    summary.focus();
  }

  // A server that sees the same form twice answers with the first result; this only saves the wait.
  document.addEventListener("submit", function (event) {
    var form = event.target;
    if (form.hasAttribute("data-sent")) {
      event.preventDefault();
      return;
    }
    form.setAttribute("data-sent", "");
    setTimeout(function () {
      form.removeAttribute("data-sent");
    }, 5000);
  });

  // Coming back with the back button, the form may be sent again at once.
  window.addEventListener("pageshow", function () {
    document.querySelectorAll("form[data-sent]").forEach(function (form) {
      form.removeAttribute("data-sent");
    });
  });
})();
