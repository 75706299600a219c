// The page: settings, moves, verdict, screens, trace in and out. What happens
// is decided by the core; this file asks it and draws the answer.
import { $, fill, h, visible } from './dom.js';
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
const settings = ['flow', 'revision', 'registration', 'fault'];

// ---- showing

const glyphs = { ok: '✓', ready: '▸', running: '▸', waiting: '!', note: '!' };

function showVerdict() {
	const v = view.verdict;
	const kind = glyphs[v.kind] ? v.kind : 'bad';
	const jump = v.row > 0 && h('button', { type: 'button', onclick: () => select(v.row) }, 'See message ', v.row);
	$('verdict').className = `is-${kind}`;
	const said = h('span#sentence', v.text, ' ', jump);
	const more = [v.want && [h('b', 'Want '), h('code', v.want), ', '], v.got && [h('b', 'got '), h('code', v.got), '. '], v.cite && `${v.cite}. `,
		v.cause && [h('b', 'Usually because: '), `${v.cause} `], v.fix && [h('b', 'To fix: '), v.fix]];
	fill($('verdict'), h('b.mark', { 'aria-hidden': 'true' }, glyphs[kind] || '✕'), ' ', said, v.cause && h('div.more', more));
}

function clock(s) {
	const p = (n) => String(Math.floor(n)).padStart(2, '0');
	return `${p(s / 3600)}:${p((s / 60) % 60)}:${p(s % 60)}`;
}

// The buttons of a run are never disabled: that would take the focus from them.
const off = (id) => $(id).ariaDisabled === 'true';
const turn = (id, on) => { $(id).ariaDisabled = !on; };

function showControls() {
	const { replay, live: real, moves, over } = view;
	document.body.dataset.busy = busy;
	turn('back', !busy && !replay && !real && moves);
	$('back').title = real ? 'What a real server was sent cannot be taken back' : '';
	turn('reset', real || (!busy && (replay || moves)));
	turn('step', !busy && !over);
	turn('run', !busy && !over);
	$('advance').disabled = busy || replay || real || over;
	fill($('step'), replay ? 'A recorded trace' : over ? 'Finished' : ['Step ▸ ', view.next, view.detail && h('span.detail', ' ', view.detail)]);
	$('clock').textContent = view.clock == null ? '--' : real ? 'real time' : clock(view.clock);
	$('link').disabled = $('export').disabled = view.rows.length === 0;
}

async function show(next, follow = true) {
	view = next;
	view.flow = $('flow').value;
	const sent = view.rows.filter((r) => !r.pending);
	if (follow) current = view.verdict.row && view.over ? view.verdict.row : sent.length ? sent[sent.length - 1].n : 0;
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
	if (!current) return fill($('panel'), ...[...start.cloneNode(true).childNodes]);
	const d = await call('row', current);
	if (d.row) inspect(tab, d, view, select, { copy, edit, again: showRow });
}

async function select(n) {
	if (!view || n < 1 || n > view.rows.length) return;
	current = n;
	draw(view, current, select);
	reveal(n);
	await showRow();
	$('panel').scrollTop = 0;
}

function choose(name, focus) {
	tab = name;
	for (const t of document.querySelectorAll('[role=tab]')) {
		const on = t.id === `tab-${name}`;
		t.setAttribute('aria-selected', on);
		t.tabIndex = on ? 0 : -1;
		if (on && focus) t.focus();
	}
	$('panel').setAttribute('aria-labelledby', `tab-${name}`);
	return showRow();
}

// ---- moving

let last = Promise.resolve();

/** One thing after the other; what goes wrong is said, never swallowed. */
function doing(work) {
	busy++;
	if (view) showControls();
	last = last.then(work).catch((e) => say(e.message)).then(() => {
		busy--;
		if (view) showControls();
		while (!busy && keyed.length) $(keyed.shift()).click();
	});
	return last;
}

const keyed = []; // what was asked for by key while something else was being done

/** Presses a button by key, and loses no key typed ahead. A real server gets nothing that was typed ahead. */
function key(id, e) {
	if (busy && off(id) && !view.live && !e.repeat) keyed.push(id);
	else $(id).click();
}

const say = (text) => { $('said').textContent = visible(text); };

const target = () => ($('target').value === 'url' ? $('url').value.trim() : $('target').value === 'self' ? location.origin + ($('flow').value === 'bearer' ? '/mcp/bearer-token' : '/mcp/oauth') : '');

async function begin() {
	const c = Object.fromEntries(settings.map((k) => [k, $(k).value]));
	c.seed = seed;
	c.live = target();
	if (c.live) {
		const random = [...crypto.getRandomValues(new Uint8Array(32))].map((b) => b.toString(16).padStart(2, '0')).join('');
		Object.assign(c, { secret: random, redirect: live.redirect(), fault: '', revision: '' });
	}
	for (const k of ['revision', 'fault']) $(k).disabled = Boolean(c.live);
	current = 0;
	await show(await call('new', c), false);
	return view;
}

const move = (kind, what) => doing(async () => show(await call('move', kind, what)));
const step = () => doing(async () => {
	if (!view.live) return show(await call('move', 'step'));
	await live.step(show, say);
});
const back = () => doing(async () => show(await call('back')));
const reset = () => { live.stop(); return doing(begin); };
const run = () => doing(async () => {
	if (view.live) {
		while (!view.over && (await live.step(show, say))) ;
		return;
	}
	let next = view;
	while (!next.over) next = await call('move', 'step');
	await show(next);
});

// ---- trace in and out

async function copy(text, name) {
	try {
		await navigator.clipboard.writeText(text);
		say(`Copied: ${name}`);
	} catch {
		ask(`Copy this ${name}`, h('textarea', { rows: 12, readonly: true, 'aria-label': name }, text));
	}
}

function save(name, text, type) {
	const url = URL.createObjectURL(new Blob([text], { type }));
	h('a', { href: url, download: name }).click();
	setTimeout(() => URL.revokeObjectURL(url), 1000);
	say(`Saved ${name}`);
}

const base64url = (bytes) => btoa(String.fromCharCode(...bytes)).replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '');
const through = async (data, stream) => new Uint8Array(await new Response(new Blob([data]).stream().pipeThrough(stream)).arrayBuffer());

async function exporting(kind) {
	if (kind === 'tracelink') {
		const packed = await through(await call('export', 'ndjson'), new CompressionStream('deflate-raw'));
		return copy(`${location.href.split('#')[0]}#t=${base64url(packed)}`, 'link');
	}
	const open = $('open-secrets').checked;
	if (open) {
		const word = h('input', { 'aria-label': 'secrets', autocomplete: 'off' });
		await ask('Export with secrets?', h('p', 'Whoever gets it can use the tokens in it. Type ', h('b', 'secrets'), ' to go on: ', word));
		if (word.value.trim() !== 'secrets') return say('Nothing was exported');
	}
	const text = await call('export', kind, open);
	const names = { ndjson: ['login.ndjson', 'application/x-ndjson'], har: ['login.har', 'application/json'] };
	if (names[kind]) return save(open ? `with-secrets-${names[kind][0]}` : names[kind][0], text, names[kind][1]);
	return copy(text, kind);
}

async function load(text) {
	live.stop();
	current = 0;
	await show(await call('load', text));
}

function link() {
	const p = new URLSearchParams({ v: 1 });
	for (const k of settings) if ($(k).value) p.set(k, $(k).value);
	p.set('seed', seed);
	p.set('step', view.moves);
	return copy(`${location.href.split('#')[0]}#${p}`, 'link');
}

/** A link sets the page up. It sends nothing: a live target waits for a click. */
async function fromLink() {
	const p = new URLSearchParams(location.hash.slice(1));
	if (p.get('t')) {
		const bytes = Uint8Array.from(atob(p.get('t').replace(/-/g, '+').replace(/_/g, '/')), (c) => c.charCodeAt(0));
		return load(new TextDecoder().decode(await through(bytes, new DecompressionStream('deflate-raw'))));
	}
	for (const k of settings) if (p.has(k) && [...$(k).options].some((o) => o.value === p.get(k))) $(k).value = p.get(k);
	if (p.has('target')) { $('target').value = 'url'; $('url').value = p.get('target'); $('urlbox').hidden = false; }
	seed = Number(p.get('seed')) >>> 0 || 1;
	faults();
	let next = await begin();
	const steps = view.live ? 0 : Math.min(Number(p.get('step')) || 0, 500);
	for (let i = 0; i < steps && !next.over; i++) next = await call('move', 'step');
	if (steps) await show(next);
}

// ---- dialogs

function ask(title, ...body) {
	$('dialog-title').textContent = title;
	fill($('dialog-body'), ...body);
	$('dialog').showModal();
	return new Promise((resolve) => $('dialog').addEventListener('close', () => resolve($('dialog').returnValue), { once: true }));
}

const keys = [['Space', 'step'], ['Shift Space', 'back'], ['R', 'run all'], ['0', 'reset'], ['J K', 'next, previous message'], ['1 2 3', 'Explain, HTTP, State'], ['E', 'edit the next request'], ['F', 'what goes wrong'], ['C', 'copy link'], ['?', 'this help']];

function help() {
	const box = h('input', { type: 'checkbox', checked: !localStorage.getItem('nokeys'), onchange: () => (box.checked ? localStorage.removeItem('nokeys') : localStorage.setItem('nokeys', 1)) });
	ask('Help', h('p', 'Every row is a recorded message; dotted ones are to come. Colours say who sends. ✕ failed, ! odd but tolerated, ✓ refused as it must be.'),
		h('dl', keys.map(([k, what]) => [h('dt', h('kbd', k)), h('dd', what)])), h('p', h('label', box, ' single-key shortcuts')),
		h('p', 'Exports and links carry labels for secrets; equal labels are equal values. Drop a file of mcp-auth --trace here.'));
}

async function check() {
	const list = h('ol.results');
	ask('Check myself', h('p', "All of the core's flow scripts, played here. Keys are Ed25519: the page has no other."), list, h('p#checked', { role: 'status' }, 'Running…'));
	let bad = 0;
	const all = Object.entries(await fetch(new URL('scripts.json', import.meta.url)).then((r) => r.json()));
	for (const [name, text] of all) {
		const r = await call('script', text).catch((e) => ({ difference: e.message }));
		if (r.difference) bad++;
		list.append(h('li', { class: r.difference ? 'bad' : 'ok' }, h('b.mark', r.difference ? '✕ fail' : '✓ pass'), h('code', name), r.steps && ` ${r.steps} steps`, r.difference && h('pre', r.difference)));
	}
	$('checked').textContent = `${all.length - bad} passed, ${bad} failed`;
}

async function edit(m) {
	const url = h('input', { value: m.url, 'aria-label': 'URL', size: 60 });
	const headers = h('textarea', { rows: 6, 'aria-label': 'Headers, one a line' }, m.headers.map((x) => x.join(': ')).join('\n'));
	const body = h('textarea', { rows: 8, 'aria-label': 'Body' }, m.body);
	await ask('Edit the next request', h('p', m.method, ' ', url), h('p', 'Headers', headers), h('p', 'Body', body));
	const lines = headers.value.split('\n').filter((l) => l.includes(':')).map((l) => [l.slice(0, l.indexOf(':')).trim(), l.slice(l.indexOf(':') + 1).trim()]);
	if (url.value !== m.url || body.value !== m.body || JSON.stringify(lines) !== JSON.stringify(m.headers))
		await move('edit', { method: m.method, url: url.value, headers: lines, body: body.value });
}

function faults() {
	for (const o of $('fault').querySelectorAll('option[data-flows]')) o.disabled = !o.dataset.flows.split(' ').includes($('flow').value);
	if ($('fault').selectedOptions[0]?.disabled) $('fault').value = '';
	const needs = $('fault').selectedOptions[0]?.dataset.client;
	const own = ['client-creds', 'bearer'].includes($('flow').value);
	$('registration').querySelector('[value=cimd]').disabled = own;
	if (needs || (own && $('registration').value === 'cimd')) $('registration').value = needs || 'dynamic';
	$('registration').disabled = $('flow').value === 'bearer';
}

// ---- wiring

const shortcuts = {
	' ': (e) => key(e.shiftKey ? 'back' : 'step', e), r: (e) => key('run', e), 0: (e) => key('reset', e),
	j: () => select(current + 1), k: () => select(current - 1), 1: () => choose('explain'), 2: () => choose('http'), 3: () => choose('state'),
	f: () => $('fault').focus(), c: () => $('link').click(), '?': help,
	e: async () => { const d = view.rows.find((r) => r.pending) && (await call('row', view.rows.find((r) => r.pending).n)); if (d?.request && !view.live) edit(d.request); },
};

function pressed(e) {
	const t = e.target;
	if (e.ctrlKey || e.metaKey || e.altKey || $('dialog').open) return;
	if (t.closest('#rows') && (e.key === 'ArrowDown' || e.key === 'ArrowUp')) {
		e.preventDefault();
		return select(Math.max(1, current + (e.key === 'ArrowDown' ? 1 : -1))).then(() => document.querySelector('#rows [aria-current]')?.focus());
	}
	if (t.role === 'tab' && (e.key === 'ArrowRight' || e.key === 'ArrowLeft')) {
		const all = ['explain', 'http', 'state'];
		return choose(all[(all.indexOf(tab) + (e.key === 'ArrowRight' ? 1 : 2)) % 3], true);
	}
	const f = shortcuts[e.key.length === 1 ? e.key.toLowerCase() : e.key];
	if (!f || !view || localStorage.getItem('nokeys') || t.matches('input,select,textarea') || (e.key === ' ' && !e.shiftKey && t.matches('button,a') && !t.closest('#rows'))) return;
	e.preventDefault();
	f(e);
}

function wire() {
	const on = { step, run, reset, back, help, check, link, open: () => $('file').click() };
	for (const [id, f] of Object.entries(on)) $(id).addEventListener('click', () => off(id) || f());
	for (const id of settings) $(id).addEventListener('change', () => { faults(); reset(); });
	$('target').addEventListener('change', () => { $('urlbox').hidden = $('target').value !== 'url'; if ($('target').value !== 'url' || $('url').value) reset(); });
	$('url').addEventListener('change', reset);
	$('advance').addEventListener('change', (e) => { const s = Number(e.target.value); e.target.value = ''; if (s) move('advance', s); });
	$('export').addEventListener('change', (e) => { const k = e.target.value; e.target.value = ''; if (k) doing(() => exporting(k)); });
	$('file').addEventListener('change', (e) => doing(async () => load(await e.target.files[0].text())));
	for (const t of document.querySelectorAll('[role=tab]')) t.addEventListener('click', () => choose(t.id.slice(4)));
	document.addEventListener('keydown', pressed);
	document.addEventListener('keyup', (e) => e.key === ' ' && e.shiftKey && e.target.matches('button') && e.preventDefault()); // it is Back there too
	new ResizeObserver(() => document.documentElement.style.setProperty('--top', `${$('top').offsetHeight}px`)).observe($('top'));
	document.addEventListener('dragover', (e) => e.preventDefault());
	document.addEventListener('drop', (e) => { e.preventDefault(); if (e.dataTransfer.files[0]) doing(async () => load(await e.dataTransfer.files[0].text())); });
	window.addEventListener('hashchange', () => doing(fromLink));
	const theme = () => { $('theme').value = localStorage.getItem('theme') || ''; document.documentElement.dataset.theme = $('theme').value; };
	$('theme').addEventListener('change', () => { localStorage.setItem('theme', $('theme').value); theme(); });
	theme();
	for (const o of document.querySelectorAll('option.served-only')) o.hidden = document.documentElement.dataset.served === 'static';
}

async function main() {
	if (location.search) history.replaceState(null, '', location.pathname + location.hash); // whatever a redirect left there
	if (window.top !== window) return void document.body.replaceChildren('This page does not run inside another one.');
	wire();
	const plan = await fetch(new URL('plan.json', import.meta.url)).then((r) => r.json());
	if (!view) draw({ flow: 'auth-code', rows: [], plan }, 0, () => {}); // before the core is here
	try {
		await ready;
	} catch (e) {
		$('step').textContent = 'The core did not load';
		return say(e.message);
	}
	const menu = await call('menu');
	$('flow').append(...menu.flows.slice(1).map((f) => h('option', { value: f.id }, f.text)));
	fill($('revision'), menu.revisions.map((r, i) => h('option', { value: i ? r : '' }, r)));
	const groups = Object.groupBy ? Object.groupBy(menu.faults, (f) => f.who) : { Faults: menu.faults };
	$('fault').append(...Object.entries(groups).map(([who, all]) => h('optgroup', { label: who }, all.map((f) => h('option', { value: f.id, 'data-flows': f.flows.join(' '), 'data-client': f.client }, f.text)))));
	await doing(fromLink);
}

main();
