// Screenshots as small pictures that can be compared: each cell of the grid is
// the mean colour of 8 by 8 pixels, in steps of 8. What text says is lost; where
// text stands, how much of it, and every colour larger than a cell are kept.
import { mkdtemp, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';

const cell = 8;

/** A fontconfig that knows the fonts of the tests alone: every machine then
 * draws the same text. Give it to the browser as FONTCONFIG_FILE. */
export async function fonts() {
  const dir = await mkdtemp(path.join(os.tmpdir(), 'fonts'));
  const ttf = new URL('node_modules/dejavu-fonts-ttf/ttf', import.meta.url).pathname;
  const family = (generic, name) => `<alias binding="strong"><family>${generic}</family><prefer><family>${name}</family></prefer></alias>`;
  const file = path.join(dir, 'fonts.conf');
  await writeFile(file, `<?xml version="1.0"?><fontconfig><dir>${ttf}</dir><cachedir>${dir}</cachedir>
${family('system-ui', 'DejaVu Sans')}${family('sans-serif', 'DejaVu Sans')}${family('monospace', 'DejaVu Sans Mono')}${family('ui-monospace', 'DejaVu Sans Mono')}
<match target="pattern"><edit name="family" mode="append_last"><string>DejaVu Sans</string></edit></match>
<match target="font"><edit name="antialias" mode="assign"><bool>true</bool></edit><edit name="hinting" mode="assign"><bool>false</bool></edit><edit name="rgba" mode="assign"><const>none</const></edit></match>
</fontconfig>`);
  return file;
}

/** Reduces a PNG to its cells, in any page: {width, height, cells, png}. With
 * size 1 it is read as it is, which is how a golden picture is read. */
export async function reduce(page, png, size = cell) {
  const small = await page.evaluate(async ([base64, size]) => {
    const bytes = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
    const bitmap = await createImageBitmap(new Blob([bytes], { type: 'image/png' }));
    const whole = new OffscreenCanvas(bitmap.width, bitmap.height).getContext('2d', { willReadFrequently: true });
    whole.drawImage(bitmap, 0, 0);
    const { data } = whole.getImageData(0, 0, bitmap.width, bitmap.height);
    const width = Math.floor(bitmap.width / size), height = Math.floor(bitmap.height / size);
    const cells = new Uint8ClampedArray(width * height * 4).fill(255);
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++)
        for (let channel = 0; channel < 3; channel++) {
          let sum = 0;
          for (let dy = 0; dy < size; dy++) for (let dx = 0; dx < size; dx++) sum += data[((y * size + dy) * bitmap.width + x * size + dx) * 4 + channel];
          cells[(y * width + x) * 4 + channel] = size === 1 ? sum : Math.round(sum / (size * size) / 8) * 8;
        }
    const out = new OffscreenCanvas(width, height);
    out.getContext('2d').putImageData(new ImageData(cells, width, height), 0, 0);
    const encoded = new Uint8Array(await (await out.convertToBlob({ type: 'image/png' })).arrayBuffer());
    return { width, height, cells: [...cells], png: btoa(String.fromCharCode(...encoded)) };
  }, [png.toString('base64'), size]);
  return { ...small, png: Buffer.from(small.png, 'base64') };
}

/** How much differs: the share of cells in which a channel is more than 16 of
 * 255 away, and the box around them in pixels. Other sizes differ wholly. */
export function difference(a, b) {
  if (a.width !== b.width || a.height !== b.height) return { share: 1, where: `${a.width} by ${a.height} cells, not ${b.width} by ${b.height}` };
  let n = 0;
  const box = [Infinity, Infinity, 0, 0];
  for (let i = 0; i < a.cells.length; i += 4) {
    if (![0, 1, 2].some((c) => Math.abs(a.cells[i + c] - b.cells[i + c]) > 16)) continue;
    n++;
    const x = (i / 4) % a.width, y = Math.floor(i / 4 / a.width);
    box[0] = Math.min(box[0], x); box[1] = Math.min(box[1], y); box[2] = Math.max(box[2], x + 1); box[3] = Math.max(box[3], y + 1);
  }
  return { share: n / (a.cells.length / 4), where: n ? `within ${box.map((v) => v * cell).join(', ')} (left, top, right, bottom)` : 'nowhere' };
}
