// Both bones in space, drawn triangle by triangle into a plain canvas, which needs no WebGL.
const LIGHT = [0.35, -0.8, 0.5];

function readMesh(mesh, colour) {
  const corners = new Int16Array(bytesOf(mesh.corners).buffer);
  const triangles = new Uint16Array(bytesOf(mesh.triangles).buffer);
  const rgb = [1, 3, 5].map((k) => parseInt(colour.slice(k, k + 2), 16));
  return { corners, triangles, rgb };
}

function turned(corners, across, up) {
  // Seen from the front: left of the patient to the right, head upwards, back away from us.
  const result = new Float32Array(corners.length);
  const [c, s, cu, su] = [Math.cos(across), Math.sin(across), Math.cos(up), Math.sin(up)];
  for (let k = 0; k < corners.length; k += 3) {
    const x = corners[k] * c - corners[k + 1] * s, y = corners[k] * s + corners[k + 1] * c;
    result[k] = x;
    result[k + 1] = y * cu - corners[k + 2] * su;
    result[k + 2] = y * su + corners[k + 2] * cu;
  }
  return result;
}

function facesOf({ corners, triangles, rgb }, angles) {
  const placed = turned(corners, ...angles), faces = [];
  for (let k = 0; k < triangles.length; k += 3) {
    const [a, b, c] = [triangles[k] * 3, triangles[k + 1] * 3, triangles[k + 2] * 3];
    const u = [0, 1, 2].map((axis) => placed[b + axis] - placed[a + axis]);
    const v = [0, 1, 2].map((axis) => placed[c + axis] - placed[a + axis]);
    const normal = [u[1] * v[2] - u[2] * v[1], u[2] * v[0] - u[0] * v[2], u[0] * v[1] - u[1] * v[0]];
    const length = Math.hypot(...normal) || 1;
    // Bones have an outside wherever we look at them from; which way round does not matter.
    const facing = Math.sign(-normal[1]) || 1;
    const light = normal.reduce((sum, value, axis) => sum + value * LIGHT[axis], 0) * facing / length;
    const shade = 0.35 + 0.65 * Math.max(0, light);
    const colour = `rgb(${rgb.map((value) => Math.round(value * shade)).join(",")})`;
    const depth = placed[a + 1] + placed[b + 1] + placed[c + 1];
    faces.push({ depth, colour, points: [a, b, c].map((p) => [placed[p], placed[p + 2]]) });
  }
  return faces;
}

function solidView(meshes, known) {
  const found = meshes.map((mesh, k) => mesh && readMesh(mesh, known[k].colour)).filter(Boolean);
  if (!found.length) return null;
  const names = known.filter((_, k) => meshes[k]).map((bone) => bone.name).join(" and ");
  const canvas = make("canvas", {
    class: "solid", width: 640, height: 440, tabindex: 0, role: "img",
    "aria-label": `${names} in space, seen from the front; turn with the mouse, or with Shift and the arrows`,
  });
  const reach = Math.max(...found.map(({ corners }) => {
    let far = 1;
    for (let k = 0; k < corners.length; k += 3) {
      far = Math.max(far, Math.hypot(corners[k], corners[k + 1], corners[k + 2]));
    }
    return far;
  }));
  const angles = [0, 0];
  let size = 1, waiting = false;

  function draw() {
    waiting = false;
    const context = canvas.getContext("2d"), scale = (size * canvas.height * 0.48) / reach;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, canvas.width, canvas.height);
    context.translate(canvas.width / 2, canvas.height / 2);
    context.lineJoin = "round";
    const faces = found.flatMap((mesh) => facesOf(mesh, angles)).sort((a, b) => b.depth - a.depth);
    for (const { colour, points } of faces) {
      context.beginPath();
      points.forEach(([x, z]) => context.lineTo(x * scale, -z * scale));
      context.closePath();
      context.fillStyle = context.strokeStyle = colour;
      context.fill();
      context.stroke();
    }
  }
  function turn(across, up) {
    angles[0] += across;
    angles[1] = Math.max(-1.5, Math.min(1.5, angles[1] + up));
    if (!waiting) { waiting = true; requestAnimationFrame(draw); }
  }
  canvas.addEventListener("pointerdown", (event) => canvas.setPointerCapture(event.pointerId));
  canvas.addEventListener("pointermove", (event) => {
    if (event.buttons) turn(event.movementX * 0.01, event.movementY * 0.01);
  });
  canvas.addEventListener("wheel", (event) => {
    event.preventDefault();
    size = Math.max(0.5, Math.min(4, size * (event.deltaY < 0 ? 1.1 : 1 / 1.1)));
    turn(0, 0);
  }, { passive: false });
  canvas.addEventListener("keydown", (event) => {
    const way = { ArrowLeft: [-0.15, 0], ArrowRight: [0.15, 0], ArrowUp: [0, -0.15], ArrowDown: [0, 0.15] };
    if (!event.shiftKey || !way[event.key]) return;
    event.preventDefault();
    event.stopPropagation();
    turn(...way[event.key]);
  });
  turn(0.35, 0.15);
  return canvas;
}
