/* What a person looks at: a picture as a model is shown it, or the samples on millimetre paper; both with calipers. */
"use strict";

(function (bench) {
  const { el } = bench;
  const GAP_MM = 4;

  /* Pictures on the canvas of an ECG: the same zoom, pan and calipers, at the scale that the pictures were drawn at. */
  class PicturePaper extends window.EcgPaper {
    /* Pictures stand below each other: each {image, x, y, width, height} in mm. */
    static placed(pictures) {
      let top = 0;
      return pictures.map(({ image, page }) => {
        const one = { image, x: 0, y: top, width: page.width / page.px_per_mm, height: page.height / page.px_per_mm };
        top += one.height + GAP_MM;
        return one;
      });
    }

    show(pictures) {
      this.placed = PicturePaper.placed(pictures);
      const last = this.placed[this.placed.length - 1];
      this.size = { width: Math.max(...this.placed.map((one) => one.width)), height: last.y + last.height };
      super.show(this.placed);
    }

    get page() { return this.size; }

    draw() {
      if (!this.trace) { return; }
      const { pen, ratio } = this.ready();
      pen.setTransform(ratio, 0, 0, ratio, 0, 0);
      pen.clearRect(0, 0, this.width, this.height);
      pen.imageSmoothingQuality = "high";
      for (const one of this.placed) {
        const at = this.pixelOf(one);
        pen.drawImage(one.image, at.x, at.y, one.width * this.scale, one.height * this.scale);
      }
      if (this.legs) { this.drawLegs(pen); }
    }
  }

  async function loaded(page) {
    const image = new Image();
    image.src = `pictures/${page.src}`;
    await image.decode();
    return { image, page };
  }

  /* What a machine printed: a line that says what follows, and its numbers beside each other. */
  function printedPart(told) {
    const [first, ...numbers] = told.split("\n");
    return [el("p", {}, first), numbers.length ? el("ul", {}, numbers.map((one) => el("li", {}, one))) : null];
  }

  /* The case on the page; `drawn` resolves once it can be seen. */
  class Sheet {
    constructor(place, shows) {
      this.place = place;
      this.shows = shows;
      this.layout = "3x4";
    }

    async show(found) {
      if (this.paper) { this.paper.close(); this.paper = null; }
      const printed = found.printed && found.printed.length
        ? el("section", { class: "printed", "aria-label": "what was printed" }, found.printed.map(printedPart)) : null;
      if (found.problem) {
        bench.put(this.place, el("p", { class: "problem" },
          "This case cannot be shown. Press Enter to go on: the reason is kept with the run."));
        return;
      }
      if (!found.trace && !found.pages.length) {
        bench.put(this.place, el("p", { class: "none" }, "No tracing is shown."), printed);
        return;
      }
      this.build(found);
      bench.put(this.place, printed, this.tools, this.frame);
      if (found.trace) {
        const answer = await fetch(`data/trace-${found.id}.json`);
        if (!answer.ok) { throw new Error("The tracing is not here."); }
        this.paper.show(window.EcgPaper.decoded(await answer.json()));
      } else {
        this.paper.show(await Promise.all(found.pages.map(loaded)));
      }
    }

    build(found) {
      const isMeasured = found.trace || found.pages.every((page) => page.measured);
      const tool = !isMeasured || window.matchMedia("(pointer: coarse)").matches ? "pan" : "calipers";
      this.canvas = el("canvas", {
        class: "ecg", tabindex: 0, role: "img",
        "aria-label": "ECG of this case. Arrow keys move the second leg of the calipers by 10 ms and 0.05 mV, with shift five times as far, with Alt both legs.",
      });
      const measured = el("output", { class: "measured", "aria-live": "polite" });
      const scaled = el("output", { class: "scaled" });
      const button = (act, label, title, done) => el("button", { type: "button", "data-act": act, title, onclick: done }, label);
      this.tools = el("div", { class: "tools", role: "toolbar", "aria-label": "ECG" },
        found.trace ? el("span", { class: "group" },
          button("3x4", "3 × 4", "four columns of 2.5 s, and II below", () => this.setLayout("3x4")),
          button("12x1", "12 rows", "every lead in full", () => this.setLayout("12x1"))) : null,
        isMeasured ? el("span", { class: "group" },
          button("calipers", "Calipers", "drag to measure", () => this.paper.setTool("calipers")),
          button("pan", "Pan", "drag to move; so does shift with the calipers", () => this.paper.setTool("pan"))) : null,
        el("span", { class: "group" },
          button("out", "−", "smaller (-)", () => this.paper.zoom(-1)), scaled,
          button("in", "+", "larger (+)", () => this.paper.zoom(1)),
          button("fit", "Fit", "the whole width", () => this.paper.fit())),
        found.trace ? el("select", { "aria-label": "gain", onchange: (event) => this.paper.setGain(Number(event.target.value)) },
          [5, 10, 20].map((gain) => el("option", { value: gain, selected: gain === 10 }, `${gain} mm/mV`))) : null,
        measured);
      this.frame = el("div", { class: found.trace ? "sheet" : "sheet picture" }, this.canvas);
      const tools = this.tools;
      const options = {
        layout: this.layout,
        tool,
        onMeasure: (_, said) => { measured.textContent = said; },
        onView: (view) => {
          scaled.textContent = `${view.scale.toFixed(1).replace(".0", "")} px/mm`;
          for (const one of tools.querySelectorAll("button[data-act]")) {
            if (["3x4", "12x1", "calipers", "pan"].includes(one.dataset.act)) {
              one.setAttribute("aria-pressed", String(one.dataset.act === view.tool || one.dataset.act === view.layout));
            }
          }
        },
      };
      this.paper = found.trace ? new window.EcgPaper(this.canvas, options)
        : new PicturePaper(this.canvas, { ...options, speed: found.pages[0].mm_per_s, gain: found.pages[0].mm_per_mv });
    }

    setLayout(layout) {
      this.layout = layout;
      this.paper.setLayout(layout);
    }

    zoom(steps) { if (this.paper) { this.paper.zoom(steps); } }
  }

  bench.Sheet = Sheet;
}(window.EcgBench));
