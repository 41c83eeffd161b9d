// One case as a whole volume, shown by NiiVue: planes across the slices and both bones in space.
const byId = (id) => document.getElementById(id);
const fail = (text) => { byId("told").textContent = text; byId("told").className = "error"; };
const VIEWS = [["Three planes and space", "sliceTypeMultiplanar"], ["Axial", "sliceTypeAxial"], ["Coronal", "sliceTypeCoronal"], ["Sagittal", "sliceTypeSagittal"], ["In space", "sliceTypeRender"]];
let viewer = null, before = 50;

function colours(bones) {
  const most = Math.max(...bones.map((bone) => bone.value));
  const table = { R: [], G: [], B: [], A: [], I: [], labels: [] };
  for (let value = 0; value <= most; value += 1) {
    const bone = bones.find((one) => one.value === value);
    const [red, green, blue] = bone ? bone.colour : [0, 0, 0];
    table.R.push(red); table.G.push(green); table.B.push(blue);
    table.A.push(bone ? 255 : 0); table.I.push(value); table.labels.push(bone ? bone.name : "");
  }
  return table;
}

async function show(content) {
  // Radiologists see the patient's right on the left.
  const shown = new niivue.Niivue({ isRadiologicalConvention: true, show3Dcrosshair: true, multiplanarShowRender: niivue.SHOW_RENDER.ALWAYS, backColor: [0, 0, 0, 1], logLevel: "error",
    // What is dropped on it would be shown under this case's name, and its own keys stand nowhere.
    dragAndDropEnabled: false, viewModeHotKey: "", clipPlaneHotKey: "", cycleClipPlaneHotKey: "" });
  await shown.attachToCanvas(byId("canvas"));
  const load = (base64, name) => niivue.NVImage.loadFromBase64({ base64, name });
  shown.addVolume(await load(content.image, "image.nii.gz"));
  const labels = await load(content.labels, "labels.nii.gz");
  labels.setColormapLabel(colours(content.bones));
  shown.addVolume(labels);
  // Voxels as they are: between two of them a label has no colour.
  shown.opts.isNearestInterpolation = true;
  viewer = shown;
  setOpacity();
  setView();
  byId("told").textContent = "";
  document.documentElement.dataset.ready = "yes";
}

function setOpacity() {
  if (viewer) viewer.setOpacity(1, Number(byId("opacity").value) / 100);
}

function setView() {
  if (viewer) viewer.setSliceType(viewer[byId("view").value]);
}

const KEYS = {
  v: () => { const view = byId("view"); view.selectedIndex = (view.selectedIndex + 1) % VIEWS.length; setView(); },
  b: () => {
    const slider = byId("opacity"), value = Number(slider.value);
    if (value) before = value;
    slider.value = value ? 0 : before;
    setOpacity();
  },
};

window.shoulderVolume = (content) => {
  if (content.digest !== digest) {
    fail("The volume is of another result than the report; run `shoulderseg report --viewer` again.");
    return;
  }
  // As text: a case may be called anything.
  byId("case").textContent = content.case;
  show(content).catch((error) => fail(`This browser cannot show volumes: ${error && error.message ? error.message : "it needs WebGL 2"}.`));
};
for (const [title, name] of VIEWS) {
  const option = document.createElement("option");
  option.textContent = title;
  option.value = name;
  byId("view").append(option);
}
byId("view").addEventListener("change", setView);
byId("opacity").addEventListener("input", setOpacity);
document.addEventListener("keydown", (event) => {
  const press = KEYS[event.key.toLowerCase()];
  if (!press || event.ctrlKey || event.altKey || event.metaKey || event.target.matches("select")) return;
  event.preventDefault();
  // NiiVue has keys of its own, which would do something else.
  event.stopImmediatePropagation();
  press();
}, true);
window.addEventListener("hashchange", () => location.reload());
const [stem, digest] = location.hash.slice(1).split("/");
if (/^[A-Za-z0-9_-][A-Za-z0-9._-]{0,119}$/.test(stem) && digest) {
  const script = document.createElement("script");
  script.src = `volumes/${stem}.js`;
  script.addEventListener("error", () => fail("The volume of this case is not there; run `shoulderseg report --viewer` again."));
  document.head.append(script);
} else fail("Choose a case in the report.");
