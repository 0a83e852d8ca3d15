/* Sorting and filters. Without this file every page is whole: nothing is fetched, and nothing is made of text. */
(function () {
  "use strict";

  function value(row, column, kind) {
    var cell = row.cells[column];
    var told = cell.dataset.value === undefined ? cell.textContent.trim() : cell.dataset.value;
    if (kind === "text") {
      return told.toLowerCase();
    }
    return told === "" ? NaN : Number(told);
  }

  function compare(a, b, kind) {
    return kind === "text" ? a.localeCompare(b, "en") : a - b;
  }

  function sort(table, heading, direction) {
    var column = heading.cellIndex;
    var kind = heading.dataset.sort;
    var body = table.tBodies[0];
    var rows = Array.from(body.rows).map(function (row) {
      // Equal ones stand as they were written, so that a bracket never joins others than its own.
      return { row: row, place: Number(row.dataset.place), value: value(row, column, kind) };
    });
    rows.sort(function (a, b) {
      var noA = Number.isNaN(a.value), noB = Number.isNaN(b.value);
      if (noA || noB) {
        return noA - noB || a.place - b.place;
      }
      var order = compare(a.value, b.value, kind);
      return (direction === "ascending" ? order : -order) || a.place - b.place;
    });
    body.append.apply(body, rows.map(function (one) { return one.row; }));
    Array.from(table.tHead.rows[0].cells).forEach(function (cell) { cell.removeAttribute("aria-sort"); });
    heading.setAttribute("aria-sort", direction);
    table.dataset.order = heading.dataset.key === "rank" && direction === "ascending" ? "rank" : "other";
  }

  function first(heading) {
    return heading.dataset.first || "descending";
  }

  function sortable(table) {
    Array.from(table.tBodies[0].rows).forEach(function (row, place) { row.dataset.place = place; });
    table.querySelectorAll("thead th[data-sort]").forEach(function (heading) {
      var button = document.createElement("button");
      button.type = "button";
      button.append.apply(button, Array.from(heading.childNodes));
      heading.append(button);
      button.addEventListener("click", function () {
        var now = heading.getAttribute("aria-sort");
        sort(table, heading, !now ? first(heading) : now === "ascending" ? "descending" : "ascending");
        table.dispatchEvent(new CustomEvent("sorted", { bubbles: true }));
      });
    });
  }

  function plural(count, word) {
    return count + " " + word + (count === 1 ? "" : "s");
  }

  function remembered(form) {
    var told = new URLSearchParams(location.hash.slice(1));
    Array.from(form.elements).forEach(function (field) {
      if (!field.name || !told.has(field.name)) {
        return;
      }
      var wanted = told.get(field.name);
      if (field.tagName !== "SELECT" || Array.from(field.options).some(function (one) { return one.value === wanted; })) {
        field.value = wanted;
      }
    });
  }

  function remember(form) {
    var told = new URLSearchParams();
    Array.from(form.elements).forEach(function (field) {
      if (field.name && field.value && !(field.name === "order" && field.value === "rank")) {
        told.set(field.name, field.value);
      }
    });
    try {
      history.replaceState(null, "", told.size === 0 ? location.pathname + location.search : "#" + told.toString());
    } catch (error) {
      /* some browsers refuse this for a file: the filters work, and are not kept in the address */
      return;
    }
  }

  function board(form) {
    var tables = document.querySelectorAll("table.ranks");
    var status = form.querySelector(".status");
    var sorted = "rank";

    function apply() {
      var text = form.elements.text.value.trim().toLowerCase();
      var all = 0, shown = 0, left = 0;
      document.querySelectorAll("section.board").forEach(function (section) {
        var rows = section.querySelectorAll("table.ranks tbody tr");
        var here = 0;
        rows.forEach(function (row) {
          var fits = (!form.elements.dataset.value || row.dataset.dataset === form.elements.dataset.value) &&
            (!form.elements.kind.value || row.dataset.kind.split(" ").includes(form.elements.kind.value)) &&
            (!form.elements.condition.value || row.dataset.condition === form.elements.condition.value) &&
            (!text || row.querySelector("th").textContent.toLowerCase().includes(text));
          row.hidden = !fits;
          here += fits;
        });
        all += rows.length;
        shown += here;
        left += here > 0;
        section.hidden = here === 0;
        section.classList.toggle("narrowed", here < rows.length);
      });
      status.textContent = shown + " of " + plural(all, "entry").replace("entrys", "entries") + " in " + plural(left, "table");
      if (form.elements.order.value && form.elements.order.value !== sorted) {
        sorted = form.elements.order.value;
        tables.forEach(function (table) {
          var heading = table.querySelector('th[data-key="' + sorted + '"]');
          sort(table, heading, first(heading));
        });
      }
    }
    document.addEventListener("sorted", function () {
      // One table is ordered by its heading: no order of the list is that of all tables any more.
      sorted = "";
      form.elements.order.selectedIndex = -1;
      remember(form);
    });
    return apply;
  }

  function cases(form) {
    var status = form.querySelector(".status");
    return function () {
      var reader = form.elements.wrong.value, axis = form.elements.axis.value;
      var shown = 0;
      var every = document.querySelectorAll("article.case");
      every.forEach(function (one) {
        var wrong = one.dataset.wrong.split(" ").filter(Boolean).map(function (word) { return word.split(":"); });
        var fits = (!reader && !axis) || wrong.some(function (word) {
          return (!reader || word[0] === reader) && (!axis || word[1] === axis);
        });
        one.hidden = !fits;
        shown += fits;
      });
      status.textContent = shown + " of " + plural(every.length, "case");
    };
  }

  document.querySelectorAll("table.ranks").forEach(sortable);
  document.querySelectorAll("form.filters").forEach(function (form) {
    var apply = form.elements.order ? board(form) : cases(form);
    form.hidden = false;
    remembered(form);
    apply();
    form.addEventListener("submit", function (event) { event.preventDefault(); });
    form.addEventListener("input", function () { apply(); remember(form); });
    form.addEventListener("reset", function () { setTimeout(function () { apply(); remember(form); }); });
  });
})();
