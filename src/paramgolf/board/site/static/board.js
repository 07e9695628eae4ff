// The table: sorting and filtering inside each challenge and track; the chart's readout. All of it works on the rows
// that the page holds; rows.js, which brings the others of a large board, is asked for when they are needed.
(function () {
  "use strict";
  var FILTERS = ["text", "challenge", "track", "status"];

  function board() {
    var table = document.getElementById("board");
    var form = document.getElementById("filters");
    if (!table || !form) { return; }
    var groups = Array.from(table.tBodies);
    var headings = Array.from(table.tHead.rows[0].cells);
    var count = document.getElementById("count");
    var more = document.getElementById("more");
    var complete = !more;
    var sorted = { column: 0, down: false };
    var sortWords = "";

    function rows(group) { return Array.from(group.rows).slice(1); }

    function whole(then) {
      if (complete) { then(); return; }
      window.paramgolfRows = function (rest) {
        if (complete) { return; }
        complete = true;
        groups.forEach(function (group) {
          group.insertAdjacentHTML("beforeend", rest[group.dataset.group] || "");
        });
        more.remove();
        then();
      };
      var script = document.createElement("script");
      script.src = "rows.js";
      document.head.append(script);
    }

    function key(row, column) {
      var text = row.cells[column].textContent.trim();
      if (headings[column].dataset.kind !== "number") { return text.toLowerCase(); }
      var value = parseFloat(text.replace(/,/g, ""));
      return isNaN(value) ? null : value;
    }

    function order(a, b) {
      // what has no value stands last in both directions
      if (a.key === null || b.key === null) { return (a.key === null) - (b.key === null) || a.index - b.index; }
      var way = a.key < b.key ? -1 : a.key > b.key ? 1 : 0;
      return (sorted.down ? -way : way) || a.index - b.index;
    }

    function sort() {
      groups.forEach(function (group) {
        rows(group).map(function (row) {
          if (!row.dataset.index) { row.dataset.index = row.rowIndex; }
          return { row: row, key: key(row, sorted.column), index: Number(row.dataset.index) };
        }).sort(order).forEach(function (item) { group.append(item.row); });
      });
      headings.forEach(function (heading, column) {
        if (column === sorted.column) {
          heading.setAttribute("aria-sort", sorted.down ? "descending" : "ascending");
        } else {
          heading.removeAttribute("aria-sort");
        }
      });
    }

    function fits(row, wanted) {
      return (!wanted.status || row.dataset.status === wanted.status) &&
        wanted.text.every(function (word) { return row.textContent.toLowerCase().includes(word); });
    }

    function filter() {
      var wanted = {
        text: form.elements.text.value.toLowerCase().split(/\s+/).filter(Boolean),
        status: form.elements.status.value
      };
      var shown = 0, all = 0;
      groups.forEach(function (group) {
        var here = 0;
        var open = ["challenge", "track"].every(function (name) {
          return !form.elements[name].value || group.dataset[name] === form.elements[name].value;
        });
        rows(group).forEach(function (row) {
          row.hidden = !(open && fits(row, wanted));
          here += row.hidden ? 0 : 1;
          all += 1;
        });
        group.hidden = !here;
        shown += here;
      });
      count.textContent = (shown === all ? all + (all === 1 ? " entry" : " entries") : shown + " of " + all + " entries") + sortWords;
    }

    function remember() {
      var state = new URLSearchParams();
      FILTERS.forEach(function (name) {
        if (form.elements[name].value) { state.set(name, form.elements[name].value); }
      });
      var hash = state.toString();
      if (hash || window.location.hash) {
        window.history.replaceState(null, "", hash ? "#" + hash : window.location.pathname);
      }
    }

    function recall() {
      var state = new URLSearchParams(window.location.hash.slice(1));
      if (!FILTERS.some(function (name) { return state.has(name); })) { return; }
      FILTERS.forEach(function (name) { form.elements[name].value = state.get(name) || ""; });
      whole(filter);
      document.getElementById("filters").scrollIntoView();
    }

    headings.forEach(function (heading, column) {
      var button = document.createElement("button");
      button.type = "button";
      button.append(...heading.childNodes);
      heading.append(button);
      button.addEventListener("click", function () {
        var again = sorted.column === column;
        sorted = { column: column, down: again && !sorted.down };
        sortWords = ", sorted by " + button.textContent.trim().toLowerCase() + (sorted.down ? ", downwards" : ", upwards");
        whole(function () { sort(); filter(); });
      });
    });
    form.hidden = false;
    form.addEventListener("input", function () { whole(filter); remember(); });
    form.addEventListener("reset", function () { window.setTimeout(function () { filter(); remember(); }); });
    form.addEventListener("submit", function (event) { event.preventDefault(); });
    if (more) {
      more.addEventListener("click", function (event) { event.preventDefault(); whole(filter); });
    }
    window.addEventListener("hashchange", recall);
    recall();
  }

  // Pointing at a step of the chart says what it changed; a click goes to its entry. The table below says the same.
  function chart(figure) {
    var readout = figure.querySelector(".readout");
    var lines = new Map(Array.from(figure.querySelectorAll("tr[data-entry]")).map(function (row) {
      return [row.dataset.entry, row];
    }));
    readout.hidden = false;
    figure.querySelectorAll(".point").forEach(function (point) {
      var cells = lines.get(point.dataset.entry).cells;
      point.addEventListener("pointerenter", function () {
        figure.querySelectorAll(".point.on").forEach(function (other) { other.classList.remove("on"); });
        point.classList.add("on");
        var parts = readout.children;
        parts[0].textContent = cells[1].textContent;
        parts[1].textContent = cells[0].textContent;
        parts[2].textContent = cells[3].querySelector("a").textContent;
        parts[3].textContent = cells[4].textContent;
      });
      point.addEventListener("click", function () { window.location.href = point.dataset.href; });
    });
  }

  board();
  document.querySelectorAll(".progress").forEach(chart);
})();
