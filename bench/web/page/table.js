/* The table of cases: thousands of rows, of which only those in sight are in the page. */
"use strict";

(function (bench) {
  const { el } = bench;
  const ROW_PX = 46;
  const SPARE = 6;

  class CaseTable {
    constructor(place, { onOpen, onSort }) {
      this.onOpen = onOpen;
      this.onSort = onSort;
      this.head = el("div", { class: "row head", role: "row", "aria-rowindex": 1 });
      this.body = el("div", { class: "rows", role: "rowgroup" });
      this.scroller = el("div", {
        class: "grid", role: "grid", tabindex: 0, "aria-label": "Cases", onscroll: () => this.scrolled(),
        onclick: (event) => this.clicked(event),
      }, el("div", { role: "rowgroup", class: "headgroup" }, this.head), this.body);
      place.append(this.scroller);
      this.found = [];
      this.current = 0;
      this.rows = new Map();
      this.watched = new ResizeObserver(() => this.drawn());
      this.watched.observe(this.scroller);
    }

    show(table, found, sort, current) {
      this.table = table;
      this.found = found;
      this.current = Math.max(0, found.indexOf(current));
      this.scroller.setAttribute("aria-rowcount", found.length + 1);
      this.scroller.style.setProperty("--axes", table.axes.length);
      this.body.style.height = `${found.length * ROW_PX}px`;
      const column = (by, label, title) => {
        const isSorted = sort && sort.by === by;
        return el("div", {
          role: "columnheader", title, "aria-sort": isSorted ? (sort.down ? "descending" : "ascending") : null,
        }, el("button", { type: "button", class: "sort", onclick: () => this.onSort(by) }, label,
          isSorted ? (sort.down ? " ↓" : " ↑") : ""));
      };
      bench.put(this.head, column("id", "record"), column("right", "right", "axes that are right, of those with a truth"),
        table.axes.map((axis) => column(axis.name, bench.words([axis.name]),
          axis.prior ? `${axis.question}; the majority answer is ${bench.words(axis.prior)}` : axis.question)));
      this.rows.clear();
      this.body.replaceChildren();
      this.drawn();
    }

    /* Draw the rows in sight; those that are there already stay. */
    drawn() {
      if (!this.table) { return; }
      const tall = this.scroller.clientHeight || 600;
      const first = Math.max(0, Math.floor(this.scroller.scrollTop / ROW_PX) - SPARE);
      const last = Math.min(this.found.length, Math.ceil((this.scroller.scrollTop + tall) / ROW_PX) + SPARE);
      for (const [place, row] of this.rows) {
        if (place < first || place >= last) { row.remove(); this.rows.delete(place); }
      }
      for (let place = first; place < last; place += 1) {
        if (!this.rows.has(place)) {
          const row = this.row(place);
          this.rows.set(place, row);
          this.body.append(row);
        }
      }
      this.pointed();
    }

    scrolled() {
      if (!this.asked) {
        this.asked = requestAnimationFrame(() => { this.asked = 0; this.drawn(); });
      }
    }

    row(place) {
      const [k, table] = [this.found[place], this.table];
      const { right, known } = bench.counted(table, k);
      const who = [table.age[k] === null ? "" : `${Math.round(table.age[k])} y`, table.sex[k] || ""].join(" ").trim();
      const row = el("div", { class: "row", role: "row", id: `row-${place}`, "data-place": place, "aria-rowindex": place + 2 },
        el("div", { role: "rowheader", class: "id" }, el("b", {}, String(table.ids[k])), el("small", {}, who)),
        el("div", { role: "gridcell", class: "count" },
          table.error[k] ? el("span", { class: "error" }, table.error[k].replaceAll("_", " "))
            : known ? el("b", {}, `${right}/${known}`) : "–"),
        table.axes.map((axis) => this.cell(axis, k)));
      row.style.transform = `translateY(${place * ROW_PX}px)`;
      return row;
    }

    cell(axis, k) {
      const state = axis.state[k];
      const said = axis.answer[k] < 0 ? ({ ".": "", f: "failed" }[state] ?? "no answer") : bench.words(axis.values[axis.answer[k]]);
      const truth = axis.truth[k] < 0 ? "" : bench.words(axis.values[axis.truth[k]]);
      const isWrong = state === "w" || state === "f" || state === ".";
      return el("div", { role: "gridcell", class: "cell", "data-state": state, title: truth ? `${said || "…"} · truth: ${truth}` : said },
        el("span", { class: "said" }, bench.mark(state), said),
        isWrong && truth ? el("small", {}, truth) : null);
    }

    pointed() {
      for (const [place, row] of this.rows) { row.classList.toggle("current", place === this.current); }
      if (this.rows.has(this.current)) {
        this.scroller.setAttribute("aria-activedescendant", `row-${this.current}`);
      } else {
        this.scroller.removeAttribute("aria-activedescendant");
      }
    }

    move(by) {
      if (!this.found.length) { return; }
      this.current = Math.min(Math.max(this.current + by, 0), this.found.length - 1);
      this.revealed();
    }

    revealed() {
      const head = this.head.offsetHeight;
      const top = this.current * ROW_PX;
      const room = this.scroller.clientHeight - head;
      if (top < this.scroller.scrollTop) { this.scroller.scrollTop = top; }
      if (top + ROW_PX > this.scroller.scrollTop + room) { this.scroller.scrollTop = top + ROW_PX - room; }
      this.drawn();
    }

    clicked(event) {
      const row = event.target.closest(".row[data-place]");
      if (!row) { return; }
      this.current = Number(row.dataset.place);
      this.open();
    }

    open() {
      if (this.found.length) { this.onOpen(this.found[this.current]); }
    }
  }

  bench.CaseTable = CaseTable;
}(window.EcgBench));
