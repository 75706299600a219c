// Where things stand, by their boxes: what has to be seen is in the window, at
// widths that no picture is kept of too.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { fresh, host, launch, native, press, set } from './browser.js';

let at, browser, server;
before(async () => { at = await host(process.env.PAGE); browser = await launch(); server = await native(); });
after(async () => { await browser.close(); at.close(); server.stop(); });

const box = (page, what) => page.$eval(what, (e) => { const { top, bottom, height } = e.getBoundingClientRect(); return { top, bottom, height }; });
const sized = (width, height) => fresh(browser, at.origin, { viewport: { width, height }, reducedMotion: 'reduce' });

for (const [width, height] of [[1440, 900], [820, 1180], [768, 1024], [844, 390], [390, 844], [320, 568]])
  test(`after a step the buttons and the verdict are seen, one above the other, at ${width}x${height}`, async () => {
    const x = await sized(width, height);
    for (let i = 0; i < 4; i++) await press(x.page, 'step');
    const controls = await box(x.page, '.controls'), verdict = await box(x.page, '#verdict'), row = await box(x.page, '#rows [aria-current]');
    assert.ok(controls.top >= 0 && verdict.top >= controls.bottom - 1, 'the verdict does not lie over the buttons');
    assert.ok(verdict.bottom <= row.top + 1 && row.bottom <= height, `nor over the row that was sent, which is seen: ${JSON.stringify([verdict, row])}`);
    await x.close();
  });

for (const width of [1440, 820, 768])
  test(`rows are rows and arrows are lines at ${width}`, async () => {
    const x = await sized(width, 1000);
    await press(x.page, 'run');
    const odd = await x.page.$$eval('.line', (all) => all.filter((e) => e.offsetHeight > 10 || getComputedStyle(e).backgroundColor !== 'rgba(0, 0, 0, 0)' || getComputedStyle(e).borderTopStyle === 'none').length);
    assert.equal(odd, 0, 'no arrow is drawn as a column');
    assert.ok((await x.page.$$eval('#rows .row', (all) => Math.max(...all.map((e) => e.offsetHeight)))) < 70, 'no row is higher than its text');
    assert.equal(await x.page.$eval('[data-kind=response] .line', (e) => getComputedStyle(e).borderTopStyle), 'dashed', 'answers are dashed');
    await x.close();
  });

for (const width of [1440, 768, 390])
  test(`what a party holds can be read at ${width}`, async () => {
    const x = await sized(width, 844);
    await press(x.page, 'run');
    await x.page.click('#tab-state');
    assert.ok((await x.page.$$eval('.held .value', (all) => Math.min(...all.map((e) => e.offsetWidth)))) > 100, 'no value has one letter a line');
    await x.close();
  });

for (const [width, height] of [[1440, 900], [1024, 768], [820, 1180], [390, 844]])
  test(`the consent page's buttons are seen at ${width}x${height}`, async () => {
    const x = await sized(width, height);
    while (!(await x.page.locator('.screen iframe').count())) await press(x.page, 'step');
    await x.page.waitForFunction(() => document.querySelector('iframe').style.height);
    const [bottom, room, end] = await x.page.$eval('iframe', (f) => [f.contentDocument.querySelector('.buttons').getBoundingClientRect().bottom, f.contentWindow.innerHeight, f.getBoundingClientRect().bottom]);
    assert.ok(bottom <= room + 1, 'in the frame');
    assert.ok(end <= height, 'and the frame in the window');
    await x.close();
  });

test('what the device offers is not cut off at 1024x768', async () => {
  const x = await sized(1024, 768);
  await set(x.page, { flow: 'device' });
  while (!(await x.page.locator('.screen iframe').count())) await press(x.page, 'step');
  assert.ok((await box(x.page, '.terminal button:last-child')).bottom <= (await box(x.page, '.terminal')).bottom, 'both buttons are in it');
  await x.close();
});

for (const width of [1024, 700, 390])
  test(`the published key does not push the server's table apart at ${width}`, async () => {
    const page = await browser.newPage({ viewport: { width, height: 768 } });
    await page.goto(`${server.origin}/about`);
    assert.ok((await page.evaluate(() => document.documentElement.scrollWidth)) <= width, 'nothing scrolls sideways');
    assert.ok((await page.$$eval('.seeds tr', (all) => Math.max(...all.map((e) => e.offsetHeight)))) < 300, 'no column has one letter a line');
    await page.close();
  });

test('with forced colours an arrow points, and the chosen tab has a line of its own', async () => {
  const x = await fresh(browser, at.origin, { forcedColors: 'active' });
  await press(x.page, 'step');
  const [clip, tabs] = await x.page.evaluate(() => [getComputedStyle(document.querySelector('.line'), '::after').clipPath, [...document.querySelectorAll('[role=tab]')].map((t) => getComputedStyle(t).borderBottomColor)]);
  assert.match(clip, /polygon/, 'the head is a shape, not a border');
  assert.notEqual(tabs[0], tabs[1], 'not by weight alone');
  const [off, on] = await x.page.evaluate(() => { document.getElementById('back').ariaDisabled = 'true'; return ['back', 'run'].map((id) => getComputedStyle(document.getElementById(id)).color); });
  assert.notEqual(off, on, 'and what cannot be pressed is grey');
  await x.close();
});

test('a dark page is printed dark on white', async () => {
  const x = await fresh(browser, at.origin);
  await x.page.selectOption('#theme', 'dark');
  await x.page.emulateMedia({ media: 'print' });
  assert.equal(await x.page.evaluate(() => getComputedStyle(document.body).color), 'rgb(27, 31, 36)', 'backgrounds are not printed, so the ink is that of the light theme');
  await x.close();
});

test('the parts of a check are words of their own', async () => {
  const x = await fresh(browser, at.origin);
  for (let i = 0; i < 3; i++) await press(x.page, 'step');
  assert.equal(await x.page.textContent('.check h4'), '✓issuer.equal MUST RFC 8414 section 3.3');
  await x.close();
});
