// Live mode: the page that a server brought along logs in to that server; from
// elsewhere each failure has a name. And what the command line recorded opens.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { exported, fresh, host, launch, native, press, set } from './browser.js';

const folder = process.env.PAGE;
let at, browser, server;
before(async () => { at = await host(folder); browser = await launch(); server = await native(); });
after(async () => { await browser.close(); at.close(); server.stop(); });

for (const flow of ['client-creds', 'bearer'])
  test(`8 ${flow} against the server that serves the page`, async () => {
    const x = await fresh(browser, server.origin);
    await set(x.page, { flow, target: 'self' });
    await press(x.page, 'run');
    await x.page.waitForSelector('#sentence:has-text("went through")');
    assert.deepEqual(x.complaints.filter((c) => !/401/.test(c)), [], 'nothing but the 401 that is wanted is complained about');
    await x.close();
  });

test('8 auth-code against the server that serves the page, with its own consent page', async () => {
  const x = await fresh(browser, server.origin);
  await set(x.page, { target: 'self' });
  const opened = x.context.waitForEvent('page');
  await x.page.click('#run');
  const consent = await opened;
  await consent.click('button[value=approve]');
  await x.page.waitForSelector('#sentence:has-text("went through")');
  assert.ok(await x.page.locator('#rows button:has-text("GET /callback code state iss")').count(), 'the callback came back');
  await x.close();
});

test('8 device against the server that serves the page', async () => {
  const x = await fresh(browser, server.origin);
  await set(x.page, { flow: 'device', target: 'self' });
  await x.page.click('#run');
  await x.page.waitForSelector('.code');
  const phone = await x.context.newPage();
  await phone.goto(`${server.origin}/oauth/device/verify?user_code=${await x.page.textContent('.code')}`);
  await phone.click('button[value=approve]');
  await x.page.waitForSelector('#sentence:has-text("went through")', { timeout: 20000 });
  await x.close();
});

async function elsewhere(origin, url) {
  const x = await fresh(browser, origin);
  await set(x.page, { flow: 'client-creds', target: 'url' });
  await x.page.fill('#url', url);
  await x.page.press('#url', 'Enter');
  await x.page.waitForTimeout(100);
  await press(x.page, 'step');
  await x.page.waitForSelector('#rows .is-bad');
  const said = await x.page.textContent('#verdict');
  await x.close();
  return said;
}

test('8 a server that does not let the page read is told from one that is not there', async () => {
  assert.match(await elsewhere(at.origin, `${server.origin}/mcp/oauth`), /Access-Control-Allow-Origin is missing/);
  assert.match(await elsewhere(at.origin, 'http://127.0.0.1:9/mcp'), /nothing answers at/);
});

test('8 a page from the network that may not reach this computer is told so', async () => {
  const port = new URL(at.origin).port;
  const public_ = await launch([`--ip-address-space-overrides=127.0.0.1:${port}=public`]);
  const before = browser;
  browser = public_;
  try {
    assert.match(await elsewhere(`http://page.localhost:${port}`, `${server.origin}/mcp/oauth`), /local network|programs on this computer/);
  } finally {
    browser = before;
    await public_.close();
  }
});

test('3 the trace of the command line opens and goes out as it came', async () => {
  const dir = await mkdtemp(path.join(os.tmpdir(), 'trace'));
  const file = path.join(dir, 'login.ndjson');
  await promisify(execFile)(path.join(process.env.BIN, 'mcp-auth'), ['login', `${server.origin}/mcp/oauth`, '--auth-mode', 'client-creds', '--register', '--trace', file], { env: { ...process.env, HOME: dir, XDG_CONFIG_HOME: dir, XDG_STATE_HOME: dir, XDG_DATA_HOME: dir } });
  const x = await fresh(browser, at.origin);
  await x.page.setInputFiles('#file', file);
  await x.page.waitForSelector('#step:has-text("A recorded trace")');
  assert.match(await x.page.textContent('#sentence'), /went through/);
  assert.equal(await exported(x.page, 'ndjson'), await readFile(file, 'utf8'), 'byte for byte');
  await x.close();
  await rm(dir, { recursive: true });
});
