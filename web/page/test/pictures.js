// Screenshots as small pictures that can be compared: each cell of the grid is
// the mean colour of 8 by 8 pixels, in steps of 8. What text says is lost; where
// text stands, how much of it, and every colour larger than a cell are kept.
import { mkdtemp, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { PNG } from 'pngjs';

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

/** Reduces a PNG to its cells: {width, height, cells, png}. With size 1 it is
 * read as it is, which is how a golden picture is read. */
export function reduce(png, size = cell) {
  const whole = PNG.sync.read(png);
  const width = Math.floor(whole.width / size), height = Math.floor(whole.height / size);
  const small = new PNG({ width, height });
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const to = (y * width + x) * 4;
      small.data[to + 3] = 255;
      for (let channel = 0; channel < 3; channel++) {
        let sum = 0;
        for (let dy = 0; dy < size; dy++) for (let dx = 0; dx < size; dx++) sum += whole.data[((y * size + dy) * whole.width + x * size + dx) * 4 + channel];
        small.data[to + channel] = size === 1 ? sum : Math.min(255, Math.round(sum / (size * size) / 8) * 8);
      }
    }
  return { width, height, cells: small.data, png: PNG.sync.write(small) };
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
