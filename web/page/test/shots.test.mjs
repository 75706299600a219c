// The screenshots against the pictures that are kept in golden/: what moved,
// went, came or changed its colour is seen. UPDATE=1 writes them anew; look at
// the page in full size before (shots.mjs), and at the pictures after. Not seen:
// what is smaller than a cell is wide, such as a border of four pixels.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { host } from './browser.js';
import { difference, reduce } from './pictures.js';
import { painter, png, scenes, shoot, sizes } from './shots.mjs';

// So much may differ: a third of a percent of the cells, half of the smallest
// change below. With the fonts of the tests the same browser differs by nothing.
const tolerance = 0.003;

const golden = (file) => new URL(`golden/${file}.png`, import.meta.url);

let at, browser, out;
before(async () => {
  at = await host(process.env.PAGE);
  browser = await painter();
  out = await mkdtemp(path.join(os.tmpdir(), 'shots'));
  if (process.env.UPDATE) await mkdir(new URL('golden/', import.meta.url), { recursive: true });
});
after(async () => { await browser.close(); at.close(); });

async function compared(file, page) {
  const shot = await png(page);
  const now = reduce(shot);
  if (process.env.UPDATE) await writeFile(golden(file), now.png);
  const found = difference(reduce(await readFile(golden(file)), 1), now);
  return { shot, ...found };
}

for (const [name, scene] of Object.entries(scenes).filter(([, s]) => s.golden))
  for (const size of sizes)
    test(`6 ${name} at ${size[0]} looks as it did, light and dark`, async () => {
      const complaints = await shoot(browser, at.origin, name, size, async (file, page) => {
        const { share, where, shot } = await compared(file, page);
        const kept = path.join(out, `${file}.png`);
        if (share > tolerance) await writeFile(kept, shot);
        assert.ok(share <= tolerance, `${file}: ${(100 * share).toFixed(2)} % of the cells differ, ${where}; what was seen is ${kept}`);
      });
      assert.deepEqual(complaints, [], 'and nothing is complained about');
    });

// Each is a change that a reader would see; the comparison must see it too.
const changes = {
  'a panel that moved': '.right{order:-1}',
  'a panel that moved by a little': 'main{padding-top:8px}',
  'a column that went': '.right{display:none!important}',
  'a lane that is new': '#diagram{--lanes:5!important}',
  'a text that went': '.why{visibility:hidden}',
  'a line of buttons that went': '.controls{display:none}',
  'another accent': ':root{--as:#b3261e!important}',
  'another background': ':root{--bg:#e6e6e6!important}',
  'larger text': 'body{font-size:15px}',
};
// On a phone there is one column and no lane, and the accent is beside the view.
const beside = ['a panel that moved', 'a lane that is new', 'another accent'];
// On a tablet the page scrolls, and a change moves it for good: the others do.
for (const size of sizes.filter(([width]) => width < 600 || width > 900))
  test(`6 the comparison sees what was changed at ${size[0]}`, { skip: process.env.UPDATE && 'the pictures are being written' }, async () => {
    const unseen = [];
    await shoot(browser, at.origin, 'failure', size, async (file, page) => {
      if (file.includes('dark')) return;
      for (const [what, css] of Object.entries(changes)) {
        if (size[0] < 600 && beside.includes(what)) continue;
        const style = await page.addStyleTag({ content: css });
        const { share } = await compared(file, page);
        if (share <= tolerance) unseen.push(`${what}: ${(100 * share).toFixed(2)} %`);
        await style.evaluate((e) => e.remove());
      }
      const { share } = await compared(file, page);
      assert.ok(share <= tolerance, 'without the changes it is as it was');
    }, { bypassCSP: true });
    assert.deepEqual(unseen, []);
  });
