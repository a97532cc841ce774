// The month above the times: choosing a day shows that day's times, in place of the week's list. The list is whole without it,
// and comes back if a month can't be had. A grid as the ARIA practices describe it: one day takes the focus, arrow keys move it,
// Home and End go to the ends of the week, Page Up and Page Down to the month before and after.
(function () {
  "use strict";

  var view = document.querySelector(".month[data-months]");
  if (!view) {
    return;
  }
  var form = view.closest("form");
  var words = view.dataset;
  var months = {};
  var shown = null; // the month on the page
  var focused = view.dataset.day; // the day that takes the focus
  var chosen = view.dataset.day; // the day whose times stand below
  var list = form.querySelector(".times");
  var weekDays = list ? Array.from(list.querySelectorAll(".day")) : [];
  var first = list ? list.querySelector(".time__input") : null;
  var checked = list ? list.querySelector(".time__input:checked") : null;
  var start = checked ? checked.value : "";
  var remembered = "times-as-list";
  var hidden = "govuk-visually-hidden";
  var weekClosed = Array.from(form.querySelectorAll(".slots-closed"));
  var title, earlier, later, grid, heard, toggle, frame, closed;

  function make(tag, className, text) {
    var node = document.createElement(tag);
    if (className) {
      node.className = className;
    }
    if (text) {
      node.textContent = text;
    }
    return node;
  }

  function count(many, name) {
    if (many === 0) {
      return words[name + "None"];
    }
    return many === 1 ? words[name + "One"] : words[name].replace("%s", many);
  }

  function fill(sentence, values) {
    return sentence.replace(/\{(\w+)\}/g, function (_all, name) {
      return values[name];
    });
  }

  function dayOf(value) {
    return shown.days.filter(function (day) {
      return day.day === value;
    })[0];
  }

  // Days as text, counted in UTC, where each has 24 hours.
  function moved(value, days) {
    var moment = new Date(value + "T00:00:00Z");
    moment.setUTCDate(moment.getUTCDate() + days);
    return moment.toISOString().slice(0, 10);
  }

  function weekday(value) {
    return (new Date(value + "T00:00:00Z").getUTCDay() + 6) % 7;
  }

  function say(sentence) {
    heard.textContent = sentence;
  }

  // --- What stands on the page ---

  function build() {
    frame = make("div", "month__frame");
    var bar = make("div", "month__bar");
    earlier = make("button", "month__turn month__turn--earlier", words.earlier);
    later = make("button", "month__turn month__turn--later", words.later);
    title = make("p", "month__title");
    title.id = "month-title";
    grid = make("table", "month__days");
    grid.setAttribute("role", "grid");
    grid.setAttribute("aria-labelledby", title.id);
    grid.setAttribute("aria-busy", "true");
    grid.addEventListener("keydown", onKey);
    earlier.addEventListener("click", function () {
      turn(shown && shown.earlier);
    });
    later.addEventListener("click", function () {
      turn(shown && shown.later);
    });
    bar.append(earlier, title, later);
    closed = make("div");
    frame.append(bar, grid, closed);
    toggle = make("button", "month__toggle");
    heard = make("div", hidden);
    heard.setAttribute("role", "status");
    [earlier, later, toggle].forEach(function (button) {
      button.type = "button";
    });
    toggle.addEventListener("click", function () {
      show(view.classList.contains("month--as-list"));
    });
    view.append(frame, toggle, heard);
  }

  // The month, or the week's list as it came.
  function show(asMonth) {
    remember(asMonth ? "" : "1");
    view.classList.toggle("month--as-list", !asMonth);
    toggle.textContent = asMonth ? words.asList : words.asMonth;
    document.querySelectorAll(".weeks").forEach(function (weeks) {
      weeks.hidden = asMonth;
    });
    hideWeekClosed(asMonth);
    if (!asMonth) {
      putBack();
    } else if (shown) {
      draw();
      showTimes();
    } else {
      load(chosen.slice(0, 7), function () {
        draw();
        showTimes();
      });
    }
  }

  // Why days of the week have no times: the month says it of all its days.
  function hideWeekClosed(isHidden) {
    weekClosed.forEach(function (sentence) {
      sentence.hidden = isHidden;
    });
  }

  function remember(value) {
    try {
      sessionStorage.setItem(remembered, value);
    } catch (_closed) {
      return;
    }
  }

  function wantsList() {
    try {
      return sessionStorage.getItem(remembered) === "1";
    } catch (_closed) {
      return false;
    }
  }

  function load(month, then) {
    if (months[month]) {
      shown = months[month];
      then();
      return;
    }
    grid.setAttribute("aria-busy", "true");
    fetch(words.months + month, { headers: { Accept: "application/json" }, credentials: "same-origin" })
      .then(function (answer) {
        if (!answer.ok) {
          throw new Error(answer.status);
        }
        return answer.json();
      })
      .then(function (found) {
        months[month] = shown = found;
        grid.removeAttribute("aria-busy");
        then();
      })
      .catch(giveUp);
  }

  // No month to be had (the network, or the answers have gone meanwhile): the list as it came.
  function giveUp() {
    putBack();
    document.querySelectorAll(".weeks").forEach(function (weeks) {
      weeks.hidden = false;
    });
    hideWeekClosed(false);
    view.hidden = true;
  }

  // --- The grid ---

  function draw() {
    var head = make("thead");
    var names = make("tr");
    var body = make("tbody");
    var row = null;
    shown.weekdays.forEach(function (name) {
      var cell = make("th", "month__weekday", name[0]);
      cell.scope = "col";
      cell.abbr = name[1];
      names.append(cell);
    });
    head.append(names);
    shown.days.forEach(function (day, number) {
      if (number === 0 || weekday(day.day) === 0) {
        row = make("tr");
        body.append(row);
        for (var blank = number === 0 ? weekday(day.day) : 0; blank > 0; blank -= 1) {
          row.append(make("td"));
        }
      }
      row.append(cellOf(day));
    });
    while (row.children.length < 7) {
      row.append(make("td"));
    }
    grid.replaceChildren(head, body);
    closed.replaceChildren.apply(
      closed,
      shown.closed.map(function (sentence) {
        return make("p", "govuk-body", sentence);
      })
    );
    title.textContent = shown.title;
    able(earlier, shown.earlier);
    able(later, shown.later);
    if (!dayOf(focused)) {
      focused = (shown.days.filter(hasTimes)[0] || shown.days[0]).day;
    }
    mark();
  }

  // How many times it has, or why it has none.
  function timesOf(day) {
    return day.closed && !hasTimes(day) ? day.closed : count(day.times.length, "times");
  }

  function hasTimes(day) {
    return day.times.length > 0;
  }

  // Still there for the ear when there is no such month: a button that goes away takes the focus with it.
  function able(button, month) {
    button.setAttribute("aria-disabled", month ? "false" : "true");
  }

  function cellOf(day) {
    var cell = make("td", "month__cell");
    var button = make("button", "month__day");
    var many = timesOf(day);
    cell.setAttribute("role", "gridcell");
    button.type = "button";
    button.dataset.day = day.day;
    // Seen: the number and how many times; heard: the whole date.
    var parts = /^(\D*)(\d+)(.*)$/.exec(day.name);
    button.append(make("span", hidden, parts[1]), make("span", "month__number", parts[2]), make("span", hidden, parts[3] + ", "));
    button.append(make("span", hasTimes(day) ? "month__count" : hidden, many), make("span", hidden + " month__chosen"));
    if (!hasTimes(day)) {
      button.setAttribute("aria-disabled", "true");
    }
    button.addEventListener("click", function () {
      focused = day.day;
      choose(day);
    });
    cell.append(button);
    return cell;
  }

  function mark() {
    grid.querySelectorAll(".month__day").forEach(function (button) {
      var own = button.dataset.day;
      button.tabIndex = own === focused ? 0 : -1;
      button.parentNode.setAttribute("aria-selected", own === chosen ? "true" : "false");
      button.querySelector(".month__chosen").textContent = own === chosen ? ", " + words.isChosen : "";
    });
  }

  function focus() {
    mark();
    grid.querySelector('[data-day="' + focused + '"]').focus();
  }

  function turn(month) {
    if (month) {
      load(month, function () {
        draw();
        say(fill(words.shown, { month: shown.title, days: count(shown.days.filter(hasTimes).length, "days") }));
      });
    }
  }

  // --- Keys ---

  function onKey(event) {
    var steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -7, ArrowDown: 7, Home: -weekday(focused), End: 6 - weekday(focused) };
    if (event.altKey || event.ctrlKey || event.metaKey || !event.target.dataset.day) {
      return;
    }
    if (event.key in steps) {
      event.preventDefault();
      go(moved(focused, steps[event.key]));
    } else if (event.key === "PageUp" || event.key === "PageDown") {
      event.preventDefault();
      goToMonth(event.key === "PageUp" ? shown.earlier : shown.later);
    }
  }

  // To that day, in this month or the next; not beyond what can be booked.
  function go(day) {
    var month = day.slice(0, 7);
    if (month !== shown.month && month !== shown.earlier && month !== shown.later) {
      return;
    }
    load(month, function () {
      focused = day;
      if (title.textContent !== shown.title) {
        draw();
      }
      focus();
    });
  }

  // The same day of that month, or its last.
  function goToMonth(month) {
    if (month) {
      load(month, function () {
        var same = month + focused.slice(7);
        focused = dayOf(same) ? same : shown.days[shown.days.length - 1].day;
        draw();
        focus();
      });
    }
  }

  // --- The times of a day ---

  function choose(day) {
    if (!hasTimes(day)) {
      mark();
      say(day.name + ", " + timesOf(day));
      return;
    }
    if (!list) {
      location.assign(words.weeks + day.day);
      return;
    }
    chosen = day.day;
    mark();
    showTimes();
    say(fill(words.chosen, { day: day.name, times: count(day.times.length, "times") }));
  }

  function showTimes() {
    var day = dayOf(chosen);
    if (!list || !day) {
      return;
    }
    clear();
    list.append(fieldsetOf(day));
  }

  function clear() {
    list.querySelectorAll(".day").forEach(function (day) {
      day.remove();
    });
  }

  function putBack() {
    if (list) {
      clear();
      weekDays.forEach(function (day) {
        list.append(day);
      });
      list.querySelectorAll(".time__input").forEach(function (radio) {
        radio.checked = radio.value === start;
      });
    }
  }

  function fieldsetOf(day) {
    var set = make("fieldset", "day");
    var box = make("div", "day__times");
    set.append(make("legend", "day__name", day.name), box);
    day.times.forEach(function (time, number) {
      var radio = first.cloneNode(false);
      var label = make("label", "time__label", time[1]);
      var holder = make("div", "time");
      radio.id = first.id.replace(/\d+$/, number);
      radio.value = time[0];
      radio.checked = time[0] === start;
      label.htmlFor = radio.id;
      label.append(make("span", hidden, " " + fill(words.rest, { end: time[2], day: day.name })));
      holder.append(radio, label);
      box.append(holder);
    });
    return set;
  }

  form.addEventListener("change", function (event) {
    if (event.target.classList.contains("time__input")) {
      start = event.target.value;
    }
  });

  build();
  show(!wantsList());
})();
