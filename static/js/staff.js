// For the staff site, beside page.js: menus that close again, and keyboard shortcuts.
(function () {
  "use strict";

  document.querySelectorAll(".menu__all, .more").forEach(function (menu) {
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
  });

  var shortcuts = document.getElementById("shortcuts");
  if (!shortcuts || !shortcuts.showModal) {
    return;
  }
  var button = document.getElementById("shortcuts-open");
  var on = document.getElementById("shortcuts-on");
  var box = document.getElementById("find-box");
  var went = 0; // when g was pressed: the next key says where to

  // A browser that keeps nothing has the shortcuts on.
  function kept(value) {
    try {
      if (value !== undefined) {
        localStorage.setItem("shortcuts", value);
      }
      return localStorage.getItem("shortcuts");
    } catch {
      return null;
    }
  }

  function press(selector) {
    var found = document.querySelector(selector);
    if (found) {
      found.click();
    }
  }

  on.checked = kept() !== "off";
  on.addEventListener("change", function () {
    kept(on.checked ? "on" : "off");
  });
  button.hidden = false;
  if (box) {
    box.setAttribute("aria-keyshortcuts", "/");
  }
  button.addEventListener("click", function () {
    shortcuts.showModal();
  });
  document.addEventListener("keydown", function (event) {
    var typing = event.target.closest("input, select, textarea, [contenteditable], dialog");
    if (!on.checked || typing || event.ctrlKey || event.metaKey || event.altKey) {
      return;
    }
    var going = went && event.timeStamp - went < 1500;
    went = event.key === "g" ? event.timeStamp : 0;
    if (event.key === "?") {
      event.preventDefault();
      shortcuts.showModal();
    } else if (going && /^[a-z]$/.test(event.key)) {
      press('#header [data-key="' + event.key + '"]');
    } else if (event.key === "/" && box) {
      event.preventDefault();
      box.focus();
      box.select();
    } else if (event.key === "n") {
      press(".object-tools .addlink");
    }
  });
})();

// How far a worker is with an import: looked at again every few seconds, and the whole page once it is done.
(function () {
  "use strict";

  var shown = document.querySelector("[data-progress]");
  if (!shown) {
    return;
  }
  setInterval(function () {
    fetch(location.href)
      .then(function (answer) {
        return answer.text();
      })
      .then(function (text) {
        var now = new DOMParser().parseFromString(text, "text/html").querySelector("[data-progress] progress");
        if (now) {
          shown.querySelector("progress").value = now.value;
          shown.querySelector("[data-done]").textContent = now.parentNode.textContent;
        } else {
          location.reload();
        }
      })
      .catch(function () {}); // the next time
  }, 5000);
})();
