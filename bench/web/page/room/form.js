/* The questions: one of them is open, and each of its values has a key. */
"use strict";

(function (bench) {
  const { el } = bench;
  const CANNOT_TELL = "cannot tell";

  class Form {
    constructor(place, axes, told) {
      this.place = place;
      this.axes = axes;
      this.told = told;
      this.values = {};
      this.open = 0;
      place.addEventListener("submit", (event) => event.preventDefault());
    }

    /* Begin a case, with what was chosen of it earlier. */
    begin(values, canSave = true) {
      this.values = { ...values };
      this.canSave = canSave;
      const first = this.axes.findIndex((axis) => !(axis.name in this.values));
      this.open = first < 0 ? this.axes.length : first;
      this.draw();
    }

    get isWhole() { return this.axes.every((axis) => axis.name in this.values); }

    get axis() { return this.axes[this.open] || null; }

    /* A single value ends its question; findings are many, and Enter ends theirs. */
    choose(axis, name) {
      if (!axis.is_set) {
        this.values[axis.name] = [name];
        this.told.changed();
        this.next();
        return;
      }
      const had = this.values[axis.name] || [];
      const has = had.includes(name) ? had.filter((one) => one !== name) : [...had, name];
      if (has.length) { this.values[axis.name] = has; } else { delete this.values[axis.name]; }
      this.told.changed();
      this.draw();
    }

    settle(axis, value) {
      this.values[axis.name] = value;
      this.told.changed();
      this.next();
    }

    /* Open the next question without an answer, or none. */
    next() {
      const after = [...this.axes.keys()].map((k) => (this.open + 1 + k) % this.axes.length);
      const found = after.find((k) => !(this.axes[k].name in this.values));
      this.goTo(found === undefined ? this.axes.length : found);
    }

    goTo(place) {
      this.open = Math.min(Math.max(place, 0), this.axes.length);
      this.draw();
    }

    /* Tell whether a key was meant for the questions. */
    typed(key) {
      const axis = this.axis;
      const acts = {
        Enter: () => (this.isWhole && !axis ? this.told.save() : this.next()),
        Backspace: () => this.goTo(this.open - 1),
        ArrowUp: () => this.goTo(this.open - 1),
        ArrowDown: () => this.goTo(this.open + 1),
        " ": () => { if (axis) { this.settle(axis, null); } },
      };
      if (acts[key]) { acts[key](); return true; }
      if (!axis) {
        const place = Number(key) - 1;
        if (Number.isInteger(place) && this.axes[place]) { this.goTo(place); return true; }
        return false;
      }
      if (axis.is_set && key === axis.nothing) { this.settle(axis, []); return true; }
      const value = axis.groups.flatMap((group) => group.values).find((one) => one.key === key.toLowerCase());
      if (value) { this.choose(axis, value.name); }
      return Boolean(value);
    }

    /* What is answered, in words. */
    said(axis) {
      if (!(axis.name in this.values)) { return ""; }
      const chosen = this.values[axis.name];
      if (chosen === null) { return CANNOT_TELL; }
      if (!chosen.length) { return "none"; }
      const words = Object.fromEntries(axis.groups.flatMap((group) => group.values.map((one) => [one.name, one.words])));
      return chosen.map((name) => words[name]).join(", ");
    }

    draw() {
      const focused = this.tabbedTo();
      bench.put(this.place, el("ol", { class: "axes" }, this.axes.map((axis, k) => this.drawAxis(axis, k))), this.drawEnd());
      const shown = this.place.querySelector(".axis.open") || this.place.querySelector(".end");
      if (shown && this.place.scrollHeight > this.place.clientHeight) { shown.scrollIntoView({ block: "nearest" }); }
      if (focused) { this.refocused(focused); }
    }

    /* What has the focus by Tab, as a selector: it is drawn anew, and must not lose its place. */
    tabbedTo() {
      const found = document.activeElement;
      if (!this.place.contains(found) || !found.matches(":focus-visible")) { return ""; }
      if (found.id) { return `#${found.id}`; }
      const axis = `[data-axis="${found.closest(".axis").dataset.axis}"]`;
      const key = found.getAttribute("aria-keyshortcuts");
      return key ? `${axis} [aria-keyshortcuts="${key}"]` : `${axis} .${found.className}`;
    }

    refocused(selector) {
      const found = this.place.querySelector(`${selector}:enabled`) || this.place.querySelector(".axis.open .value")
        || this.place.querySelector("#save:enabled");
      if (found) { found.focus(); }
    }

    drawAxis(axis, k) {
      const isOpen = k === this.open;
      const said = this.said(axis);
      const head = el("button", { type: "button", class: "head", "aria-expanded": String(isOpen), onclick: () => this.goTo(isOpen ? this.axes.length : k) },
        el("span", { class: "name" }, bench.word(axis.name)), el("span", { class: "said", "data-state": said === CANNOT_TELL ? "none" : "some" }, said || (isOpen ? "" : "–")));
      return el("li", { class: isOpen ? "axis open" : "axis", "data-axis": axis.name }, head, isOpen ? this.drawValues(axis) : null);
    }

    drawValues(axis) {
      const chosen = this.values[axis.name];
      const row = (key, words, meaning, isChosen, act, name) => el("button", {
        type: "button", class: "value", "data-value": name, "aria-pressed": String(isChosen), "aria-keyshortcuts": key === "␣" ? "Space" : key, onclick: act,
      }, el("kbd", {}, key), el("span", {}, words, meaning && meaning !== words ? el("small", {}, meaning) : null));
      const none = axis.is_set
        ? row(axis.nothing, "none of these", "", Boolean(chosen && !chosen.length), () => this.settle(axis, []), "") : null;
      const cannot = row("␣", CANNOT_TELL, "counts as no answer", chosen === null, () => this.settle(axis, null), null);
      return el("div", { class: "values" },
        el("p", { class: "asked" }, axis.question, axis.choice ? el("small", {}, axis.choice) : null),
        // Below a long list they would be out of sight.
        axis.is_set ? [none, cannot] : null,
        axis.groups.map((group) => [
          group.title ? el("h4", {}, group.title) : null,
          group.values.map((one) => row(one.key, one.words, one.meaning, Boolean(chosen && chosen.includes(one.name)),
            () => this.choose(axis, one.name), one.name)),
        ]),
        axis.is_set ? null : cannot,
        axis.is_set ? el("button", { type: "button", class: "on", onclick: () => this.next(), disabled: !(axis.name in this.values) }, el("kbd", {}, "↵"), "On") : null);
    }

    drawEnd() {
      const open = this.axes.filter((axis) => !(axis.name in this.values)).length;
      return el("div", { class: "end" },
        el("button", { type: "button", id: "save", disabled: open > 0 || !this.canSave, onclick: () => this.told.save() }, el("kbd", {}, "↵"), this.told.saveWords()),
        el("p", { class: "note" }, open ? `${open} of ${this.axes.length} questions are open.` : "All questions are answered."));
    }
  }

  bench.Form = Form;
}(window.EcgBench));
