// The screenshots: one list, for people and for the comparison.
// node shots.mjs FOLDER OUT [PATTERN] writes them in full size.
import { mkdir } from 'node:fs/promises';
import { fresh, host, launch, press, set } from './browser.js';
import { fonts } from './pictures.js';

const steps = async (p, n) => { for (let i = 0; i < n; i++) await press(p, 'step'); };

/** What is seen. golden: compared with the picture that is kept. */
export const scenes = {
  start: { golden: true, play: async () => {} },
  mid: { golden: true, play: (p) => steps(p, 5) },
  token: { play: (p) => steps(p, 8) },
  end: { play: (p) => press(p, 'run') },
  failure: { golden: true, play: async (p) => { await set(p, { fault: 'at.iss.other' }); await press(p, 'run'); } },
  device: { golden: true, play: async (p) => { await set(p, { flow: 'device' }); await steps(p, 8); } },
  http: { play: async (p) => { await steps(p, 8); await p.click('#tab-http'); } },
  state: { play: async (p) => { await steps(p, 8); await p.click('#tab-state'); } },
  check: { play: async (p) => { await p.click('#check'); await p.waitForSelector('#checked:has-text("passed")'); } },
};

export const sizes = [[1440, 900], [1024, 768], [768, 1024], [390, 844]];
export const themes = ['light', 'dark'];

/** A browser that draws text with the fonts of the tests. */
export const painter = async () => launch(['--font-render-hinting=none', '--force-color-profile=srgb', '--hide-scrollbars'], { FONTCONFIG_FILE: await fonts() });

/** Plays a scene in a window of a size, and calls back with each theme. */
export async function shoot(browser, origin, name, [width, height], take, options = {}) {
  const x = await fresh(browser, origin, { viewport: { width, height }, reducedMotion: 'reduce', ...options });
  await scenes[name].play(x.page);
  await x.page.mouse.move(0, 0); // nothing is pointed at
  for (const colorScheme of themes) {
    await x.page.emulateMedia({ colorScheme });
    await x.page.evaluate(() => document.fonts.ready.then(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))));
    await take(`${name}-${colorScheme}-${width}`, x.page);
  }
  await x.close();
  return x.complaints;
}

export const png = (page) => page.screenshot({ animations: 'disabled', caret: 'hide' });

async function main(folder, out, only = '') {
  await mkdir(out, { recursive: true });
  const at = await host(folder);
  const browser = await painter();
  for (const name of Object.keys(scenes))
    for (const size of sizes) {
      if (!themes.some((t) => new RegExp(only).test(`${name}-${t}-${size[0]}`))) continue;
      const complaints = await shoot(browser, at.origin, name, size, (file, page) => page.screenshot({ animations: 'disabled', caret: 'hide', path: `${out}/${file}.png` }));
      if (complaints.length) console.log(name, size, complaints);
    }
  await browser.close();
  at.close();
}

if (process.argv[1] === new URL(import.meta.url).pathname) await main(...process.argv.slice(2));
