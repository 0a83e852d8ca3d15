/* One case: the trace, what the reader saw and was asked, what it said, and what is true. */
"use strict";

(function (bench) {
  const { el, put, words, mark } = bench;

  const part = (title, ...children) => el("section", { class: "part" }, el("h3", {}, title), ...children);
  const problem = (said) => el("p", { class: "problem" }, said);
  const table = (headings, rows, given = {}) => el("div", { class: "wide", tabindex: 0 }, el("table", given,
    el("thead", {}, el("tr", {}, headings.map((one) => el("th", { scope: "col" }, one)))),
    el("tbody", {}, rows.map((row) => el("tr", {}, row.map((cell, k) => (k ? el("td", {}, cell)
      : el("th", { scope: "row" }, cell))))))));
  const text = (said, given = {}) => el("pre", { class: "text", ...given }, said);

  class CaseView {
    constructor(place) {
      this.place = place;
      this.layout = "3x4";
      this.tool = window.matchMedia("(pointer: coarse)").matches ? "pan" : "calipers";
      this.built = null;
    }

    /* Draw the case at once; the trace follows when its samples are there. */
    show(found, run, axes) {
      this.found = found;
      this.own = found.readings.filter((one) => one.run === run.number);
      this.others = found.readings.filter((one) => one.run !== run.number);
      put(this.place, this.ecg(), el("div", { class: "columns" },
        el("div", {}, this.answers(axes), this.labels()),
        el("div", {}, this.said(), this.explained(), this.pictures(), this.prompt())), this.beside(axes));
    }

    /* The trace: a canvas with its tools. */
    ecg() {
      if (this.paper) { this.paper.close(); }
      this.canvas = el("canvas", {
        class: "ecg", tabindex: 0, role: "img",
        "aria-label": "Twelve-lead ECG. Arrow keys move the second leg of the calipers by 10 ms and 0.05 mV, with shift five times as far, with Alt both legs.",
      });
      this.measured = el("output", { class: "measured", "aria-live": "polite" });
      this.scaled = el("output", { class: "scaled" });
      const button = (key, label, title, act) => el("button", { type: "button", "data-act": key, title, onclick: act }, label);
      this.tools = el("div", { class: "tools", role: "toolbar", "aria-label": "ECG" },
        el("span", { class: "group" },
          button("3x4", "3 × 4", "four columns of 2.5 s, and II below (l)", () => this.setLayout("3x4")),
          button("12x1", "12 rows", "every lead in full (l)", () => this.setLayout("12x1"))),
        el("span", { class: "group" },
          button("calipers", "Calipers", "drag to measure (c)", () => this.setTool("calipers")),
          button("pan", "Pan", "drag to move; so does shift with any tool (c)", () => this.setTool("pan"))),
        el("span", { class: "group" },
          button("out", "−", "smaller (-)", () => this.paper.zoom(-1)), this.scaled,
          button("in", "+", "larger (+)", () => this.paper.zoom(1)),
          button("fit", "Fit", "the whole width (0)", () => this.paper.fit())),
        el("select", { "aria-label": "gain", onchange: (event) => this.paper.setGain(Number(event.target.value)) },
          [5, 10, 20].map((gain) => el("option", { value: gain, selected: gain === 10 }, `${gain} mm/mV`))),
        this.seenButton = el("button", { type: "button", hidden: true, onclick: () => this.swap() }, "As the reader got it"),
        this.measured);
      this.note = el("p", { class: "note", hidden: true });
      this.sheet = el("div", { class: "sheet" }, this.canvas);
      this.paper = new window.EcgPaper(this.canvas, {
        layout: this.layout,
        tool: this.tool,
        onMeasure: (_, said) => { this.measured.textContent = said; },
        onView: (view) => this.viewed(view),
      });
      return el("section", { class: "trace" }, this.tools, this.sheet, this.note);
    }

    showSignal(data) {
      if (data.problem) {
        this.sheet.hidden = true;
        this.tools.hidden = true;
        this.note.hidden = false;
        this.note.className = "problem";
        this.note.textContent = data.problem;
        for (const one of this.place.querySelectorAll(".columns .problem")) {
          if (one.textContent === data.problem) { one.remove(); }
        }
        return;
      }
      this.traces = [window.EcgPaper.decoded(data), data.seen ? window.EcgPaper.decoded(data.seen) : null];
      this.seenButton.hidden = !data.seen;
      this.paper.show(this.traces[0]);
    }

    swap() {
      const isSeen = this.seenButton.getAttribute("aria-pressed") === "true";
      this.seenButton.setAttribute("aria-pressed", String(!isSeen));
      for (const one of this.place.querySelectorAll("[data-map]")) { one.setAttribute("aria-pressed", "false"); }
      this.paper.show(this.traces[isSeen ? 0 : 1]);
    }

    setLayout(layout) {
      this.layout = layout;
      this.paper.setLayout(layout);
    }

    setTool(tool) {
      this.tool = tool;
      this.paper.setTool(tool);
    }

    viewed({ scale, tool, layout }) {
      this.scaled.textContent = `${scale.toFixed(1).replace(".0", "")} px/mm`;
      for (const one of this.tools.querySelectorAll("button[data-act]")) {
        const act = one.dataset.act;
        if (["3x4", "12x1", "calipers", "pan"].includes(act)) {
          one.setAttribute("aria-pressed", String(act === tool || act === layout));
        }
      }
    }

    /* Each axis: the answer, the truth, and what that rests on. */
    answers(axes) {
      const truth = this.found.truth;
      const first = this.own[0];
      const rows = axes.map((name) => {
        const told = truth.axes ? truth.axes[name] : null;
        const chances = first && first.probabilities[name];
        return [
          words([name]),
          first ? [mark(first.states[name]), " ", this.value(first, name), this.chances(chances, first.values[name])] : "not answered yet",
          told && told.truth ? [words(told.truth), this.accepted(told)] : "–",
          told ? [told.because || "not told",
            told.source ? el("small", {}, `${told.source}${told.circular ? ", circular" : ""}`) : null] : "–",
        ];
      });
      return part("Answer and truth",
        truth.problem ? problem(truth.problem) : null,
        table(["axis", "answer", "truth", "because, by"], rows, { class: "answers" }));
    }

    value(reading, axis) {
      if (reading.error) { return el("span", { class: "error" }, reading.error.kind.replaceAll("_", " ")); }
      const unreadable = reading.problems[axis];
      return unreadable ? el("span", { class: "error", title: unreadable }, "unreadable: ", unreadable) : words(reading.values[axis]);
    }

    chances(most, said) {
      if (!most) { return null; }
      return el("small", {}, most.slice(0, 3).map(([value, p]) => `${bench.word(value)} ${p.toFixed(2)}`).join(" · "));
    }

    /* What else is right, and the majority answer where it would be wrong. */
    accepted(told) {
      const more = told.accepted.filter((value) => !told.truth.includes(value));
      return [more.length ? el("small", {}, `also right: ${words(more)}`) : null,
        told.prior && words(told.prior) !== words(told.truth) && !told.prior.every((one) => told.accepted.includes(one))
          ? el("small", {}, `majority answer: ${words(told.prior)}`) : null];
    }

    /* Repeats of this run and the same record in other runs, a column each. */
    beside(axes) {
      const every = [...this.own, ...this.others];
      if (every.length < 2) { return null; }
      const named = (one) => [one.reader, one.condition === "full" ? "" : one.condition, one.form === "dense" ? "" : one.form].filter(Boolean).join(", ");
      const alike = (one) => every.some((other) => other.run !== one.run && named(other) === named(one));
      const isRepeated = (one) => every.some((other) => other.run === one.run && other.repeat !== one.repeat);
      const heading = (one) => [this.own.includes(one) ? el("b", {}, named(one)) : named(one),
        el("small", {}, [isRepeated(one) ? `repeat ${one.repeat + 1}` : "", alike(one) ? one.digest : ""].filter(Boolean).join(", "))];
      const rows = axes.map((name) => [words([name]),
        ...every.map((one) => (one.states[name] === "-" ? "" : [mark(one.states[name]), " ", this.value(one, name)]))]);
      return part("Conditions, repeats and other readers", table(["axis", ...every.map(heading)], rows, { class: "beside" }));
    }

    /* What the reader wrote, word for word. */
    said() {
      return part("What the reader said", this.own.length ? null : el("p", {}, "Not answered yet."),
        this.own.map((one) => [
          this.own.length > 1 ? el("h4", {}, `repeat ${one.repeat + 1}`) : null,
          one.error ? problem(`${one.error.kind.replaceAll("_", " ")}: ${one.error.message}`) : null,
          one.reasoning ? el("blockquote", {}, one.reasoning) : null,
          one.raw === null
            ? (one.error ? null : el("p", { class: "note" }, "No text: this reader gives values, not words."))
            : el("details", { open: !one.reasoning }, el("summary", {}, "raw answer"), text(one.raw)),
          this.calls(one),
          this.cost(one.usage),
        ]));
    }

    calls(one) {
      if (!one.calls.length) { return null; }
      return table(["instrument", "arguments", "result"], one.calls.map((call) => [call.instrument, call.arguments, call.result]));
    }

    cost(usage) {
      const told = [
        usage.input_tokens !== undefined ? `${usage.input_tokens} tokens in${usage.cached_tokens ? ` (${usage.cached_tokens} cached)` : ""}` : null,
        usage.output_tokens !== undefined ? `${usage.output_tokens} out` : null,
        usage.cost !== undefined ? bench.money(usage.cost) + (usage.reused ? ", paid by another run" : "") : null,
        usage.seconds !== undefined ? `${usage.seconds.toFixed(1)} s` : null,
        usage.px_per_mm !== undefined ? `seen at ${usage.px_per_mm.toFixed(1)} px/mm` : null,
        usage.follows_schema === false ? "not after the schema" : null,
      ].filter(Boolean);
      return told.length ? el("p", { class: "cost" }, told.join(" · ")) : null;
    }

    pictures() {
      const { pages, said, problem: missing } = this.found.pictures;
      if (missing) { return part("What the reader saw", problem(missing)); }
      return part("What the reader saw", el("p", { class: "note" }, said),
        el("div", { class: pages.length > 1 ? "pages many" : "pages" }, pages.map((page, k) => this.picture(
          page.src, `page ${k + 1} as the reader saw it`, page))));
    }

    picture(src, alt, size = {}) {
      const image = el("img", { src: bench.source.picture(src), alt, width: size.width, height: size.height, loading: "lazy" });
      image.addEventListener("error", () => image.replaceWith(problem(`The picture is missing (${src}).`)));
      return el("a", { href: bench.source.picture(src), target: "_blank", rel: "noopener" }, image);
    }

    prompt() {
      const asked = this.found.prompt;
      if (asked.problem) { return part("The prompt as sent", problem(asked.problem)); }
      if (asked.said) { return part("The prompt as sent", el("p", { class: "note" }, asked.said)); }
      const images = (captions) => captions.map((caption) => el("p", { class: "caption" }, `${caption} [picture]`));
      return part("The prompt as sent", asked.notes.map((note) => el("p", { class: "note" }, note)),
        el("details", {}, el("summary", {}, "system"), text(asked.system)),
        asked.shots.map((shot, k) => el("details", {}, el("summary", {}, `worked example ${k + 1}`),
          images(shot.captions), text(shot.text), text(shot.answer))),
        images(asked.captions), text(asked.text),
        asked.statements ? text(asked.statements.join("\n")) : null,
        asked.schema ? el("details", {}, el("summary", {}, "schema"), text(JSON.stringify(asked.schema, null, 1))) : null);
    }

    explained() {
      const found = this.found.explanations;
      if (!found.length) { return null; }
      return part("What moved the answer", found.map((one) => el("figure", {},
        one.src ? this.picture(one.src, `${one.method}: what speaks for ${one.explained}`)
          : problem("It has no picture: make it anew with 'bench explain', with a larger --pictures."),
        el("figcaption", {}, `${words([one.axis])}: ${bench.word(one.explained)} · ${one.method}, ${one.verdict} · `,
          `${one.roles.join(", ")} · ${one.folder}`),
        one.map ? el("button", { type: "button", "data-map": one.map, "aria-pressed": "false", onclick: (event) => this.overlaid(event.target) },
          "Show on the ECG") : null)));
    }

    /* Show a map behind the traces of the paper above, or take it away. */
    async overlaid(button) {
      const isShown = button.getAttribute("aria-pressed") === "true";
      for (const one of this.place.querySelectorAll("[data-map]")) { one.setAttribute("aria-pressed", "false"); }
      if (isShown) { this.paper.setOverlay(null); return; }
      const paper = this.paper;
      const data = await bench.source.get(button.dataset.map).catch((error) => ({ problem: error.message }));
      if (data.problem) { button.replaceWith(problem(data.problem)); return; }
      button.setAttribute("aria-pressed", "true");
      paper.setOverlay(window.EcgPaper.mapped(data));
      this.sheet.scrollIntoView({ block: "nearest" });
    }

    /* What the dataset says of the record, and what was measured on it. */
    labels() {
      const told = this.found.truth;
      if (told.problem) { return null; }
      const given = Object.entries(told.labels).filter(([, value]) => value);
      return part("What the truth rests on",
        given.length ? table(["label", "as given"], given) : null,
        told.statements.length ? table(["statement", "likelihood", "meaning"], told.statements.map(
          ([code, likelihood, meaning]) => [code, likelihood ? `${Math.round(likelihood)}%` : "not given", meaning])) : null,
        el("details", {}, el("summary", {}, "measured on the recording"), table(["measurement", "value"], told.measured.map(
          ([label, unit, value]) => [label, typeof value === "number" ? `${Math.round(value)} ${unit}` : `not measured: ${value}`]))),
        el("p", { class: "note" }, `${told.credit}; fold ${told.fold}`));
    }
  }

  bench.CaseView = CaseView;
}(window.EcgBench));
