// Nicer with, whole without: the error summary takes the focus, a second click sends nothing twice, long texts are counted,
// the way back leads to no page that is out of date, passkeys are offered.
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
    // This page answered a form that was not right. Once it is sent again, going back shows what is kept by then, not this page.
    if (document.documentElement.hasAttribute("data-answer")) {
      history.replaceState(null, "", location.href);
    }
    form.setAttribute("data-sent", "");
    setTimeout(function () {
      form.removeAttribute("data-sent");
    }, 5000);
  });

  // Passkeys are shown where the browser has them, so never without JavaScript. Their place is kept by the name that goes here.
  document.querySelectorAll("[data-with-passkeys]").forEach(function (element) {
    element.hidden = !window.PublicKeyCredential;
    element.removeAttribute("data-with-passkeys");
  });

  // How much room is left in a long text: seen at each key, heard only once the typing pauses. Nothing is cut off.
  document.querySelectorAll(".count[data-limit]").forEach(function (hint) {
    var box = document.getElementById(hint.id.replace(/_count$/, ""));
    var heard = document.createElement("div");
    var limit = hint.textContent;
    var pause;
    heard.className = "govuk-visually-hidden";
    heard.setAttribute("aria-live", "polite");
    hint.after(heard);

    // As the server counts: characters, not halves of them; a new line is sent as two; blanks at the ends don't count.
    function left() {
      return hint.dataset.limit - Array.from(box.value.trim().replace(/\r?\n/g, "\r\n")).length;
    }

    function sentence(room) {
      var many = room < 0 ? "over" : "left";
      var number = Math.abs(room);
      return hint.dataset[number === 1 ? many + "One" : many].replace("%s", number.toLocaleString(document.documentElement.lang));
    }

    function show() {
      var room = left();
      hint.textContent = box.value ? sentence(room) : limit;
      hint.classList.toggle("count--over", room < 0);
    }

    box.addEventListener("input", function () {
      show();
      clearTimeout(pause);
      pause = setTimeout(function () {
        heard.textContent = hint.textContent;
      }, 1000);
    });
    window.addEventListener("pageshow", show);
  });

  // A day is typed as people write it, or chosen from the browser's own calendar, which writes it into the box in words. The
  // calendar's field is made as it is opened: of a row that is added later the button alone is copied.
  document.querySelectorAll("input[data-choose-day]").forEach(function (box) {
    if (!document.createElement("input").showPicker) {
      return;
    }
    var label = document.querySelector('label[for="' + box.id + '"]');
    var button = document.createElement("button");
    var about = document.createElement("span");
    button.type = "button";
    button.className = "choose-day button-link";
    button.textContent = box.dataset.chooseDay;
    about.className = "govuk-visually-hidden visually-hidden";
    about.textContent = label ? ": " + label.textContent.trim() : "";
    button.append(about);
    box.after(button);
  });
  document.addEventListener("click", function (event) {
    var button = event.target.closest(".choose-day");
    if (!button) {
      return;
    }
    var box = button.previousElementSibling;
    var calendar = document.createElement("input");
    document.querySelectorAll(".choose-day__calendar").forEach(function (earlier) {
      earlier.remove();
    });
    calendar.type = "date";
    calendar.className = "choose-day__calendar";
    calendar.tabIndex = -1;
    calendar.setAttribute("aria-hidden", "true");
    calendar.addEventListener("change", function () {
      if (calendar.valueAsDate) {
        var inWords = { day: "numeric", month: "long", year: "numeric", timeZone: "UTC" };
        box.value = calendar.valueAsDate.toLocaleDateString("en-GB", inWords);
        box.dispatchEvent(new Event("input", { bubbles: true }));
        box.dispatchEvent(new Event("change", { bubbles: true }));
      }
    });
    button.after(calendar);
    calendar.showPicker();
  });

  // Coming back with the back button, the form may be sent again at once.
  window.addEventListener("pageshow", function () {
    document.querySelectorAll("form[data-sent]").forEach(function (form) {
      form.removeAttribute("data-sent");
    });
  });
})();
