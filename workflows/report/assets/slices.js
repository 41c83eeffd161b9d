// The slices of a case in two canvases: grey values, and the bones above them.
const MODES = ["outline", "fill", "off"];
const FINE = 3;
const view = { mode: 0, zoom: 1, x: 0, y: 0, bright: 100, contrast: 100 };

function bytesOf(base64) {
  const text = atob(base64);
  return Uint8Array.from(text, (sign) => sign.charCodeAt(0));
}

async function inflate(base64) {
  const packed = new Blob([bytesOf(base64)]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(packed).arrayBuffer());
}

function drawBones(context, labels, wide, high, mode, known) {
  context.clearRect(0, 0, wide * FINE, high * FINE);
  if (mode === "off") return;
  known.forEach((bone, k) => {
    const own = k + 1;
    const at = (x, y) => x >= 0 && y >= 0 && x < wide && y < high && labels[y * wide + x] === own;
    context.beginPath();
    for (let y = 0; y < high; y += 1) {
      for (let x = 0; x < wide; x += 1) {
        if (labels[y * wide + x] !== own) continue;
        const left = x * FINE, top = y * FINE, right = left + FINE, bottom = top + FINE;
        if (mode === "fill") { context.rect(left, top, FINE, FINE); continue; }
        if (!at(x - 1, y)) { context.moveTo(left, top); context.lineTo(left, bottom); }
        if (!at(x + 1, y)) { context.moveTo(right, top); context.lineTo(right, bottom); }
        if (!at(x, y - 1)) { context.moveTo(left, top); context.lineTo(right, top); }
        if (!at(x, y + 1)) { context.moveTo(left, bottom); context.lineTo(right, bottom); }
      }
    }
    context.globalAlpha = mode === "fill" ? 0.45 : 1;
    context.fillStyle = context.strokeStyle = bone.colour;
    context.lineWidth = 2.4;
    if (mode === "fill") context.fill(); else context.stroke();
  });
}

function sliceView(content, known) {
  const { wide, high, numbers, of, images, sides } = content.slices;
  const grey = make("canvas", { width: wide, height: high, class: "grey" });
  const bones = make("canvas", { width: wide * FINE, height: high * FINE, class: "bones", role: "img" });
  const sheet = make("div", { class: "sheet" }, grey, bones);
  const letters = ["left", "right", "top", "bottom"].map((side, k) =>
    make("span", { class: `edge ${side}`, text: sides[k], "aria-hidden": "true" }));
  const stage = make("div", { class: "stage" }, sheet, ...letters);
  const slider = make("input", { type: "range", min: 0, max: numbers.length - 1, "aria-label": "Slice" });
  const where = make("span", { class: "where" });
  const toggle = make("button", { type: "button", class: "mode", onclick: () => self.toggle() });
  let labels = null, at = 0, fit = 1;

  async function drawImage(index) {
    const context = grey.getContext("2d");
    if (!images) { context.fillRect(0, 0, wide, high); return; }
    const picture = new Image();
    picture.src = `data:image/webp;base64,${images[index]}`;
    await picture.decode();
    if (index === at) context.drawImage(picture, 0, 0);
  }
  function draw() {
    const mode = MODES[view.mode], size = wide * high;
    toggle.textContent = `Bones: ${mode} (→)`;
    where.textContent = `slice ${numbers[at]} of ${of}` +
      (numbers.length < of ? `, ${numbers.length} of them kept here` : "");
    bones.setAttribute("aria-label", `Slice ${numbers[at]} of ${of}, bones: ${mode}`);
    slider.value = at;
    if (labels) {
      const own = labels.subarray(at * size, (at + 1) * size);
      drawBones(bones.getContext("2d"), own, wide, high, mode, known);
    }
    drawImage(at).catch(() => { where.textContent = "this slice cannot be shown"; });
  }
  function place() {
    fit = Math.min(stage.clientWidth / wide, stage.clientHeight / high) || 1;
    sheet.style.width = `${wide * fit}px`;
    sheet.style.height = `${high * fit}px`;
    const most = (view.zoom - 1) / 2;
    view.x = Math.max(-most * wide * fit, Math.min(most * wide * fit, view.x));
    view.y = Math.max(-most * high * fit, Math.min(most * high * fit, view.y));
    sheet.style.transform = `translate(${view.x}px, ${view.y}px) scale(${view.zoom})`;
    grey.style.filter = `brightness(${view.bright}%) contrast(${view.contrast}%)`;
  }
  const self = {
    go(index) { at = Math.max(0, Math.min(numbers.length - 1, index)); draw(); },
    scroll(by) { self.go(at + by); },
    toggle() { view.mode = (view.mode + 1) % MODES.length; draw(); },
    zoom(by) { view.zoom = Math.max(1, Math.min(8, view.zoom * by)); place(); },
    reset() {
      Object.assign(view, { zoom: 1, x: 0, y: 0, bright: 100, contrast: 100 });
      levels.forEach((level) => { level.value = 100; });
      place();
    },
    place,
  };
  slider.addEventListener("input", () => self.go(Number(slider.value)));
  const levels = [["bright", "Brightness", 20, 300], ["contrast", "Contrast", 20, 400]].map(
    ([key, title, min, max]) => make("input", {
      type: "range", min, max, value: view[key], "aria-label": title, title,
      oninput: (event) => { view[key] = Number(event.target.value); place(); },
    }));
  watchPointers(stage, self);
  const small = (text, title, press) =>
    make("button", { type: "button", text, title, "aria-label": title, onclick: press });
  self.element = make("div", { class: "slices" }, stage,
    make("div", { class: "under" }, toggle, slider, where),
    make("div", { class: "under" },
      small("−", "Smaller", () => self.zoom(1 / 1.25)), small("+", "Larger", () => self.zoom(1.25)),
      make("label", {}, "Brightness ", levels[0]), make("label", {}, "Contrast ", levels[1]),
      small("Reset", "Reset zoom, brightness and contrast", () => self.reset())));
  new ResizeObserver(place).observe(stage);
  inflate(content.slices.labels).then((all) => {
    labels = all;
    const size = wide * high, areas = numbers.map((_, k) =>
      all.subarray(k * size, (k + 1) * size).reduce((sum, value) => sum + (value > 0), 0));
    self.go(Math.max(0, areas.indexOf(Math.max(...areas))));
  }).catch(() => { where.textContent = "the bones cannot be unpacked; use a newer browser"; });
  return self;
}

function watchPointers(stage, self) {
  const down = new Map();
  let last = 0, moved = 0;
  stage.addEventListener("wheel", (event) => {
    event.preventDefault();
    if (event.ctrlKey) self.zoom(event.deltaY < 0 ? 1.15 : 1 / 1.15);
    else self.scroll(Math.sign(event.deltaY));
  }, { passive: false });
  stage.addEventListener("pointerdown", (event) => {
    stage.setPointerCapture(event.pointerId);
    down.set(event.pointerId, event);
    last = 0; moved = 0;
  });
  stage.addEventListener("pointermove", (event) => {
    const before = down.get(event.pointerId);
    if (!before) return;
    down.set(event.pointerId, event);
    if (down.size === 2) {
      const [a, b] = [...down.values()];
      const apart = Math.hypot(a.clientX - b.clientX, a.clientY - b.clientY);
      if (last) self.zoom(apart / last);
      last = apart;
    } else if (view.zoom > 1) {
      view.x += event.clientX - before.clientX;
      view.y += event.clientY - before.clientY;
      self.place();
    } else {
      moved += event.clientY - before.clientY;
      if (Math.abs(moved) > 14) { self.scroll(Math.sign(moved)); moved = 0; }
    }
  });
  for (const name of ["pointerup", "pointercancel"]) {
    stage.addEventListener(name, (event) => down.delete(event.pointerId));
  }
}
