/* ECG on millimetre paper, drawn on a canvas, with zoom, pan and calipers. It knows nothing of runs or of the viewer.

   const paper = new EcgPaper(canvas, { onMeasure(found) {}, onView(view) {} });
   paper.show(EcgPaper.decoded({ fs, leads, uv }));   // or { fs, leads, mv: [Float32Array, ...] }, NaN where missing
   paper.setLayout("3x4");                            // or "12x1"
   paper.setTool("calipers");                         // or "pan"
   paper.zoomTo(4); paper.fit();                      // pixels of a screen per millimetre of paper
   paper.calipers;                                    // null, or {ms, perMinute, mv}
   paper.setOverlay(EcgPaper.mapped({ fs, leads, depth }));   // what moved an answer, behind the traces; null for none

   Lengths are millimetres of paper (25 mm/s, 10 mm/mV unless set otherwise) and become pixels in one place, so that what
   the calipers say is what was drawn. Colours are custom properties of the canvas: --ecg-paper, --ecg-fine, --ecg-bold,
   --ecg-ink, --ecg-caliper, --ecg-for, --ecg-against. */
"use strict";

(function () {
  const MARGIN = { left: 14, right: 4, top: 5, bottom: 5 };
  const ROW_MM = { "3x4": 26, "12x1": 18 };
  const COLUMNS = [["I", "II", "III"], ["aVR", "aVL", "aVF"], ["V1", "V2", "V3"], ["V4", "V5", "V6"]];
  const RHYTHM = "II";
  const SCALES = [1.5, 2, 2.5, 3, 3.5, 4, 4.5, 5, 6, 7, 8, 10, 12, 16, 20, 24];
  const LEAST_SCALE = 3;
  const NEAR_PX = 7;
  const GAP = -32768;
  const COLOURS = {
    paper: "#fffaf8", fine: "#f6dcd9", bold: "#e9b3ae", ink: "#1a1a1e", caliper: "#1257b8", for: "#d4620c", against: "#2a6fc4",
  };
  const DEPTHS = 8;
  const BAND_MM = 3.2;

  class EcgPaper {
    constructor(canvas, options = {}) {
      this.canvas = canvas;
      this.options = options;
      this.speed = options.speed || 25;
      this.gain = options.gain || 10;
      this.layout = options.layout || "3x4";
      this.tool = options.tool || "calipers";
      this.trace = null;
      this.scale = 4;
      this.origin = { x: 0, y: 0 };
      this.legs = null;
      this.pointers = new Map();
      this.waiting = false;
      canvas.addEventListener("pointerdown", (event) => this.pressed(event));
      canvas.addEventListener("pointermove", (event) => this.moved(event));
      for (const kind of ["pointerup", "pointercancel"]) {
        canvas.addEventListener(kind, (event) => this.released(event));
      }
      canvas.addEventListener("wheel", (event) => this.wheeled(event), { passive: false });
      canvas.addEventListener("keydown", (event) => this.typed(event));
      this.watched = new ResizeObserver(() => this.resized());
      this.watched.observe(canvas.parentElement);
      this.dark = window.matchMedia("(prefers-color-scheme: dark)");
      this.redraw = () => this.draw();
      this.dark.addEventListener("change", this.redraw);
      this.setTool(this.tool);
    }

    /* Let go of what lives longer than the canvas. */
    close() {
      this.watched.disconnect();
      this.dark.removeEventListener("change", this.redraw);
    }

    /* Return a trace whose samples are microvolts as base64 of little-endian 16-bit numbers, lead after lead. */
    static decoded(data) {
      const letters = atob(data.uv);
      const samples = letters.length / 2 / data.leads.length;
      const mv = data.leads.map((_, lead) => {
        const one = new Float32Array(samples);
        for (let k = 0; k < samples; k += 1) {
          const at = 2 * (lead * samples + k);
          const uv = (letters.charCodeAt(at) | letters.charCodeAt(at + 1) << 8) << 16 >> 16;
          one[k] = uv === GAP ? NaN : uv / 1000;
        }
        return one;
      });
      return { fs: data.fs, leads: data.leads, mv };
    }

    /* Return a map whose depths are base64 of signed bytes, lead after lead: 127 speaks wholly for an answer. */
    static mapped(data) {
      const letters = atob(data.depth);
      const count = letters.length / data.leads.length;
      const depth = data.leads.map((_, lead) => Float32Array.from({ length: count },
        (_one, k) => (letters.charCodeAt(lead * count + k) << 24 >> 24) / 127));
      return { fs: data.fs, leads: data.leads, depth };
    }

    /* Return the size of a page in mm, and its strips: lead, its times in seconds, and where its baseline begins. */
    static laidOut(trace, layout, speed, gain) {
      const duration = trace.mv[0].length / trace.fs;
      const row = ROW_MM[layout];
      const strips = [];
      let rows = 0;
      if (layout === "3x4") {
        const part = duration / COLUMNS.length;
        COLUMNS.forEach((column, c) => column.forEach((lead, r) => {
          strips.push({ lead, from: c * part, to: (c + 1) * part, x: MARGIN.left + c * part * speed, row: r });
        }));
        strips.push({ lead: RHYTHM, from: 0, to: duration, x: MARGIN.left, row: 3 });
        rows = 4;
      } else {
        trace.leads.forEach((lead, r) => strips.push({ lead, from: 0, to: duration, x: MARGIN.left, row: r }));
        rows = trace.leads.length;
      }
      const [over, under] = EcgPaper.beyond(trace, strips, row, rows, gain);
      for (const strip of strips) {
        strip.y = MARGIN.top + over + (strip.row + 0.55) * row;
      }
      return {
        width: MARGIN.left + duration * speed + MARGIN.right,
        height: MARGIN.top + over + rows * row + under + MARGIN.bottom,
        strips: strips.filter((strip) => trace.leads.includes(strip.lead)),
      };
    }

    /* How many mm the first row rises above its room, and the last falls below it: nothing is cut off. */
    static beyond(trace, strips, row, rows, gain) {
      let [over, under] = [0, 0];
      for (const strip of strips.filter((one) => one.row === 0 || one.row === rows - 1)) {
        const samples = trace.mv[trace.leads.indexOf(strip.lead)];
        if (!samples) { continue; }
        for (let k = Math.round(strip.from * trace.fs); k < Math.min(strip.to * trace.fs, samples.length); k += 1) {
          if (strip.row === 0 && samples[k] * gain - 0.55 * row > over) { over = samples[k] * gain - 0.55 * row; }
          if (strip.row > 0 && -samples[k] * gain - 0.45 * row > under) { under = -samples[k] * gain - 0.45 * row; }
        }
      }
      return [over, under];
    }

    get page() {
      if (!this.laid && this.trace) {
        this.laid = EcgPaper.laidOut(this.trace, this.layout, this.speed, this.gain);
      }
      return this.laid;
    }

    show(trace) {
      this.trace = trace;
      this.overlay = null;
      this.legs = null;
      this.laid = null;
      this.fit();
      this.told();
    }

    setLayout(layout) {
      this.layout = layout;
      this.laid = null;
      this.legs = null;
      this.fit();
      this.told();
    }

    setGain(gain) {
      this.gain = gain;
      this.laid = null;
      if (this.trace) { this.tall = Math.round(this.page.height * this.fitted); }
      this.resized();
      this.told();
    }

    setOverlay(overlay) {
      this.overlay = overlay;
      this.draw();
    }

    setTool(tool) {
      this.tool = tool;
      this.canvas.dataset.tool = tool;
      this.seen();
    }

    /* Show the whole width, but not so small that a millimetre cannot be seen. */
    fit() {
      if (!this.trace) { return; }
      const room = this.canvas.parentElement.clientWidth;
      const fitting = SCALES.filter((scale) => scale >= LEAST_SCALE && scale * this.page.width <= room);
      this.scale = this.fitted = fitting.length ? fitting[fitting.length - 1] : LEAST_SCALE;
      this.tall = Math.round(this.page.height * this.scale);
      this.origin = { x: 0, y: 0 };
      this.resized();
    }

    zoomTo(scale, at = { x: this.width / 2, y: this.height / 2 }) {
      const held = this.placeOf(at);
      this.scale = Math.min(Math.max(scale, SCALES[0]), SCALES[SCALES.length - 1]);
      this.origin = { x: held.x - at.x / this.scale, y: held.y - at.y / this.scale };
      this.draw();
      this.seen();
    }

    zoom(steps, at) {
      const larger = SCALES.filter((scale) => scale > this.scale + 1e-6);
      const smaller = SCALES.filter((scale) => scale < this.scale - 1e-6);
      const next = steps > 0 ? larger[0] : smaller[smaller.length - 1];
      if (next) { this.zoomTo(next, at); }
    }

    pan(dx, dy) {
      this.origin = { x: this.origin.x - dx / this.scale, y: this.origin.y - dy / this.scale };
      this.draw();
    }

    clear() {
      this.legs = null;
      this.draw();
      this.told();
    }

    /* What the calipers span: ms, beats per minute where that is one beat, and mV. */
    get calipers() {
      if (!this.legs) { return null; }
      const ms = Math.abs(this.legs.b.x - this.legs.a.x) / this.speed * 1000;
      const mv = Math.abs(this.legs.b.y - this.legs.a.y) / this.gain;
      return { ms, perMinute: ms > 0 ? 60000 / ms : null, mv };
    }

    get words() {
      const found = this.calipers;
      if (!found) { return ""; }
      const rate = found.perMinute && found.ms >= 100 ? ` · ${Math.round(found.perMinute)}/min` : "";
      return `${Math.round(found.ms)} ms${rate} · ${found.mv.toFixed(2)} mV`;
    }

    told() {
      if (this.options.onMeasure) { this.options.onMeasure(this.calipers, this.words); }
    }

    seen() {
      if (this.options.onView) { this.options.onView({ scale: this.scale, tool: this.tool, layout: this.layout }); }
    }

    /* From pixels of the canvas to millimetres of paper, and back. */
    placeOf(point) {
      return { x: this.origin.x + point.x / this.scale, y: this.origin.y + point.y / this.scale };
    }

    pixelOf(place) {
      return { x: (place.x - this.origin.x) * this.scale, y: (place.y - this.origin.y) * this.scale };
    }

    pointOf(event) {
      const box = this.canvas.getBoundingClientRect();
      return { x: event.clientX - box.left, y: event.clientY - box.top };
    }

    pressed(event) {
      if (!this.trace || event.button > 1) { return; }
      this.canvas.setPointerCapture(event.pointerId);
      const point = this.pointOf(event);
      this.pointers.set(event.pointerId, point);
      if (this.pointers.size === 2) { this.drag = "pinch"; return; }
      this.drag = this.tool === "pan" || event.button === 1 || event.shiftKey ? "pan" : this.legNear(point);
      if (this.drag === "new") {
        const place = this.placeOf(point);
        this.legs = { a: place, b: place };
        this.drag = "b";
      }
      this.canvas.focus({ preventScroll: true });
      event.preventDefault();
    }

    legNear(point) {
      if (!this.legs) { return "new"; }
      const near = ["a", "b"].filter((leg) => Math.abs(this.pixelOf(this.legs[leg]).x - point.x) < NEAR_PX);
      return near.length ? near[0] : "new";
    }

    moved(event) {
      const before = this.pointers.get(event.pointerId);
      if (!before) { return; }
      const point = this.pointOf(event);
      if (this.drag === "pinch") {
        this.pinched(event.pointerId, point);
      } else if (this.drag === "pan") {
        this.pan(point.x - before.x, point.y - before.y);
      } else if (this.legs) {
        this.legs = { ...this.legs, [this.drag]: this.placeOf(point) };
        this.draw();
        this.told();
      }
      this.pointers.set(event.pointerId, point);
    }

    pinched(id, point) {
      const spread = (points) => Math.hypot(points[0].x - points[1].x, points[0].y - points[1].y);
      const before = [...this.pointers.values()];
      const after = [...this.pointers].map(([one, at]) => (one === id ? point : at));
      const middle = { x: (after[0].x + after[1].x) / 2, y: (after[0].y + after[1].y) / 2 };
      this.zoomTo(this.scale * spread(after) / Math.max(spread(before), 1), middle);
    }

    released(event) {
      this.pointers.delete(event.pointerId);
      const found = this.calipers;
      if (found && this.drag !== "pan" && found.ms === 0 && found.mv === 0) { this.clear(); }
    }

    /* A wheel scrolls the page, unless a key says that it is meant for the paper. */
    wheeled(event) {
      if (!event.ctrlKey && !event.metaKey) { return; }
      event.preventDefault();
      this.zoom(event.deltaY < 0 ? 1 : -1, this.pointOf(event));
    }

    typed(event) {
      const step = event.shiftKey ? 5 : 1;
      // Alt and an arrow moves both legs, to march them along or to put the first one where it belongs.
      const moves = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
      const isOurs = !event.altKey || (this.tool === "calipers" && this.legs);
      if (moves[event.key] && isOurs && !event.ctrlKey && !event.metaKey) {
        const [dx, dy] = moves[event.key];
        this.tool === "pan" ? this.pan(-40 * dx, -40 * dy) : this.nudge(dx * step, dy * step, event.altKey);
      } else if (event.key === "Escape" && this.legs) {
        this.clear();
      } else {
        return;
      }
      event.preventDefault();
      event.stopPropagation();
    }

    /* Move the second leg, or both, by 10 ms or 0.05 mV at a time; without legs, open them in the middle. */
    nudge(dx, dy, isBoth = false) {
      if (!this.legs) {
        const middle = this.placeOf({ x: this.width / 2, y: this.height / 2 });
        this.legs = { a: middle, b: middle };
      }
      const { a, b } = this.legs;
      const moved = (leg) => ({ x: leg.x + dx * 0.01 * this.speed, y: leg.y + dy * 0.05 * this.gain });
      this.legs = { a: isBoth ? moved(a) : a, b: moved(b) };
      this.draw();
      this.told();
    }

    get width() { return this.canvas.clientWidth; }

    get height() { return this.canvas.clientHeight; }

    /* As tall as the page is when its whole width is shown: no lead hides below the edge. */
    resized() {
      if (!this.trace) { return; }
      const room = this.canvas.parentElement.clientWidth;
      if (!room) { return; }
      this.canvas.style.width = `${room}px`;
      this.canvas.style.height = `${this.tall}px`;
      this.draw();
      this.seen();
    }

    /* Read once for each drawing: to ask for a style makes the browser work out the page's. */
    coloured() {
      const style = getComputedStyle(this.canvas);
      this.colours = Object.fromEntries(Object.entries(COLOURS).map(
        ([name, usual]) => [name, style.getPropertyValue(`--ecg-${name}`).trim() || usual]));
    }

    colour(name) { return this.colours[name]; }

    // Makes the canvas as fine as the screen, and returns its pen and its size in the screen's pixels.
    ready() {
      const ratio = window.devicePixelRatio || 1;
      const [width, height] = [Math.round(this.width * ratio), Math.round(this.height * ratio)];
      if (this.canvas.width !== width || this.canvas.height !== height) {
        this.canvas.width = width;
        this.canvas.height = height;
      }
      this.keepInside();
      this.coloured();
      return { pen: this.canvas.getContext("2d"), ratio, width, height };
    }

    draw() {
      if (!this.trace) { return; }
      const { pen, ratio, width, height } = this.ready();
      pen.setTransform(1, 0, 0, 1, 0, 0);
      pen.fillStyle = this.colour("paper");
      pen.fillRect(0, 0, width, height);
      this.drawGrid(pen, ratio, width, height);
      pen.setTransform(ratio, 0, 0, ratio, 0, 0);
      this.drawPulses(pen);
      this.drawScale(pen);
      if (this.overlay) { for (const strip of this.page.strips) { this.drawDepths(pen, strip); } }
      // The names first: none may hide a wave.
      for (const strip of this.page.strips) { this.drawName(pen, strip, this.pixelOf(strip)); }
      for (const strip of this.page.strips) { this.drawStrip(pen, strip); }
      if (this.legs) { this.drawLegs(pen); }
    }

    /* Keep the page in sight: in the middle where it is smaller than the canvas. */
    keepInside() {
      const within = (at, page, room) => (page <= room ? (page - room) / 2 : Math.min(Math.max(at, 0), page - room));
      this.origin = {
        x: within(this.origin.x, this.page.width, this.width / this.scale),
        y: within(this.origin.y, this.page.height, this.height / this.scale),
      };
    }

    /* Lines of whole device pixels, so that the grid is as fine everywhere. */
    drawGrid(pen, ratio, width, height) {
      const scale = this.scale * ratio;
      for (const [every, colour, thick] of [[1, "fine", 1], [5, "bold", Math.max(1, Math.round(0.12 * scale))]]) {
        if (every * scale < 3) { continue; }
        pen.fillStyle = this.colour(colour);
        const lines = (origin, size, put) => {
          for (let mm = Math.ceil(origin / every) * every; (mm - origin) * scale <= size; mm += every) {
            put(Math.round((mm - origin) * scale));
          }
        };
        lines(this.origin.x, width, (x) => pen.fillRect(x, 0, thick, height));
        lines(this.origin.y, height, (y) => pen.fillRect(0, y, width, thick));
      }
    }

    /* The calibration before each row: 1 mV for 200 ms. */
    drawPulses(pen) {
      pen.strokeStyle = this.colour("ink");
      pen.lineWidth = Math.max(1, 0.22 * this.scale);
      const wide = 0.2 * this.speed;
      const rows = new Map(this.page.strips.map((strip) => [strip.row, strip.y]));
      for (const y of rows.values()) {
        const corners = [[0, 0], [1.5, 0], [1.5, 1], [1.5 + wide, 1], [1.5 + wide, 0], [3 + wide, 0]];
        pen.beginPath();
        corners.forEach(([x, mv], k) => {
          const at = this.pixelOf({ x: 3 + x, y: y - mv * this.gain });
          k ? pen.lineTo(at.x, at.y) : pen.moveTo(at.x, at.y);
        });
        pen.stroke();
      }
    }

    /* What a millimetre is worth, below the traces as on printed paper. */
    drawScale(pen) {
      const at = this.pixelOf({ x: 3, y: this.page.height - 1.2 });
      pen.font = `${this.nameSize * 0.8}px system-ui, sans-serif`;
      pen.fillStyle = this.colour("ink");
      pen.fillText(`${this.speed} mm/s   ${this.gain} mm/mV`, at.x, at.y);
    }

    get nameSize() { return Math.min(Math.max(2.9 * this.scale, 11), 22); }

    drawStrip(pen, strip) {
      const { fs, mv, leads } = this.trace;
      const samples = mv[leads.indexOf(strip.lead)];
      const step = this.speed / fs * this.scale;
      const start = this.pixelOf({ x: strip.x, y: strip.y });
      const first = Math.max(Math.round(strip.from * fs), Math.round(strip.from * fs) + Math.floor(-start.x / step) - 1);
      const last = Math.min(Math.round(strip.to * fs), samples.length,
        Math.round(strip.from * fs) + Math.ceil((this.width - start.x) / step) + 1);
      const tall = this.gain * this.scale;
      pen.strokeStyle = this.colour("ink");
      pen.lineWidth = Math.max(1, 0.26 * this.scale);
      pen.lineJoin = step > 1 ? "round" : "bevel";
      pen.beginPath();
      let down = false;
      for (let k = first; k < last; k += 1) {
        const value = samples[k];
        if (value !== value) { down = false; continue; }
        const x = start.x + (k - Math.round(strip.from * fs)) * step;
        const y = start.y - value * tall;
        down ? pen.lineTo(x, y) : pen.moveTo(x, y);
        down = true;
      }
      pen.stroke();
    }

    /* A band along the trace, as deep as the map says; of each depth one path, since thousands of them would be slow. */
    drawDepths(pen, strip) {
      const { fs, mv, leads } = this.trace;
      const samples = mv[leads.indexOf(strip.lead)];
      const depth = this.overlay.depth[this.overlay.leads.indexOf(strip.lead)];
      if (!depth) { return; }
      const levels = new Map();
      const across = (second) => Math.round(this.pixelOf({ x: strip.x + (second - strip.from) * this.speed, y: 0 }).x);
      const down = (mv, more) => this.pixelOf({ x: 0, y: strip.y - mv * this.gain + more }).y;
      const last = Math.min(Math.round(strip.to * this.overlay.fs), depth.length);
      for (let k = Math.round(strip.from * this.overlay.fs); k < last; k += 1) {
        const level = Math.round(depth[k] * DEPTHS);
        if (!level) { continue; }
        if (!levels.has(level)) { levels.set(level, new Path2D()); }
        const [from, to] = [k / this.overlay.fs, Math.min((k + 1) / this.overlay.fs, strip.to)];
        let [low, high] = [Infinity, -Infinity];
        for (let n = Math.round(from * fs); n <= Math.min(Math.round(to * fs), samples.length - 1); n += 1) {
          low = Math.min(low, samples[n]);
          high = Math.max(high, samples[n]);
        }
        if (!(low <= high)) { continue; }
        const top = down(high, -BAND_MM / 2);
        levels.get(level).rect(across(from), top, across(to) - across(from), down(low, BAND_MM / 2) - top);
      }
      for (const [level, path] of levels) {
        pen.fillStyle = this.colour(level > 0 ? "for" : "against");
        pen.globalAlpha = 0.75 * Math.abs(level) / DEPTHS;
        pen.fill(path);
      }
      pen.globalAlpha = 1;
    }

    drawName(pen, strip, start) {
      pen.font = `600 ${this.nameSize}px system-ui, sans-serif`;
      const at = { x: start.x + 1 * this.scale, y: start.y - 0.3 * ROW_MM[this.layout] * this.scale };
      pen.lineWidth = 4;
      pen.strokeStyle = this.colour("paper");
      pen.strokeText(strip.lead, at.x, at.y);
      pen.fillStyle = this.colour("ink");
      pen.fillText(strip.lead, at.x, at.y);
      if (strip.from > 0) {
        pen.fillRect(start.x, start.y - 3.5 * this.scale, 1, 7 * this.scale);
      }
    }

    drawLegs(pen) {
      const [a, b] = [this.pixelOf(this.legs.a), this.pixelOf(this.legs.b)];
      const colour = this.colour("caliper");
      pen.strokeStyle = pen.fillStyle = colour;
      pen.lineWidth = 1;
      pen.globalAlpha = 0.08;
      pen.fillRect(Math.min(a.x, b.x), 0, Math.abs(b.x - a.x), this.height);
      pen.globalAlpha = 1;
      for (const at of [a, b]) {
        pen.fillRect(Math.round(at.x), 0, 1, this.height);
        pen.fillRect(Math.min(a.x, b.x) - 6, Math.round(at.y), Math.abs(b.x - a.x) + 12, 1);
      }
      pen.font = "600 13px system-ui, sans-serif";
      const wide = pen.measureText(this.words).width + 14;
      const left = Math.min(Math.max((a.x + b.x) / 2 - wide / 2, 2), Math.max(this.width - wide - 2, 2));
      const top = Math.min(Math.max(Math.min(a.y, b.y) - 32, 4), this.height - 28);
      pen.fillRect(left, top, wide, 24);
      pen.fillStyle = this.colour("paper");
      pen.fillText(this.words, left + 7, top + 16.5);
    }
  }

  window.EcgPaper = EcgPaper;
}());
