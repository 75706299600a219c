// What every test of the page needs: a static host, a browser, a fresh page.
import { chromium } from 'playwright-core';
import http from 'node:http';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { spawn } from 'node:child_process';

const types = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css', '.gz': 'application/gzip', '.svg': 'image/svg+xml', '.json': 'application/json' };

/** Serves the built folder as a plain static host does: no policy, no header of ours. */
export async function host(folder) {
  const server = http.createServer(async (req, res) => {
    const name = path.join(folder, decodeURIComponent(new URL(req.url, 'http://x').pathname).replace(/\/$/, '/index.html'));
    try {
      if (!name.startsWith(folder)) throw new Error('outside');
      const body = await readFile(name);
      res.writeHead(200, { 'content-type': types[path.extname(name)] || 'application/octet-stream' }).end(body);
    } catch {
      res.writeHead(404).end();
    }
  });
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  return { origin: `http://127.0.0.1:${server.address().port}`, close: () => server.close() };
}

export const launch = (args = [], env = {}) => chromium.launch({ executablePath: process.env.CHROMIUM || '/usr/bin/chromium', env: { ...process.env, ...env },
  args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync', ...args] });

/** A page in a context of its own, with everything it complains about. */
export async function fresh(browser, url, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, ...options });
  const page = await context.newPage();
  const complaints = [], requests = [];
  page.on('console', (m) => ['error', 'warning'].includes(m.type()) && !/^Blocked autofocusing/.test(m.text()) && complaints.push(m.text()));
  page.on('pageerror', (e) => complaints.push(String(e)));
  page.on('request', (r) => requests.push(r.url()));
  page.on('dialog', (d) => { complaints.push('dialog ' + d.message()); d.dismiss(); });
  await page.goto(url);
  await page.waitForSelector('#step[aria-disabled=false]');
  return { page, context, complaints, requests, close: () => context.close() };
}

/** Sets the controls and waits for the run to be set up anew. */
export async function set(page, settings) {
  for (const [id, value] of Object.entries(settings)) await page.selectOption(`#${id}`, value);
  await page.waitForFunction(() => document.body.dataset.busy === '0');
}

export async function press(page, id) {
  await page.click(`#${id}`);
  await page.waitForFunction(() => document.body.dataset.busy === '0');
}

/** What the page exports, as text. */
export async function exported(page, kind, secrets = false) {
  await page.setChecked('#open-secrets', secrets);
  const coming = page.waitForEvent('download');
  await page.selectOption('#export', kind);
  if (secrets) {
    await page.fill('dialog input', 'secrets');
    await page.keyboard.press('Enter');
  }
  const stream = await (await coming).createReadStream();
  let text = '';
  for await (const part of stream) text += part;
  return text;
}

/** The native server on a free port. */
export async function native(args = []) {
  const child = spawn(path.join(process.env.BIN, 'mcp-auth-server'), ['--listen', '127.0.0.1:0', '--log-format', 'off', '--device-interval', '1s', ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  const first = await new Promise((done, failed) => {
    child.stdout.once('data', (b) => done(String(b).split('\n')[0]));
    child.once('exit', () => failed(new Error('the server did not start')));
  });
  return { origin: first.slice(first.lastIndexOf('http')), stop: () => child.kill() };
}
