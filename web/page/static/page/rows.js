// The message list: an ordered list of buttons on a grid, one column pair a
// lane. Every drawn row comes from a recorded event; planned ones are dotted.
import { $, h } from './dom.js';

const names = { resource: 'MCP server', 'authorization server': 'Auth server' };
const marks = { bad: ['✕', 'failed'], note: ['!', 'odd'], due: ['✓', 'refused, as it must be'] };

let flow = 'auth-code';
const capital = (s) => s.charAt(0).toUpperCase() + s.slice(1);
export const partyName = (p) => (p === 'browser' && flow === 'device' ? 'Phone' : names[p] || capital(p));

/** Lane heads, and which lanes there are: those that the run has, or will have. */
function setLanes(f, rows) {
	flow = f;
	const servers = ['resource', 'authorization server'];
	if (/device|creds/.test(f)) servers.reverse();
	const all = ['browser', 'client', ...servers, "client's site"].filter((p) => rows.some((r) => r.from === p || r.to === p));
	$('diagram').style.setProperty('--lanes', all.length);
	$('heads').replaceChildren(...all.map((p) => h('span.head', { 'data-party': p }, partyName(p))));
	return all;
}

function place(e, from, to) {
	e.style.gridColumn = `${from} / ${to}`;
	return e;
}

function line(r, all) {
	const a = all.indexOf(r.from), b = all.indexOf(r.to);
	if (a < 0 || b < 0 || a === b) return null;
	return place(h('span.line', { class: b < a && 'back' }), 2 * Math.min(a, b) + 2, 2 * Math.max(a, b) + 2);
}

function content(r, all) {
	const lane = Math.max(0, Math.min(all.indexOf(r.from), all.indexOf(r.to)));
	const [glyph, word] = marks[r.mark] || [];
	const inside = r.from === r.to;
	const label = h('span.label', glyph && h('b.mark', glyph), r.kind === 'navigate' && h('span.verb', 'open '), r.pieces.join(' ') || (r.kind === 'response' && 'answer'));
	place(label, inside ? 2 * lane + 1 : 2 * lane + 2, -1);
	const who = inside ? partyName(r.from) : `${partyName(r.from)} → ${partyName(r.to)}`;
	return [h('span.n', r.n || '·'), h('span.who', who), label, line(r, all),
		word && h('span.hidden', ` ${word}`), r.pending && h('span.hidden', ' next, not sent')];
}

/** What is not drawn one by one, as [from, to, text]: an exchange that is
 * repeated, but for its last time, and most of a very long run. The row that
 * is inspected is not among them. */
function folds(rows, current) {
	const all = [];
	const again = (a, b) => rows[b]?.step === rows[a].step && rows[b].kind === rows[a].kind && `${rows[b].pieces}` === `${rows[a].pieces}`;
	for (let i = 0; i < rows.length; i++) {
		let last = i;
		while (rows[i].kind === 'request' && again(i, last + 2) && again(i + 1, last + 3)) last += 2;
		if (last > i + 2) all.push([i, last, `${rows[i].pieces.join(' ')} ×${(last - i) / 2} ${rows[i + 1].pieces.join(' ')}`]);
		i = Math.max(i, last - 1);
	}
	const near = Math.max(200, Math.min(current, rows.length));
	for (const [from, to] of [[200, near - 50], [near + 50, rows.length - 100]])
		if (from < to) all.push([from, to, `${to - from} messages`]);
	return all.filter(([from, to]) => current <= from || current > to);
}

/** Draws rows and plan. */
export function draw(view, current, select) {
	const all = setLanes(view.flow, view.rows.concat(view.plan));
	const items = [];
	let phase = '';
	let tagged = false;
	const heading = (r, planned) => {
		if (r.phase === phase) return;
		phase = r.phase;
		items.push(h('li.phase', { class: planned && 'planned' }, h('span', capital(phase === 'client' ? 'client identity' : phase)), planned && !tagged && h('span.tag', 'planned')));
		tagged ||= planned;
	};
	const hidden = folds(view.rows, current);
	view.rows.forEach((r, i) => {
		heading(r, r.pending);
		const fold = hidden.find(([from, to]) => i >= from && i < to);
		if (fold) return void (fold[0] === i && items.push(h('li.fold', h('button.small', { onclick: () => select(r.n) }, '⋯ ', fold[2]))));
		const b = h('button.row', { 'data-n': r.n, 'data-kind': r.kind, 'data-party': r.from, tabindex: r.n === current ? 0 : -1, 'aria-current': r.n === current && 'step',
			class: [r.mark && `is-${r.mark}`, r.pending && 'pending', r.from === r.to && 'inside'].filter(Boolean).join(' '), onclick: () => select(r.n) }, content(r, all));
		items.push(h('li', { id: `m${r.n}` }, b));
	});
	view.plan.forEach((r) => {
		heading(r, true);
		items.push(h('li.planned', h('div.row', { 'data-kind': r.kind, 'data-party': r.from, class: r.from === r.to && 'inside' }, content(r, all), h('span.hidden', ' planned'))));
	});
	const list = $('rows');
	const focused = list.contains(document.activeElement);
	list.replaceChildren(...items);
	const b = list.querySelector('[aria-current]') || list.querySelector('button');
	if (b) {
		b.tabIndex = 0;
		if (focused) b.focus({ preventScroll: true });
	}
}

export const reveal = (n) => $(`m${n}`)?.scrollIntoView({ block: 'nearest' });

/** Lights the rows that a value passes through. */
export function light(stops) {
	for (const b of document.querySelectorAll('#rows button')) b.classList.toggle('lit', !!stops?.some((s) => s.row === +b.dataset.n));
}
