// What the page must never do, and what it costs: the BR cases of the attack
// catalogue, hostile content, redaction, accessibility, budgets.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import http from 'node:http';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import zlib from 'node:zlib';
import { exported, fresh, host, launch, native, press, set } from './browser.js';

const folder = process.env.PAGE;
let at, browser, server;
before(async () => { at = await host(folder); browser = await launch(); server = await native(); });
after(async () => { await browser.close(); at.close(); server.stop(); });

const nasty = '"><img src=x onerror="window.pwned=1"><script>window.pwned=1</script>\u202egnp.exe\u0007';

/** Loads a trace as a file. */
async function load(page, text) {
  await page.setInputFiles('#file', { name: 'run.ndjson', mimeType: 'application/x-ndjson', buffer: Buffer.from(text) });
  await page.waitForSelector('#step:has-text("A recorded trace")');
}

const trace = (events) => ['{"v":1,"producer":"test"}', ...events.map((e, i) => JSON.stringify({ n: i + 1, at: '2026-11-25T12:00:00Z', ...e }))].join('\n') + '\n';

function hostileTrace() {
  const headers = [['Content-Type', 'application/json'], ['WWW-Authenticate', `Bearer error="${nasty.replace(/"/g, "'")}"`], ['X-Nasty', nasty], ['Location', 'javascript:window.pwned=1']];
  const body = JSON.stringify({ resource: nasty, issuer: nasty, error: nasty, error_description: nasty, client_id: nasty, user_code: nasty, resource_documentation: 'javascript:window.pwned=1', result: { tools: [{ name: nasty }], content: nasty } });
  return trace([{ kind: 'request', step: nasty, from: 'client', to: 'resource', req: { method: nasty, url: `https://a.example/${nasty}?state=${nasty}`, headers, body } },
    { kind: 'response', step: nasty, from: nasty, to: 'client', res: { status: 401, headers, body }, note: nasty },
    { kind: 'check', step: nasty, cite: `RFC 1 ${nasty}`, check: { id: nasty, level: nasty, want: nasty, got: nasty + 'x', ok: false } },
    { kind: 'tried', tried: { url: 'javascript:window.pwned=1', rule: nasty, outcome: nasty } },
    { kind: 'internal', from: 'client', note: nasty, params: [{ name: nasty, value: nasty, role: nasty }] },
    { kind: 'verdict', note: nasty, outcome: { kind: 'refused', step: nasty, code: nasty, want: nasty, got: nasty, hint: nasty } }]);
}

test('9 BR-01 BR-08 foreign text is only ever text', async () => {
  const x = await fresh(browser, at.origin);
  await load(x.page, hostileTrace());
  for (const n of [1, 2, 3])
    for (const tab of ['explain', 'http', 'state']) {
      await x.page.click(`#rows button[data-n="${n}"]`);
      await x.page.click(`#tab-${tab}`);
      await x.page.waitForTimeout(30);
      assert.equal(await x.page.evaluate(() => window.pwned), undefined, 'no script ran');
      assert.equal(await x.page.locator('main img, main script, main a[href^="javascript"]').count(), 0, 'no element was made of it');
    }
  assert.ok(!(await x.page.textContent('main')).includes('\u202e'), 'what turns the reading direction is written out');
  assert.deepEqual(x.complaints, [], 'and nothing was reported');
  await x.close();
});

test('9 ten thousand rows and a megabyte in one value stay usable', async () => {
  const x = await fresh(browser, at.origin);
  const many = [];
  for (let i = 0; i < 5000; i++) many.push({ kind: 'request', step: 'mcp', from: 'client', to: 'resource', req: { method: 'GET', url: `https://a.example/${i}`, headers: [], body: '' } }, { kind: 'response', step: 'mcp', from: 'resource', to: 'client', res: { status: 200, headers: [], body: i === 3 ? 'x'.repeat(1 << 20) : '' } });
  await load(x.page, trace(many));
  assert.ok(await x.page.locator('#rows li').count() < 400, 'the rest is folded');
  await x.page.click('#rows button[data-n="8"]');
  await x.page.click('#tab-http');
  const shown = () => x.page.evaluate(() => document.querySelector('.right').textContent.length);
  assert.ok(await shown() < 1 << 16, 'the beginning of a long value is shown');
  await x.page.click('button:has-text("show more of 1048576 characters")');
  assert.ok(await shown() > 1 << 20, 'and all of it, once it is asked for');
  await x.close();
});

test('10 BR-03 BR-11 no secret of a run leaves it by itself', async () => {
  for (const flow of ['auth-code', 'device', 'client-creds', 'bearer', 'refresh']) {
    const x = await fresh(browser, at.origin);
    await set(x.page, { flow });
    await press(x.page, 'run');
    const open = await exported(x.page, 'ndjson', true);
    const names = 'access_token|refresh_token|client_secret|code_verifier|device_code|user_code|state|transaction';
    const secrets = new Set([`(?:${names})\\\\?":\\\\?"([\\w-]{8,})`, `"name":"(?:${names})","value":"([\\w-]{8,})`, '[?&](?:code|state)=([\\w-]{16,})'].flatMap((r) => [...open.matchAll(new RegExp(r, 'g'))].map((m) => m[1])));
    assert.ok(secrets.size > 0 || flow === 'bearer', `${flow} has secrets to look for`);
    await x.page.setChecked('#open-secrets', false);
    const places = { ndjson: await exported(x.page, 'ndjson'), har: await exported(x.page, 'har'), url: x.page.url(), title: await x.page.title(),
      storage: await x.page.evaluate(async () => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie, await indexedDB.databases(), history.state])) };
    await load(x.page, places.ndjson);
    places.replay = await x.page.content();
    places.console = x.complaints.join('\n');
    for (const [where, text] of Object.entries(places)) for (const s of secrets) assert.ok(!text.includes(s), `${flow}: ${where} holds ${s}`);
    await x.close();
  }
});

test('BR-02 BR-09 the server sends the page with its policy, and no page frames it', async () => {
  for (const [file, type] of [['', 'text/html'], ['page/app.js', 'text/javascript'], ['page/page.css', 'text/css'], ['page/core.wasm.gz', 'application/wasm'], ['callback', 'text/html']]) {
    const r = await fetch(`${server.origin}/${file}`);
    assert.equal(r.status, 200, file);
    assert.ok(r.headers.get('content-type').startsWith(type), file);
    assert.equal(r.headers.get('x-content-type-options'), 'nosniff', file);
    const policy = r.headers.get('content-security-policy');
    for (const part of ["default-src 'none'", "script-src 'self' 'wasm-unsafe-eval'", "require-trusted-types-for 'script'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'none'"]) assert.ok(policy.includes(part), `${file}: ${part}`);
  }
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.setContent(`<iframe src="${server.origin}/"></iframe>`);
  await page.waitForTimeout(500);
  assert.ok(!page.frames().some((f) => f.url().startsWith(server.origin)), 'not framed');
  await context.close();
});

test('BR-04 what a redirect left in the address goes before anything is sent', async () => {
  const context = await browser.newContext();
  for (const place of ['/', '/callback']) {
    const page = await context.newPage();
    const referers = [];
    page.on('request', (r) => r.headers().referer && referers.push(r.headers().referer));
    await page.goto(`${server.origin}${place}?code=secret-code&state=secret-state&iss=x`);
    await page.waitForFunction(() => location.search === '').catch(() => {}); // the callback page may have closed itself
    if (!page.isClosed()) assert.ok(!page.url().includes('secret'), 'the address is clean');
    assert.deepEqual(referers, [], 'and nobody was told');
  }
  await context.close();
});

test('BR-05 BR-10 messages from elsewhere and links start nothing', async () => {
  const x = await fresh(browser, `${at.origin}/#v=1&flow=auth-code&target=https://mcp.example/mcp&step=5`);
  const before = await x.page.innerHTML('#rows');
  await x.page.evaluate(() => { for (const m of ['step', { call: 'new' }, 'http://127.0.0.1/callback?code=x']) postMessage(m, '*'); new BroadcastChannel('mcp-auth callback').postMessage('https://evil.example/?code=x'); });
  await x.page.waitForTimeout(200);
  assert.equal(await x.page.innerHTML('#rows'), before, 'nothing moved');
  assert.ok(x.requests.every((u) => u.startsWith(at.origin)), 'nothing was asked of the server that the link names');
  await x.close();
});

/** A server for pages of any origin that answers what a test wants. */
async function liar(answers) {
  const s = http.createServer((req, res) => {
    res.setHeader('access-control-allow-origin', '*');
    res.setHeader('access-control-allow-headers', '*');
    res.setHeader('access-control-expose-headers', 'WWW-Authenticate');
    if (req.method === 'OPTIONS') return res.writeHead(204).end();
    const a = answers[req.url] || { status: 404, body: '{}' };
    res.writeHead(a.status || 200, { 'content-type': 'application/json', ...a.headers });
    typeof a.body === 'function' ? a.body(res) : res.end(a.body);
  });
  await new Promise((done) => s.listen(0, '127.0.0.1', done));
  return { origin: `http://127.0.0.1:${s.address().port}`, answers, close: () => { s.closeAllConnections(); s.close(); } };
}

async function against(origin, flow = 'auth-code') {
  const x = await fresh(browser, at.origin);
  await set(x.page, { flow, target: 'url' });
  await x.page.fill('#url', `${origin}/mcp`);
  await x.page.press('#url', 'Enter');
  await x.page.waitForTimeout(100);
  return x;
}

test('BR-06 an authorization endpoint that is no http address is not opened', async () => {
  const answers = {};
  const s = await liar(answers);
  Object.assign(answers, { '/mcp': { status: 401, headers: { 'www-authenticate': 'Bearer' }, body: '{}' },
    '/.well-known/oauth-protected-resource/mcp': { body: JSON.stringify({ resource: `${s.origin}/mcp`, authorization_servers: [s.origin] }) },
    '/.well-known/oauth-authorization-server': { body: JSON.stringify({ issuer: s.origin, authorization_endpoint: 'javascript:window.pwned=1', token_endpoint: `${s.origin}/token`, response_types_supported: ['code'], code_challenge_methods_supported: ['S256'] }) } });
  const x = await against(s.origin);
  await press(x.page, 'run');
  assert.match(await x.page.textContent('#verdict'), /endpoint that may not be used/);
  assert.equal(x.context.pages().length, 1, 'no window opened');
  assert.equal(await x.page.evaluate(() => window.pwned), undefined, 'no script ran');
  await x.close();
  s.close();
});

test('BR-12 a document without end is refused, and a hundred runs do not grow the page', async () => {
  const s = await liar({ '/mcp': { status: 401, body: (res) => { const more = () => { while (res.write('x'.repeat(1 << 16))) ; res.once('drain', more); }; more(); } } });
  const x = await against(s.origin);
  await press(x.page, 'step');
  await x.page.waitForSelector('#verdict:has-text("longer than a megabyte")');
  await x.close();
  s.close();
  const y = await fresh(browser, at.origin);
  const bytes = () => y.page.workers()[0].evaluate(() => globalThis.memory.buffer.byteLength);
  const runs = (n) => y.page.evaluate(async (n) => {
    const idle = async () => { do await new Promise((done) => setTimeout(done)); while (document.body.dataset.busy !== '0'); };
    let rows = 0;
    for (let i = 0; i < n; i++)
      for (const id of ['run', 'reset']) {
        document.getElementById(id).click();
        await idle();
        rows = Math.max(rows, document.querySelectorAll('#rows button[data-n]').length);
      }
    return rows;
  }, n);
  assert.ok(await runs(5) >= 20, 'runs were made');
  const few = await bytes();
  await runs(95);
  assert.ok((await bytes()) <= 2 * few, 'memory after 100 runs is at most twice that after 5');
  await y.close();
});

test('11 budgets: front end, core, first row, a step', async () => {
  let own = 0;
  for (const dir of [folder, path.join(folder, 'page')])
    for (const name of await readdir(dir))
      if (/\.(html|css|js)$/.test(name) && name !== 'wasm_exec.js') own += (await readFile(path.join(dir, name))).length;
  assert.ok(own <= 60 * 1024, `${own} bytes of HTML, CSS and JS`);
  const packed = await readFile(path.join(folder, 'page/core.wasm.gz'));
  assert.ok(packed.length <= 1.6e6, `${packed.length} bytes of core with gzip`);
  const brotli = zlib.brotliCompressSync(zlib.gunzipSync(packed), { params: { [zlib.constants.BROTLI_PARAM_QUALITY]: 11, [zlib.constants.BROTLI_PARAM_LGWIN]: 24 } });
  assert.ok(brotli.length <= 1.2e6, `${brotli.length} bytes of core with brotli`);
  console.log(`front end ${own}, gzip ${packed.length}, brotli ${brotli.length}`);
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.route('**/core.wasm.gz', () => {}); // the core never comes
  await page.goto(at.origin);
  await page.waitForSelector('#rows li.planned .row');
  assert.ok(await page.isDisabled('#step'), 'the plan is drawn before the core is here');
  await context.close();
});

test('4 axe finds nothing, and nothing scrolls sideways at 320', async () => {
  const axe = await readFile(new URL('node_modules/axe-core/axe.min.js', import.meta.url), 'utf8');
  const scenes = { start: async () => {}, consent: async (p) => { for (let i = 0; i < 5; i++) await press(p, 'step'); },
    failure: async (p) => { await set(p, { fault: 'at.iss.other' }); await press(p, 'run'); }, http: async (p) => { await press(p, 'run'); await p.click('#tab-http'); },
    state: async (p) => { await press(p, 'run'); await p.click('#tab-state'); }, help: async (p) => { await p.click('#help'); }, check: async (p) => { await p.click('#check'); await p.waitForSelector('#checked:has-text("passed")'); },
    device: async (p) => { await set(p, { flow: 'device' }); for (let i = 0; i < 8; i++) await press(p, 'step'); } };
  const wrong = [];
  for (const [name, scene] of Object.entries(scenes)) {
    const x = await fresh(browser, at.origin, { bypassCSP: true, reducedMotion: 'reduce' });
    await scene(x.page);
    await x.page.evaluate(axe);
    for (const [width, colorScheme] of [[1440, 'light'], [1440, 'dark'], [1024, 'light'], [390, 'light'], [390, 'dark'], [320, '']]) {
      await x.page.setViewportSize({ width, height: 800 });
      if (colorScheme) await x.page.emulateMedia({ colorScheme });
      const wide = await x.page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      if (wide > 0) wrong.push(`${name} ${width}: scrolls sideways by ${wide}`);
      if (!colorScheme) continue;
      const rules = colorScheme === 'dark' ? ['color-contrast'] : ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']; // the dark theme has other colours, and nothing else
      const r = await x.page.evaluate((runOnly) => axe.run(document, { iframes: false, runOnly }), rules);
      for (const v of r.violations) wrong.push(`${name} ${colorScheme} ${width}: ${v.id}: ${v.nodes.slice(0, 2).map((n) => n.html.slice(0, 160)).join(' | ')}`);
    }
    await x.close();
  }
  assert.deepEqual(wrong, []);
});

test('4 no key is lost that is typed while a step is under way', async () => {
  const x = await fresh(browser, at.origin);
  const type = (...keys) => x.page.evaluate((all) => { for (const key of all) document.body.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true })); }, keys);
  await type(' ', 'r');
  await x.page.waitForSelector('#sentence:has-text("went through")');
  await type('0', ' ', ' ');
  await x.page.waitForFunction(() => document.body.dataset.busy === '0');
  const typed = await x.page.locator('#rows button[data-n]').count();
  await press(x.page, 'reset');
  await press(x.page, 'step');
  await press(x.page, 'step');
  assert.equal(typed, await x.page.locator('#rows button[data-n]').count(), 'reset and two steps, typed and pressed');
  await x.close();
});

test('4 a whole login by keyboard alone', async () => {
  const x = await fresh(browser, at.origin);
  await x.page.keyboard.press('Space');
  await x.page.waitForSelector('#rows button[data-n="2"]');
  await x.page.keyboard.press('Shift+Space');
  await x.page.waitForSelector('#back[aria-disabled=true]');
  await x.page.keyboard.press('r'); // perhaps while Back is not done: it waits its turn
  await x.page.waitForSelector('#sentence:has-text("went through")');
  const last = Number(await x.page.getAttribute('#rows [aria-current]', 'data-n'));
  await x.page.keyboard.press('k');
  await x.page.keyboard.press('2');
  await x.page.waitForSelector('#tab-http[aria-selected=true]');
  assert.equal(await x.page.getAttribute('#rows [aria-current]', 'data-n'), String(last - 1), 'the row before the last');
  await x.page.keyboard.press('?');
  await x.page.waitForSelector('dialog[open]');
  await x.page.keyboard.press('Escape');
  await x.page.waitForSelector('dialog:not([open])', { state: 'attached' });
  await x.page.focus('#rows [aria-current]');
  await x.page.keyboard.press('ArrowUp');
  await x.page.waitForFunction((n) => document.activeElement?.dataset.n === String(n), last - 2);
  await x.close();
});

test('4 the button that was pressed keeps the focus, and Shift+Space on it is Back', async () => {
  const x = await fresh(browser, at.origin);
  const rows = () => x.page.locator('#rows button[data-n]').count();
  for (const id of ['step', 'step', 'back', 'run', 'reset']) {
    await x.page.focus(`#${id}`);
    await x.page.keyboard.press('Enter');
    await x.page.waitForFunction(() => document.body.dataset.busy === '0');
    assert.equal(await x.page.evaluate(() => document.activeElement.id), id, `${id} has it still`);
  }
  await press(x.page, 'step');
  const before = await rows();
  await press(x.page, 'step');
  await x.page.focus('#step');
  await x.page.keyboard.press('Shift+Space');
  await x.page.waitForFunction(() => document.body.dataset.busy === '0');
  assert.equal(await rows(), before, 'a step back, from the Step button too');
  await x.close();
});
