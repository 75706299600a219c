// The page: settings, moves, verdict, screens, trace in and out. What happens
// is decided by the core; this file asks it and draws the answer.
import { $, fill, h } from './dom.js';
import { call, ready } from './core.js';
import { draw, reveal } from './rows.js';
import { inspect } from './inspect.js';
import { showScreens } from './screens.js';
import * as live from './live.js';

let view = null; // the run as the core shows it
let current = 0; // the row that is inspected; 0: none
let tab = 'explain';
let busy = 0; // how much is being done
let seed = 1;
const root = document.documentElement;
const settings = ['flow', 'revision', 'registration', 'fault'];

// ---- showing

const glyphs = { ok: '✓', ready: '▸', running: '▸', waiting: '!', note: '!' };

function showVerdict() {
	const v = view.verdict;
	const kind = glyphs[v.kind] ? v.kind : 'bad';
	const jump = v.row > 0 && h('button', { onclick: () => select(v.row) }, 'See message ', v.row);
	$('verdict').className = `is-${kind}`;
	const said = h('span#sentence', v.text, ' ', jump);
	const more = [v.want && [h('b', 'Want '), h('code', v.want)], v.got && [h('b', 'Got '), h('code', v.got)], v.cite,
		v.cause && [h('b', 'Usually because: '), v.cause, v.fix && h('b', ' To fix: '), v.fix]].flatMap((x) => (x ? [' · ', x] : []));
	fill($('verdict'), h('b.mark', { 'aria-hidden': 'true' }, glyphs[kind] || '✕'), ' ', said, v.cause && h('div.more', more.slice(1)));
}

const clock = (s) => `${s / 3600 | 0}`.padStart(2, 0) + new Date(s * 1000).toISOString().slice(13, 19);

// The buttons of a run are never disabled: that would take the focus from them.
const off = (id) => $(id).ariaDisabled === 'true';
const turn = (id, on) => { $(id).ariaDisabled = !on; };

function showControls() {
	const { replay, live: real, moves, over } = view;
	document.body.dataset.busy = busy;
	turn('back', !busy && !replay && !real && moves);
	$('back').title = real ? 'A real server forgets nothing' : '';
	turn('reset', real || (!busy && (replay || moves)));
	turn('run', !busy && !over);
	turn('step', live.visiting || !off('run'));
	$('advance').disabled = off('run') || real;
	for (const k of settings) $(k).disabled = replay || (real && /revision|fault/.test(k)) || (k === 'registration' && $('flow').value === 'bearer');
	fill($('reset'), replay ? 'Close trace' : 'Reset');
	fill($('step'), replay ? ['A recorded trace', h('span.detail', ' ', view.name)] : live.visiting ? 'Open the page again' : view.lacks ? 'No server yet' : over ? 'Finished' : ['Step ▸ ', view.next, view.detail && h('span.detail', ' ', view.detail)]);
	$('clock').textContent = view.clock == null ? '--' : real ? 'real time' : clock(view.clock);
	$('link').disabled = $('export').disabled = !view.rows[0];
}

async function show(next, follow = true) {
	view = next;
	view.flow ||= $('flow').value;
	if (view.live && new URL(target()).origin !== location.origin)
		for (const f of [view.verdict, ...view.findings]) if (f.id === 'challenge.missing') f.cause = 'It is not sent, or Access-Control-Expose-Headers does not name it: a page cannot tell.';
	if (follow) current = view.verdict.row && view.over ? view.verdict.row : view.rows.findLast((r) => !r.pending)?.n || 0;
	if (current > view.rows.length) current = 0;
	draw(view, current, select);
	showVerdict();
	showControls();
	showScreens(view, { submit: (m) => move('submit', m), early: () => move('early'), advance: (s) => move('advance', s) });
	if (follow) reveal(current);
	await showRow();
}

const start = $('panel').cloneNode(true);
async function showRow() {
	if (!current) return fill($('panel'), [...start.cloneNode(true).childNodes]);
	const d = await call('row', current);
	if (view.replay && d.row) d.row.pending = false;
	if (d.row) inspect(tab, d, view, select, { copy, edit, again: showRow });
}

async function select(n) {
	if (!view || n < 1 || n > view.rows.length) return;
	current = n;
	if (!$(`m${n}`)) draw(view, current, select); // it was folded
	for (const b of document.querySelectorAll('#rows button')) {
		b.ariaCurrent = +b.dataset.n === n ? 'step' : null;
		b.tabIndex = b.ariaCurrent ? 0 : -1;
		b.classList.remove('lit');
	}
	reveal(n);
	await showRow();
	$('panel').scrollTop = 0;
}

function choose(name, focus) {
	tab = name;
	for (const t of document.querySelectorAll('[role=tab]')) {
		const on = t.id === `tab-${name}`;
		t.ariaSelected = on;
		t.tabIndex = on ? 0 : -1;
		if (on && focus) t.focus();
	}
	$('panel').setAttribute('aria-labelledby', `tab-${name}`);
	return showRow();
}

// ---- moving

let last = Promise.resolve();

/** One thing after the other, but for a visit; what goes wrong is said, never swallowed. */
function doing(work) {
	busy++;
	say();
	if (view) showControls();
	const now = (live.visiting ? ready : last).then(work).catch((e) => (view ? say : broken)(e.message)).then(() => {
		busy--;
		if (view) showControls();
		while (!busy && keyed.length) $(keyed.shift()).click();
	});
	last = Promise.all([last, now]);
	return now;
}

const keyed = []; // what was asked for by key while something else was being done

/** Presses a button by key, and loses no key typed ahead. A real server gets nothing that was typed ahead. */
function key(id, e) {
	if (busy && off(id) && !view.live && !e.repeat) keyed.push(id);
	else $(id).click();
}

/** A message, until the next thing is done. */
const say = (...what) => fill($('said'), ...h('span', what).childNodes);

const target = () => ($('target').value === 'url' ? $('url').value.trim() : $('target').value === 'self' ? location.origin + ($('flow').value === 'bearer' ? '/mcp/bearer-token' : '/mcp/oauth') : '');

async function begin() {
	const c = Object.fromEntries(settings.map((k) => [k, $(k).value]));
	c.seed = seed;
	const lacks = $('target').value === 'url' && !live.reachable($('url').value.trim()) ? live.rule : '';
	$('wrong').textContent = lacks;
	c.live = lacks ? '' : target();
	if (c.live) Object.assign(c, { secret: crypto.getRandomValues(new Uint8Array(32)).join(), redirect: live.redirect(), fault: '', revision: '' });
	current = 0;
	const v = await call('new', c);
	moves = [];
	if (lacks) Object.assign(v, { lacks, over: true, verdict: { kind: 'waiting', text: lacks } });
	await show(v, false);
	return v;
}

let moves = []; // what kind each was

async function go(kind, what) {
	const v = await call('move', kind, what);
	moves.push(kind);
	return v;
}

const move = (kind, what) => doing(async () => show(await go(kind, what)));
const step = () => (live.visiting ? live.again() : doing(async () => (view.live ? live.step(show, say) : show(await go('step')))));
const back = () => doing(async () => { await show(await call('back')); moves.pop(); });
const anew = (work) => { live.stop(); return doing(work); };
const reset = () => anew(begin);
const run = () => doing(async () => {
	let next = view;
	if (next.live) while (!view.over && (await live.step(show, say)));
	else {
		while (!next.over) next = await go('step');
		await show(next);
	}
});

// ---- trace in and out

async function copy(text, name) {
	try {
		await navigator.clipboard.writeText(text);
		say(`Copied: ${name}`);
	} catch {
		ask(`Copy this ${name}`, '', h('textarea', { rows: 12, readonly: true, 'aria-label': name }, text));
	}
}

function save(name, text) {
	const url = URL.createObjectURL(new Blob([text]));
	h('a', { href: url, download: name }).click();
	setTimeout(() => URL.revokeObjectURL(url), 1000);
	say(`Saved ${name}`);
}

const base64url = (bytes) => btoa(String.fromCharCode(...bytes)).replace(/[+/=]/g, (c) => ({ '+': '-', '/': '_' })[c] || '');
const through = (data, stream) => live.upTo(32, new Blob([data]).stream().pipeThrough(stream));

/** The trace that a HAR of ours carries along. */
function fromHAR(text) {
	const events = JSON.parse(text).log._mcpauth;
	if (!events) throw new Error('This HAR was not written by mcp-auth: it has no _mcpauth.');
	return ['{"v":1,"producer":"HAR"}', ...events.map((e) => JSON.stringify(e)), ''].join('\n');
}

async function exporting(kind) {
	if (kind === 'tracelink') {
		const text = view.replay ? fromHAR(await call('export', 'har')) : await call('export', 'ndjson'); // without secrets, which a file may hold
		const packed = await through(text, new CompressionStream('deflate-raw'));
		return copy(`${location.href.split('#')[0]}#t=${base64url(new Uint8Array(await packed.arrayBuffer()))}`, 'link with the trace');
	}
	const open = $('open-secrets').checked;
	if (open) {
		const word = h('input', { 'aria-label': 'secrets', autocomplete: 'off' });
		const go = await ask('Export with secrets?', 'Export', h('p', 'Whoever gets it can use the tokens in it. Type ', h('b', 'secrets'), ' to go on: ', word));
		if (!go || word.value.trim() !== 'secrets') return say('Nothing was exported');
	}
	const text = await call('export', kind, open);
	return /ndjson|har/.test(kind) ? save(`${open ? 'with-secrets-' : ''}login.${kind}`, text) : copy(text, kind);
}

async function load(text, name) {
	const v = await call('load', /^\s*{\s*"log"/.test(text) ? fromHAR(text) : text);
	for (const r of v.rows) r.pending = false; // it was sent, and not answered
	current = 0;
	await show(Object.assign(v, { name, flow: v.rows.some((r) => /^device/.test(r.step)) ? 'device' : 'auth-code' }));
}

function link() {
	if (view.replay) return exporting('tracelink');
	if (moves.some((m) => m !== 'step')) return say('A link repeats steps only, not what you did by hand. Export has a link with the trace.');
	const p = new URLSearchParams({ v: 1 });
	for (const k of settings) if ($(k).value) p.set(k, $(k).value);
	if (view.live) p.set('target', target());
	else { p.set('seed', seed); p.set('step', view.moves); }
	return copy(`${location.href.split('#')[0]}#${p}`, 'link');
}

/** A link sets the page up: what it leaves out is as at first. It sends
 * nothing: a live target waits for a click. */
async function fromLink() {
	const p = new URLSearchParams(location.hash.slice(1));
	let wrong = '';
	if (p.get('t')) try {
		const bytes = Uint8Array.from(atob(p.get('t').replace(/-/g, '+').replace(/_/g, '/')), (c) => c.charCodeAt(0));
		return await load(await (await through(bytes, new DecompressionStream('deflate-raw'))).text(), 'from a link');
	} catch (e) {
		wrong = `The trace in the link cannot be read: ${e.message}`;
	}
	for (const k of settings) {
		const all = [...$(k).options];
		(all.find((o) => o.value === p.get(k)) || all[0]).selected = true;
	}
	$('target').value = p.has('target') ? 'url' : '';
	$('url').value = p.get('target');
	seed = p.get('seed') >>> 0 || 1;
	chosen();
	let next = await begin();
	const steps = view.live ? 0 : Math.min(p.get('step') >>> 0, 500);
	for (let i = 0; i < steps && !next.over; i++) next = await go('step');
	if (steps) await show(next);
	say(wrong);
}

// ---- dialogs

/** A dialog: true when its action was chosen, false when it was left. */
function ask(title, action, ...body) {
	const d = $('dialog');
	$('dialog-title').textContent = title;
	fill($('dialog-body'), ...body);
	$('do').hidden = !action;
	$('do').textContent = action;
	$('leave').textContent = action ? 'Cancel' : 'Close';
	d.returnValue = '';
	d.showModal();
	return new Promise((done) => { d.onclose = () => done(d.returnValue === 'yes'); });
}

const kept = {}; // where storage is blocked, until the page is left
try { Object.assign(kept, localStorage); } catch { /* nothing was kept */ }

function keep(name, value) {
	kept[name] = value;
	try { localStorage.setItem(name, value); } catch { /* nor will be */ }
}

const keys = [['Space', 'step'], ['Shift Space', 'back'], ['R', 'run all'], ['0', 'reset'], ['J K', 'next, previous message'], ['1 2 3', 'Explain, HTTP, State'], ['E', 'edit the next request'], ['F', 'what goes wrong'], ['C', 'copy link'], ['?', 'this help']];

function help() {
	const box = h('input', { type: 'checkbox', checked: !kept.nokeys, onchange: () => keep('nokeys', box.checked ? '' : 1) });
	ask('Help', '', h('p', 'Rows are recorded messages; dotted ones are to come. ✕ failed, ! odd but tolerated, ✓ refused as it must be.'),
		h('dl', keys.map(([k, what]) => [h('dt', h('kbd', k)), h('dd', what)])), h('p', h('label', box, ' single-key shortcuts')),
		h('p', 'Exports and links have labels for secrets, equal ones for equal values. A file of mcp-auth --trace can be dropped here.'));
}

const json = (name) => fetch(new URL(name, import.meta.url)).then((r) => r.json());

async function check() {
	const list = h('ol.results'), end = h('p#checked', { role: 'status' }, 'Running…');
	ask('Check myself', '', h('p', "The core's flow scripts, played here with Ed25519 keys."), list, end);
	let bad = 0, n = 0;
	try {
		for (const [name, text] of Object.entries(await json('scripts.json'))) {
			const r = await call('script', text).catch((e) => ({ difference: e.message }));
			if (!list.getClientRects().length) return; // it was closed
			r.difference ? bad++ : n++;
			list.append(h('li', { class: r.difference ? 'bad' : 'ok' }, h('b.mark', r.difference ? '✕ fail' : '✓ pass'), h('code', name), r.steps && ` ${r.steps} steps`, r.difference && h('pre', r.difference)));
		}
		end.textContent = `${n} passed, ${bad} failed`;
	} catch (e) {
		end.textContent = `The scripts did not load: ${e.message}`;
	}
}

async function edit(m) {
	const url = h('input', { value: m.url, 'aria-label': 'URL', size: 60 });
	const headers = h('textarea', { rows: 6, 'aria-label': 'Headers, one a line' }, m.headers.map((x) => x.join(': ')).join('\n'));
	const body = h('textarea', { rows: 8, 'aria-label': 'Body' }, m.body);
	if (!(await ask('Edit the next request', 'Use this request', h('p', m.method, ' ', url), h('p', 'Headers', headers), h('p', 'Body', body)))) return;
	const lines = [...headers.value.matchAll(/^(.+?):(.*)$/gm)].map(([, n, v]) => [n.trim(), v.trim()]);
	if (url.value !== m.url || body.value !== m.body || JSON.stringify(lines) !== JSON.stringify(m.headers))
		await move('edit', { method: m.method, url: url.value, headers: lines, body: body.value });
}

function chosen() {
	$('urlbox').hidden = $('target').value !== 'url';
	for (const o of $('fault').querySelectorAll('option[data-flows]')) o.disabled = !o.dataset.flows.split(' ').includes($('flow').value);
	if ($('fault').selectedOptions[0]?.disabled) $('fault').value = '';
	const needs = $('fault').selectedOptions[0]?.dataset.client;
	const own = ['client-creds', 'bearer'].includes($('flow').value);
	$('registration').querySelector('[value=cimd]').disabled = own;
	if (needs || (own && $('registration').value === 'cimd')) $('registration').value = needs || 'dynamic';
}

// ---- wiring

const shortcuts = {
	' ': (e) => key(e.shiftKey ? 'back' : 'step', e), r: (e) => key('run', e), 0: (e) => key('reset', e),
	j: () => select(current + 1), k: () => select(current - 1), 1: () => choose('explain'), 2: () => choose('http'), 3: () => choose('state'),
	f: () => $('fault').focus(), c: () => $('link').click(), '?': help,
	e: async () => { const next = !view.live && view.rows.find((r) => r.pending); if (next) edit((await call('row', next.n)).request); },
};

function pressed(e) {
	const t = e.target;
	if (e.ctrlKey || e.metaKey || e.altKey || $('dialog').open) return;
	const by = { ArrowDown: 1, ArrowUp: -1, ArrowRight: 4, ArrowLeft: 2 }[e.key];
	if (t.closest('#rows') && by * by === 1) {
		e.preventDefault();
		return select(Math.max(1, current + by)).then(() => document.querySelector('#rows [aria-current]')?.focus());
	}
	if (t.role === 'tab' && by > 1) {
		const all = ['explain', 'http', 'state'];
		return choose(all[(all.indexOf(tab) + by) % 3], true);
	}
	const f = shortcuts[e.key.length === 1 ? e.key.toLowerCase() : e.key];
	if (!f || !view || kept.nokeys || t.matches('input,select,textarea') || (e.key === ' ' && !e.shiftKey && t.matches('button,a') && !t.closest('#rows'))) return;
	e.preventDefault();
	f(e);
}

function wire() {
	const on = { step, run, reset, back, help, check, link: () => doing(link), open: () => $('file').click() };
	for (const [id, f] of Object.entries(on)) $(id).onclick = () => off(id) || f();
	for (const id of [...settings, 'target', 'url']) $(id).onchange = () => { chosen(); reset(); };
	for (const [id, f] of [['advance', (s) => move('advance', +s)], ['export', (k) => doing(() => exporting(k))]]) $(id).onchange = ({ target: t }) => { f(t.value); t.value = ''; };
	const open = ([file]) => file && anew(async () => load(await file.text(), file.name));
	$('file').onchange = () => { open([...$('file').files]); $('file').value = ''; };
	for (const t of document.querySelectorAll('[role=tab]')) t.onclick = () => choose(t.id.slice(4));
	addEventListener('keydown', pressed);
	addEventListener('keyup', (e) => e.key === ' ' && e.shiftKey && e.target.matches('button') && e.preventDefault());
	new ResizeObserver(() => root.style.setProperty('--top', `${$('top').offsetHeight}px`)).observe($('top'));
	addEventListener('dragover', (e) => e.preventDefault());
	addEventListener('drop', (e) => { e.preventDefault(); open(e.dataTransfer.files); });
	addEventListener('hashchange', () => /[#&][tv]=/.test(location.hash) && anew(fromLink));
	$('theme').value = kept.theme || '';
	const paint = () => { root.style.colorScheme = $('theme').value; };
	$('theme').onchange = () => { keep('theme', $('theme').value); paint(); };
	paint();
	$('self').hidden = root.dataset.served === 'static';
}

async function main() {
	if (location.search) history.replaceState(null, '', location.pathname + location.hash); // whatever a redirect left there
	if (window.top !== window) return void document.body.replaceChildren('This page does not run inside another one.');
	wire();
	json('plan.json').then((plan) => view || draw({ flow: 'auth-code', rows: [], plan }, 0)).catch(() => {}); // until the core is here
	await ready;
	const menu = await call('menu');
	$('flow').append(...menu.flows.slice(1).map((f) => h('option', { value: f.id }, f.text)));
	fill($('revision'), menu.revisions.map((r, i) => h('option', { value: i ? r : '' }, r)));
	$('fault').append(...Object.entries(Object.groupBy(menu.faults, (f) => f.who)).map(([who, all]) => h('optgroup', { label: who }, all.map((f) => h('option', { value: f.id, 'data-flows': f.flows.join(' '), 'data-client': f.client }, f.text)))));
	await doing(fromLink);
}

main().catch((e) => broken(`The core did not load: ${e.message}`));
