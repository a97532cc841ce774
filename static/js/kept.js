// The time that is kept: how long still, said aloud two minutes before the end and at the end. The page says it without, by the clock.
(function () {
  "use strict";

  var box = document.querySelector(".kept[data-seconds]");
  if (!box) {
    return;
  }
  var words = box.dataset;
  var ends = Date.now() + words.seconds * 1000;
  var what = box.querySelector(".kept__what");
  var left = box.querySelector(".kept__left");
  var then = box.querySelector(".kept__then");
  var longer = document.querySelector("[data-keep-longer]");
  var heard = document.createElement("div");
  var stage = "kept";
  heard.className = "govuk-visually-hidden";
  heard.setAttribute("role", "status");
  box.after(heard);

  function sentence(seconds) {
    var minutes = Math.ceil(seconds / 60);
    if (seconds < 60) {
      return words.secondsLeft;
    }
    return minutes === 1 ? words.leftOne : words.left.replace("%s", minutes);
  }

  // The same button as at the foot of the form, where the reader is looking now.
  function offerLonger() {
    var button = document.createElement("button");
    button.type = "button";
    button.className = "govuk-button govuk-button--secondary kept__longer";
    button.textContent = words.longer;
    button.addEventListener("click", function () {
      longer.click();
    });
    box.appendChild(button);
  }

  function warn() {
    stage = "warned";
    box.classList.add("kept--soon");
    heard.textContent = longer ? words.warningLonger : words.warning;
    if (longer) {
      offerLonger();
    }
  }

  function end() {
    var own = box.querySelector(".kept__longer");
    stage = "over";
    box.classList.add("kept--soon");
    what.textContent = words.over;
    then.hidden = true;
    if (own) {
      own.remove();
    }
    clearInterval(timer);
    ask();
  }

  // Whether it is still free: it is among the times of its month, or not. If nobody answers, carrying on shows it.
  function ask() {
    fetch(words.times, { headers: { Accept: "application/json" }, credentials: "same-origin" })
      .then(function (answer) {
        if (!answer.ok) {
          throw new Error(answer.status);
        }
        return answer.json();
      })
      .then(function (month) {
        var isFree = month.days.some(function (day) {
          return day.times.some(function (time) {
            return time[0] === words.start;
          });
        });
        say(isFree ? words.free : words.taken);
      })
      .catch(function () {
        say(words.over);
      });
  }

  function say(sentence) {
    what.textContent = sentence;
    heard.textContent = sentence;
  }

  function look() {
    var seconds = Math.floor((ends - Date.now()) / 1000);
    if (seconds <= 0) {
      if (stage !== "over") {
        end();
      }
      return;
    }
    left.textContent = sentence(seconds);
    if (seconds <= 120 && stage === "kept") {
      warn();
    }
  }

  var timer = setInterval(look, 1000);
  look();
  // A laptop that slept, or a tab in the background, is told at once how late it is.
  document.addEventListener("visibilitychange", look);
})();
