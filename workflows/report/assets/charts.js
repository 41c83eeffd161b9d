// Small histograms; a bar shows its cases alone, and once more all of them.
const BARS = 24, CHART = { wide: 288, high: 60 };

// In which bar a value is, for the chart and the filter alike: rounding parts no case from its bar.
const barOf = ({ low, step }, value) => Math.min(BARS - 1, Math.floor((value - low) / step));

function chart(column) {
  const values = ROWS.map(column.of).filter((value) => typeof value === "number");
  if (values.length < 2) return null;
  const low = Math.min(...values), high = Math.max(...values);
  const step = (high - low) / BARS || 10 ** -column.digits;
  const counts = new Array(BARS).fill(0);
  values.forEach((value) => { counts[barOf({ low, step }, value)] += 1; });
  const most = Math.max(...counts), width = CHART.wide / BARS;
  const bars = counts.map((count, k) => {
    if (!count) return "";
    const from = low + k * step;
    const told = `${column.title} ${from.toFixed(column.digits)} to ` +
      `${(from + step).toFixed(column.digits)}: ${count} case${count === 1 ? "" : "s"}`;
    const height = Math.max(3, (count / most) * CHART.high);
    const press = () => {
      const chosen = ranges.get(column.key);
      if (chosen && chosen.bar === k) ranges.delete(column.key);
      else ranges.set(column.key, { low, step, bar: k });
      refresh();
    };
    return shape("rect", {
      class: "bar", x: k * width + 0.5, y: CHART.high - height, width: width - 1, height,
      fill: column.bone.colour, tabindex: 0, role: "button", "aria-label": told, "data-bar": k,
      "data-key": column.key, onclick: press,
      onkeydown: (event) => {
        if (event.key === "Enter" || event.key === " ") { event.preventDefault(); press(); }
      },
    }, shape("title", {}, told));
  });
  const title = make("figcaption", {}, make("span", { text: column.title }),
    make("span", { class: "ends", text: `${low.toFixed(column.digits)} – ${high.toFixed(column.digits)}` }));
  const picture = shape("svg", {
    viewBox: `0 0 ${CHART.wide} ${CHART.high}`, role: "group", "aria-label": column.title,
    preserveAspectRatio: "none",
  }, ...bars);
  return make("figure", {}, title, picture);
}

function initCharts() {
  const charts = COLUMNS.filter((column) => column.bone).map(chart).filter(Boolean);
  byId("charts").replaceChildren(...charts);
}

function markBars() {
  document.querySelectorAll(".bar").forEach((bar) => {
    const chosen = ranges.get(bar.dataset.key);
    const pressed = chosen !== undefined && chosen.bar === Number(bar.dataset.bar);
    bar.setAttribute("aria-pressed", String(pressed));
    bar.classList.toggle("faded", chosen !== undefined && !pressed);
  });
}
