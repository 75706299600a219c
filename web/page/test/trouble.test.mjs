// What goes wrong around a run: files that do not come, links that are broken,
// dialogs that are left, traces from elsewhere. Each is said where it is seen.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import http from 'node:http';
import path from 'node:path';
import zlib from 'node:zlib';
import { exported, fresh, host, launch, native, press, set } from './browser.js';

let at, browser, server;
before(async () => { at = await host(process.env.PAGE); browser = await launch(); server = await native(); });
after(async () => { await browser.close(); at.close(); server.stop(); });

const clipboard = { permissions: ['clipboard-read', 'clipboard-write'] };
const idle = (page) => page.waitForFunction(() => document.body.dataset.busy === '0');

/** A page that may not start, with what prepares it. */
async function raw(url, prepare = () => {}) {
  const context = await browser.newContext();
  const page = await context.newPage();
  await prepare(page, context);
  await page.goto(url);
  return { page, close: () => context.close() };
}

async function copied(page) {
  await page.click('h1'); // a frame may have had the focus
  await page.evaluate(() => navigator.clipboard.writeText(''));
  await page.click('#link');
  await idle(page);
  return page.evaluate(() => navigator.clipboard.readText());
}

async function open(page, name, text) {
  await page.setInputFiles('#file', { name, mimeType: 'text/plain', buffer: Buffer.from(text) });
  await idle(page);
}

const event = (n, e) => JSON.stringify({ n, at: '2026-11-25T12:00:00Z', step: 'mcp', ...e });
const asked = event(1, { kind: 'request', from: 'client', to: 'resource', req: { method: 'GET', url: 'https://a.example/x?to=https://b.example/?y=1', headers: [], body: '' } });
const head = '{"v":1,"producer":"test"}';

for (const [what, files, said] of [['the core', '**/core.wasm.gz', /core did not load/], ['a module', '**/rows.js', /A file of the page is missing/], ['the first module', '**/app.js', /A file of the page is missing/], ['the worker', '**/worker.js', /core did not load/]])
  test(`${what} is missing: the verdict says so`, async () => {
    const x = await raw(at.origin, (page) => page.route(files, (r) => r.fulfill({ status: 404 })));
    await x.page.waitForSelector('#verdict.is-bad');
    assert.match(await x.page.textContent('#sentence'), said);
    assert.equal(await x.page.textContent('#step'), 'It did not load');
    await x.close();
  });

test('the core is cut off, or no core: the verdict says so; without the plan the page works', async () => {
  for (const body of [zlib.gzipSync(Buffer.alloc(9999, 'x')).subarray(0, 20), Buffer.from('no core')]) {
    const x = await raw(at.origin, (page) => page.route('**/core.wasm.gz', (r) => r.fulfill({ body })));
    await x.page.waitForSelector('#verdict.is-bad');
    assert.match(await x.page.textContent('#sentence'), /core did not load: ./);
    await x.close();
  }
  const y = await raw(at.origin, (page) => page.route('**/plan.json', (r) => r.fulfill({ status: 404 })));
  await y.page.waitForSelector('#step[aria-disabled=false]');
  await y.close();
});

test('no network, or no script: the verdict line says so, marked as a failure', async () => {
  const x = await raw(at.origin, (page) => page.route('**/core.wasm.gz', (r) => r.abort()));
  await x.page.waitForSelector('#verdict.is-bad');
  assert.equal(await x.page.innerText('#verdict'), '✕ The core did not load: no answer came; load it again');
  await x.close();
  const context = await browser.newContext({ javaScriptEnabled: false });
  const page = await context.newPage();
  await page.goto(at.origin);
  assert.match(await page.innerText('#verdict'), /needs JavaScript and WebAssembly/);
  await context.close();
});

test('opened as a file the page says how to serve it', async () => {
  const x = await raw(`file://${path.join(process.env.PAGE, 'index.html')}`);
  await x.page.waitForSelector('#verdict.is-bad');
  assert.match(await x.page.textContent('#sentence'), /Serve the folder, for example with/);
  await x.close();
});

test('where storage is blocked the page works, and the theme holds while it is open', async () => {
  const x = await raw(at.origin, (page, context) => context.addInitScript(() => Object.defineProperty(window, 'localStorage', { get() { throw new DOMException('denied', 'SecurityError'); } })));
  await x.page.waitForSelector('#step[aria-disabled=false]');
  await x.page.selectOption('#theme', 'dark');
  assert.equal(await x.page.evaluate(() => getComputedStyle(document.documentElement).colorScheme), 'dark');
  await x.page.click('#help');
  await x.page.uncheck('dialog input');
  await x.page.keyboard.press('Escape');
  await x.page.keyboard.press('Space');
  assert.equal(await x.page.locator('#rows button[data-n="2"]').count(), 0, 'keys are off');
  await x.close();
});

test('a link that is broken says why, and the ordinary run begins', async () => {
  const bomb = zlib.deflateRawSync(Buffer.alloc(33 << 20)).toString('base64url');
  for (const [t, why] of [['garbage!!', /./], ['AAAA', /./], [bomb, /longer than 32 MB/]]) {
    const x = await fresh(browser, `${at.origin}/#t=${t}`);
    assert.match(await x.page.textContent('#said'), /The trace in the link cannot be read: ./);
    assert.match(await x.page.textContent('#said'), why);
    await press(x.page, 'step');
    assert.equal(await x.page.textContent('#said'), '', 'and is silent after the next thing that is done');
    await x.close();
  }
});

test('what a link leaves out is as at first, whatever was chosen', async () => {
  const x = await fresh(browser, at.origin, clipboard);
  await press(x.page, 'step');
  const link = await copied(x.page);
  await set(x.page, { flow: 'device', revision: '2025-06-18', fault: 'net.none' });
  await x.page.goto(link);
  await x.page.waitForFunction(() => document.getElementById('fault').value === '');
  assert.deepEqual(await x.page.$$eval('#flow, #revision', (all) => all.map((e) => e.value)), ['auth-code', '']);
  await x.page.waitForSelector('#rows button[data-n="2"]');
  await x.page.evaluate(() => { location.hash = '#rows'; });
  await x.page.waitForTimeout(100);
  assert.ok(await x.page.locator('#rows button[data-n="2"]').count(), 'the link to the messages begins nothing');
  await x.close();
});

test('Copy link gives a link to this run, or says why there is none', async () => {
  const x = await fresh(browser, at.origin, clipboard);
  while (!(await x.page.locator('.screen iframe').count())) await press(x.page, 'step');
  const deny = x.page.frameLocator('.screen iframe').locator('button[value=deny]');
  await deny.focus();
  await deny.press('Enter');
  await x.page.waitForSelector('#rows button:has-text("deny")');
  assert.equal(await copied(x.page), '', 'none after an answer by hand');
  assert.match(await x.page.textContent('#said'), /repeats steps only/);
  await press(x.page, 'back');
  assert.match(await copied(x.page), /step=5/, 'one again after it was taken back');
  await open(x.page, 'a.ndjson', `${head}\n${asked}\n`);
  assert.match(await copied(x.page), /#t=/, 'a trace goes as a trace');
  await x.page.click('#reset');
  await set(x.page, { target: 'url' });
  await x.page.fill('#url', `${server.origin}/mcp/oauth`);
  await x.page.press('#url', 'Enter');
  await idle(x.page);
  assert.match(decodeURIComponent(await copied(x.page)), new RegExp(`target=${server.origin}/mcp/oauth`), 'a live run names its server');
  await x.close();
});

test('a dialog that is left does nothing', async () => {
  const x = await fresh(browser, at.origin);
  let saved = 0;
  x.page.on('download', () => saved++);
  await press(x.page, 'step');
  const next = await x.page.textContent('#rows .pending');
  for (const leave of [() => x.page.keyboard.press('Escape'), () => x.page.click('#leave')]) {
    await x.page.keyboard.press('e');
    await x.page.fill('dialog input', 'http://127.0.0.1:8765/nothing');
    await leave();
    await idle(x.page);
    assert.equal(await x.page.textContent('#rows .pending'), next, 'the request is as it was');
    await x.page.check('#open-secrets');
    await x.page.selectOption('#export', 'ndjson');
    await x.page.fill('dialog input', 'secrets');
    await leave();
    await x.page.waitForSelector('#said:has-text("Nothing was exported")');
    await x.page.evaluate(() => document.activeElement.blur());
  }
  assert.equal(saved, 0);
  await x.close();
});

test('Check myself: offline it says so, and it may be closed before it ends', async () => {
  const x = await fresh(browser, at.origin);
  await x.page.click('#check');
  await x.page.keyboard.press('Escape');
  await x.page.click('#help');
  await x.page.waitForTimeout(300);
  await x.page.keyboard.press('Escape');
  assert.deepEqual(x.complaints, [], 'nothing was thrown');
  await x.context.setOffline(true);
  await x.page.click('#check');
  await x.page.waitForSelector('#checked:has-text("did not load")');
  await x.close();
});

test('a HAR of ours opens as the trace that it is; another says what it lacks', async () => {
  const x = await fresh(browser, at.origin);
  await set(x.page, { flow: 'device' });
  await press(x.page, 'run');
  const texts = await x.page.$$eval('#rows button .label', (all) => all.length);
  const har = await exported(x.page, 'har');
  await set(x.page, { flow: 'bearer' });
  await open(x.page, 'run.har', har);
  assert.match(await x.page.textContent('#step'), /A recorded trace.*run\.har/, 'named');
  assert.equal(await x.page.$$eval('#rows button .label', (all) => all.length), texts, 'row for row');
  assert.deepEqual(await x.page.$$eval('.head', (all) => all.map((e) => e.textContent)), ['Phone', 'Client', 'Auth server', 'MCP server'], 'the lanes are those of the trace');
  for (const id of ['flow', 'revision', 'registration', 'fault']) assert.ok(await x.page.isDisabled(`#${id}`), `${id} is not that of the trace`);
  await press(x.page, 'reset');
  assert.ok(await x.page.isEnabled('#flow'), 'closed again');
  await open(x.page, 'b.har', '{"log":{"version":"1.2","entries":[]}}');
  assert.match(await x.page.textContent('#said'), /not written by mcp-auth/);
  await x.close();
});

test('a recorded request without an answer cannot be edited, and its URL is shown whole', async () => {
  const x = await fresh(browser, at.origin);
  await open(x.page, 'a.ndjson', `${head}\n${asked}\n`);
  await x.page.click('#rows button[data-n="1"]');
  await x.page.click('#tab-http');
  assert.match(await x.page.textContent('#panel pre'), /b\.example\/\?y=1/, 'what follows a second ? too');
  assert.equal(await x.page.locator('#panel button:has-text("Edit")').count(), 0);
  await x.page.keyboard.press('e');
  assert.ok(!(await x.page.isVisible('dialog')));
  await x.close();
});

test('a message is seen where the footer is not', async () => {
  const x = await fresh(browser, at.origin, { viewport: { width: 390, height: 844 } });
  await open(x.page, 'a.ndjson', 'garbage');
  const { top, bottom } = await x.page.$eval('#said', (e) => { const r = e.getBoundingClientRect(); return { top: r.top, bottom: r.bottom }; });
  assert.ok(top > 0 && bottom <= 844 && bottom > top, `${top} to ${bottom}`);
  await x.close();
});

test('an address that cannot be asked is named by its field, and nothing is played instead', async () => {
  const x = await fresh(browser, at.origin);
  await set(x.page, { target: 'url' });
  for (const url of ['', 'foo', 'ftp://a/b', 'http://192.168.0.9/mcp', 'http://[::1]:9/mcp']) {
    await x.page.fill('#url', url);
    await x.page.press('#url', 'Enter');
    await idle(x.page);
    await x.page.evaluate(() => document.activeElement.blur());
    assert.match(await x.page.textContent('#wrong'), /https servers/, url);
    await x.page.keyboard.press('Space');
    assert.equal(await x.page.locator('#rows button[data-n="2"]').count(), 0, 'no step');
  }
  await set(x.page, { target: '' });
  await press(x.page, 'step');
  await x.close();
});

/** A server that lets every page read it, and answers so. */
async function lets(answer) {
  const s = http.createServer((req, res) => {
    res.setHeader('access-control-allow-origin', '*');
    res.setHeader('access-control-allow-headers', '*');
    req.method === 'OPTIONS' ? res.writeHead(204).end() : answer(res);
  });
  await new Promise((done) => s.listen(0, '127.0.0.1', done));
  return { url: `http://127.0.0.1:${s.address().port}/mcp`, close: () => { s.closeAllConnections(); s.close(); } };
}

test('live: who is waited for is said, and what a page cannot tell', async () => {
  let res;
  const s = await lets((r) => { res = r; });
  const x = await fresh(browser, at.origin);
  await set(x.page, { target: 'url' });
  await x.page.fill('#url', s.url);
  await x.page.press('#url', 'Enter');
  await idle(x.page);
  await x.page.click('#step');
  await x.page.waitForSelector(`#sentence:has-text("Waiting for ${new URL(s.url).host}")`);
  while (!res) await x.page.waitForTimeout(20);
  res.writeHead(401, { 'www-authenticate': 'Bearer' }).end('{}');
  await x.page.waitForSelector('#panel:has-text("Access-Control-Expose-Headers")');
  await x.close();
  s.close();
});

test('live: of two tabs each takes its own callback, and a page that was closed opens again', async () => {
  const x = await fresh(browser, server.origin);
  const other = await x.context.newPage();
  await other.goto(server.origin);
  await other.waitForSelector('#step[aria-disabled=false]');
  const begun = async (page) => {
    await set(page, { target: 'self' });
    const opened = x.context.waitForEvent('page');
    await page.click('#run');
    return opened;
  };
  const mine = await begun(x.page), theirs = await begun(other);
  await mine.click('button[value=approve]');
  await x.page.waitForSelector('#sentence:has-text("went through")');
  await other.waitForSelector('#said:has-text("another state")');
  await theirs.close();
  const again = x.context.waitForEvent('page');
  await other.click('#step:has-text("Open the page again")');
  await (await again).click('button[value=approve]');
  await other.waitForSelector('#sentence:has-text("went through")');
  await x.close();
});

test('live: while the server asks the user, a link is copied and a trace opens', async () => {
  const x = await fresh(browser, server.origin, clipboard);
  const asks = async () => {
    await x.page.selectOption('#target', 'self');
    const opened = x.context.waitForEvent('page');
    await x.page.click('#run');
    const page = await opened;
    await x.page.waitForSelector('#step:has-text("Open the page again")');
    return page;
  };
  const consent = await asks();
  await x.page.bringToFront();
  await x.page.click('#link');
  await x.page.waitForSelector('#said:has-text("Copied: link")');
  await consent.click('button[value=approve]');
  await x.page.waitForSelector('#sentence:has-text("went through")');
  await asks();
  await x.page.setInputFiles('#file', { name: 'a.ndjson', mimeType: 'text/plain', buffer: Buffer.from(`${head}\n${asked}\n`) });
  await x.page.waitForSelector('#step:has-text("A recorded trace a.ndjson")', { timeout: 5000 });
  await x.page.click('#reset');
  await idle(x.page);
  await asks();
  await x.page.evaluate(() => { location.hash = 'v=1&flow=device'; });
  await x.page.waitForFunction(() => document.getElementById('flow').value === 'device', null, { timeout: 5000 });
  await x.close();
});
