// Runs in the page: what it shows is what was recorded, and every way through
// a run leads to the same bytes. Numbers are those of the design's test list.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { exported, fresh, host, launch, press, set } from './browser.js';

const folder = process.env.PAGE;
let at, browser;
before(async () => { at = await host(folder); browser = await launch(); });
after(async () => { await browser.close(); at.close(); });

const flows = ['auth-code', 'device', 'client-creds', 'bearer', 'refresh', 'step-up'];
const rowTexts = (page) => page.$$eval('#rows button .label', (all) => all.map((l) => [...l.childNodes].filter((n) => n.nodeType === 3).map((n) => n.data).join('')));

/** Runs to the end, and holds the rows to what was recorded. */
async function pictureIsTheLog(page) {
  await press(page, 'run');
  assert.match(await page.textContent('#sentence'), /went through, and every check passed/);
  const texts = await rowTexts(page);
  const lines = (await exported(page, 'ndjson', true)).trim().split('\n').slice(1).map((l) => JSON.parse(l));
  const messages = lines.filter((e) => e.req || e.res || e.params);
  assert.equal(texts.length, messages.length, 'a row for each recorded message');
  texts.forEach((text, i) => {
    const headers = (messages[i].req || messages[i].res)?.headers.map((x) => x.join(': ')).join('\n');
    const all = JSON.stringify(messages[i], null, 1) + headers + decodeURIComponent((messages[i].req?.body || '').replace(/\+/g, ' '));
    for (const word of text.split(' ')) assert.ok(all.includes(word), `${word} of row ${i + 1} is in its message`);
  });
}

let whole; // one page for all: a setting begins a new run
for (const flow of flows)
  for (const registration of ['dynamic', 'cimd', 'pre'])
    test(`1 ${flow}, ${registration}: in each revision run all ends well and the picture is the log`, { skip: registration === 'cimd' && ['client-creds', 'bearer'].includes(flow) && 'a client with a secret has no metadata document' }, async () => {
      const x = whole ??= await fresh(browser, at.origin);
      await set(x.page, { flow });
      if (flow !== 'bearer') await set(x.page, { registration });
      const revisions = await x.page.$$eval('#revision option', (all) => all.map((o) => o.value));
      assert.equal(revisions.length, 4, 'four revisions');
      for (const revision of revisions) {
        await set(x.page, { revision });
        await pictureIsTheLog(x.page);
      }
      assert.deepEqual(x.complaints, [], 'nothing is complained about (7: the policy holds)');
      assert.ok(x.requests.every((u) => u.startsWith(at.origin) || u.startsWith('blob:')), 'nothing but its own files is asked for');
    });

test('3 step to the end equals run all, back to the start equals reset', async () => {
  const a = await fresh(browser, at.origin), b = await fresh(browser, at.origin);
  const start = await a.page.innerHTML('#rows');
  let steps = 0;
  while (await a.page.isEnabled('#step')) { await press(a.page, 'step'); steps++; }
  await press(b.page, 'run');
  assert.equal(await exported(a.page, 'ndjson', true), await exported(b.page, 'ndjson', true), 'the same bytes');
  while (steps-- > 0) await press(a.page, 'back');
  assert.equal(await a.page.innerHTML('#rows'), start, 'the start again');
  await press(b.page, 'reset');
  assert.equal(await b.page.innerHTML('#rows'), start, 'reset is the start');
  await a.close();
  await b.close();
});

test('3 a link leads to the same run, a trace link to the same trace', async () => {
  const x = await fresh(browser, at.origin, { permissions: ['clipboard-read', 'clipboard-write'] });
  await set(x.page, { flow: 'refresh', registration: 'pre' });
  for (let i = 0; i < 9; i++) await press(x.page, 'step');
  await x.page.click('#link');
  await x.page.waitForSelector('#said:has-text("Copied")');
  const link = await x.page.evaluate(() => navigator.clipboard.readText());
  const y = await fresh(browser, link);
  await y.page.waitForSelector('#rows button[data-n="18"]');
  assert.equal(await exported(y.page, 'ndjson', true), await exported(x.page, 'ndjson', true), 'the same bytes');
  await x.page.selectOption('#export', 'tracelink');
  let carried = '';
  for (let i = 0; i < 1000 && !carried.includes('#t='); i++) carried = await x.page.evaluate(() => navigator.clipboard.readText()); // it is packed first
  const context = await browser.newContext();
  const z = await context.newPage();
  await z.goto(carried);
  await z.waitForSelector('#step:has-text("A recorded trace")');
  assert.equal(await exported(z, 'ndjson'), await exported(x.page, 'ndjson'), 'the same trace, redacted');
  await context.close();
  await x.close();
  await y.close();
});

test('5 the message list reads as a story', async () => {
  const x = await fresh(browser, at.origin);
  await press(x.page, 'run');
  const story = await x.page.locator('#rows').ariaSnapshot();
  const golden = new URL('story.yml', import.meta.url);
  if (process.env.UPDATE) await writeFile(golden, `${story}\n`);
  assert.equal(`${story}\n`, await readFile(golden, 'utf8'), 'UPDATE=1 writes it; read the difference');
  await x.close();
});

const bench = { 'net.none': 'interrupted', 'rs.resource.other': '4', 'as.issuer.other': '6', 'as.issuer.slash': '6', 'as.s256.none': '6', 'as.registration.refused': '8', 'at.state.other': '15',
  'as.state.none': '15', 'at.iss.other': '15', 'as.iss.none': '15', 'as.denied': '', 'as.token.html': '18', 'rs.token.refused': '20', 'rs.scope': '20', 'rs.challenge.none': '2', 'rs.resource.root': '4' };
let faulty; // one page for all: a fault that is chosen begins a new run
for (const [fault, row] of Object.entries(bench))
  test(`2 BR-07 ${fault} is named on the verdict line`, async () => {
    const x = faulty ??= await fresh(browser, at.origin);
    await set(x.page, { fault });
    await press(x.page, 'run');
    const said = await x.page.textContent('#verdict');
    if (/^\d+$/.test(row)) assert.match(said, new RegExp(`See message ${row}$|See message ${row}\\D`), said);
    assert.match(said, /Usually because: .+To fix: ./, said);
    if (/state|iss/.test(fault)) assert.equal(await x.page.locator('#rows button:has-text("POST /oauth/token")').count(), 0, 'no token request');
  });

// The frame is drawn smaller, which the driver's pointer does not know.
async function answer(button) {
  await button.focus();
  await button.press('Enter');
}

test('the device screens: the page on the phone can be answered by hand', async () => {
  const x = await fresh(browser, at.origin);
  await set(x.page, { flow: 'device' });
  while (!(await x.page.locator('.screen iframe').count())) await press(x.page, 'step');
  const code = await x.page.textContent('.code');
  const frame = x.page.frameLocator('.screen iframe');
  await frame.locator('input[name=user_code]').fill(code);
  await answer(frame.locator('button'));
  await x.page.waitForSelector('#rows button:has-text("Allow this device?")');
  await answer(x.page.frameLocator('.screen iframe').locator('button[value=deny]'));
  await x.page.waitForSelector('#rows button:has-text("POST /oauth/device/verify/consent")');
  await press(x.page, 'run');
  assert.match(await x.page.textContent('#verdict'), /the user said no/);
  await x.close();
});

test('the consent page denies', async () => {
  const x = await fresh(browser, at.origin);
  while (!(await x.page.locator('.screen iframe').count())) await press(x.page, 'step');
  await answer(x.page.frameLocator('.screen iframe').locator('button[value=deny]'));
  await x.page.waitForSelector('#rows button:has-text("deny")');
  await press(x.page, 'run');
  assert.match(await x.page.textContent('#verdict'), /the user said no/);
  await x.close();
});

test('polls that are answered alike are one line until they are looked at', async () => {
  const x = await fresh(browser, at.origin);
  await set(x.page, { flow: 'device' });
  while (!(await x.page.locator('#rows button:has-text("authorization_pending")').count())) await press(x.page, 'step');
  const rows = () => x.page.locator('#rows button.row').count();
  const before = await rows();
  for (let i = 0; i < 4; i++) {
    await set(x.page, { advance: '5' });
    await press(x.page, 'step');
  }
  const fold = x.page.locator('#rows .fold button');
  assert.match(await fold.textContent(), /POST \/oauth\/token device_code ×4 400 authorization_pending/, 'all but the last');
  assert.equal(await rows(), before, 'no row more');
  await fold.click();
  await x.page.waitForFunction((n) => document.querySelectorAll('#rows button.row').length === n, before + 8);
  await press(x.page, 'step');
  assert.equal(await x.page.locator('#rows .fold').count(), 1, 'the run goes on: they are one line again');
  await x.close();
});

test('secrets are exported only to who says so', async () => {
  const x = await fresh(browser, at.origin);
  await press(x.page, 'run');
  await x.page.check('#open-secrets');
  await x.page.selectOption('#export', 'ndjson');
  await x.page.fill('dialog input', 'yes');
  await x.page.keyboard.press('Enter');
  await x.page.waitForSelector('#said:has-text("Nothing was exported")');
  assert.match(await exported(x.page, 'ndjson', true), /"access_token\\":\\"[\w-]{43}/, 'after the word the tokens are there');
  assert.doesNotMatch(await exported(x.page, 'ndjson'), /"access_token\\":\\"[\w-]{43}/, 'and without the wish they are not');
  await x.close();
});

test('an edited request is what travels', async () => {
  const x = await fresh(browser, at.origin);
  for (let i = 0; i < 7; i++) await press(x.page, 'step');
  await x.page.keyboard.press('e');
  await x.page.fill('dialog textarea[aria-label=Body]', 'grant_type=authorization_code&code=guess');
  await x.page.click('dialog .primary');
  await x.page.waitForFunction(() => !document.getElementById('dialog').open);
  await press(x.page, 'run');
  assert.match(await x.page.textContent('#verdict'), /refused/);
  await x.close();
});

test('check myself passes every flow script', async () => {
  const x = await fresh(browser, at.origin);
  await x.page.click('#check');
  await x.page.waitForSelector('#checked:has-text("passed")');
  const scripts = (await readdir(new URL('../../../core/flowtest/testdata', import.meta.url))).filter((n) => n.endsWith('.txtar'));
  assert.equal(await x.page.textContent('#checked'), `${scripts.length} passed, 0 failed`, 'all of them, those with keys too');
  await x.close();
});
