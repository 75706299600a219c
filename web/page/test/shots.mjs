// Screenshots: start, mid-run, failure, device; light and dark; three widths.
// node shots.mjs FOLDER OUT
import { mkdir } from 'node:fs/promises';
import { fresh, host, launch, press, set } from './browser.js';

const [folder, out, only = ''] = process.argv.slice(2);
await mkdir(out, { recursive: true });
const at = await host(folder);
const browser = await launch();
const scenes = {
  start: async () => {},
  mid: async (p) => { for (let i = 0; i < 5; i++) await press(p, 'step'); },
  token: async (p) => { for (let i = 0; i < 8; i++) await press(p, 'step'); },
  end: async (p) => { await press(p, 'run'); },
  failure: async (p) => { await set(p, { fault: 'at.iss.other' }); await press(p, 'run'); },
  device: async (p) => { await set(p, { flow: 'device' }); for (let i = 0; i < 8; i++) await press(p, 'step'); },
  http: async (p) => { for (let i = 0; i < 8; i++) await press(p, 'step'); await p.click('#tab-http'); },
  state: async (p) => { for (let i = 0; i < 8; i++) await press(p, 'step'); await p.click('#tab-state'); },
  check: async (p) => { await p.click('#check'); await p.waitForSelector('#checked:has-text("passed")'); },
};
for (const colorScheme of ['light', 'dark'])
  for (const [width, height] of [[1440, 900], [1024, 768], [390, 844]])
    for (const [name, scene] of Object.entries(scenes)) {
      const file = `${name}-${colorScheme}-${width}`;
      if (only && !new RegExp(only).test(file)) continue;
      const x = await fresh(browser, at.origin, { viewport: { width, height }, colorScheme });
      await scene(x.page);
      await x.page.waitForTimeout(150);
      await x.page.screenshot({ path: `${out}/${file}.png` });
      if (x.complaints.length) console.log(file, x.complaints);
      await x.close();
    }
await browser.close();
at.close();
