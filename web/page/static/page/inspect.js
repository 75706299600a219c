// The inspector: why a message was sent, what was checked, what travelled, and
// what each party holds afterwards.
import { $, away, fill, h, long } from './dom.js';
import { light, partyName } from './rows.js';

/** A citation as a link to its section; text where no address is known. */
const cite = (x) => (x.link ? away(x.link, x.cite) : x.cite);

const what = { request: 'request', response: 'answer', navigate: 'opens the browser', trouble: 'no answer', internal: 'made in here' };

function title(d) {
	const r = d.row;
	const who = r.from === r.to ? partyName(r.from) : `${partyName(r.from)} → ${partyName(r.to)}`;
	return h('h2', h('span.num', r.n), ` ${who}: `, r.pieces.slice(0, 2).join(' ') || what[r.kind], r.pending && h('span.tag', 'next'));
}

function checks(d) {
	const made = d.checks.filter((c) => c.id), tried = d.checks.filter((c) => c.tried);
	return [
		made[0] && h('h3', 'Checks'),
		made.map((c) => h('section.check', { class: c.ok ? 'ok' : 'bad' },
			h('h4', h('b.mark', c.ok ? '✓' : '✕'), c.id, ' ', h('span.level', c.level), ' ', h('span.cite', cite(c))),
			c.about && h('p', c.about), compare(c.want, c.got, c.ok))),
		tried[0] && h('h3', 'Addresses tried'),
		tried[0] && h('ol.tried', tried.map((t) => h('li', h('code', t.tried), h('p', `${t.rule}: `, h('b', t.outcome))))),
	];
}

/** Want over got; under the first difference stands a caret. */
function compare(want, got, same) {
	let at = 0;
	while (!same && at < want.length && want[at] === got[at]) at++;
	const mark = (s) => (same || at < 3 ? long(s) : h('span', s.slice(0, at), h('mark', s.slice(at) || '∎')));
	return h('dl.compare', h('dt', 'want'), h('dd', mark(want)), h('dt', 'got'), h('dd', mark(got)));
}

const places = { query: 'URL', json: 'document', location: 'redirect', made: 'made here' };

function params(d, go) {
	if (!d.params[0]) return null;
	return [h('h3', 'Parameters'), h('div.params', d.params.map((p) => h('div.param', h('div.pname', h('code', p.name), h('span.in', places[p.in] || p.in)),
		h('div', h('code.value', long(p.value, 400)), p.meaning && h('p', p.meaning), p.track && track(d, p, go)))))];
}

function track(d, p, go) {
	const t = d.tracks.find((x) => x.kind === p.track && x.value === p.value);
	if (!t) return null;
	const roles = [];
	for (const s of t.stops) {
		const last = roles.at(-1);
		last?.role === s.role ? last.rows.push(s.row) : roles.push({ role: s.role, rows: [s.row] });
	}
	const lit = () => light(t.stops), off = () => light(null);
	return h('button.track', { onclick: () => go(t.stops[0].row), onmouseenter: lit, onfocus: lit, onmouseleave: off, onblur: off, 'data-kind': p.track },
		`${t.kind}: `, roles.map((r) => `${r.role} ${r.rows.join(', ')}`).join(' · '));
}

function pkce(d) {
	const p = d.pkce;
	if (!p) return null;
	return [h('h3', 'PKCE, worked out'), h('ol.sum',
		h('li', h('span', 'code_verifier, kept by the client'), h('code', p.verifier)),
		h('li', h('span', 'SHA-256 of its ASCII, 32 bytes'), h('code', p.digest.replace(/../g, '$& '))),
		h('li', h('span', 'base64url of those bytes, sent as code_challenge'), h('code', p.challenge), ' ', p.sent && h('b.mark', { class: p.sent === p.challenge ? 'ok' : 'bad' }, p.sent === p.challenge ? '✓ equal to what was sent' : `✕ sent was ${p.sent}`)))];
}

function jwt(d) {
	if (!d.jwt) return null;
	return [h('h3', 'Token, decoded'), h('p', 'To the client a token is opaque; the signature is not verified here.'),
		pre('Header of the token', d.jwt.header), pre('Claims of the token', d.jwt.claims)];
}

function explain(d, v, go) {
	return [title(d), d.why && h('p.why', d.why), d.row.kind === 'internal' && d.note && h('p', `The client ${d.note}. `, cite(d)),
		v.findings.filter((f) => f.row === d.row.n).map((f) => {
			const due = f.mark === 'due', said = h('h3', h('b.mark', f.mark === 'bad' ? '✕' : due ? '✓' : '!'), due && 'Refused, as it must be: ', f.text.replace(/\.$/, ''));
			return h('section.finding', { class: `is-${f.mark}` }, said, !due && f.want && compare(f.want, f.got || '', false), f.cite && h('p', cite(f)),
				!due && [f.cause && h('p', h('b', 'Usually because: '), f.cause), f.fix && h('p', h('b', 'To fix: '), f.fix)]);
		}),
		d.notes[0] && h('ul.notes', d.notes.map((n) => h('li', n))),
		checks(d), pkce(d), params(d, go), jwt(d)];
}

export function pre(name, text) {
	return h('pre', { tabindex: 0, role: 'region', 'aria-label': name }, long(text, 20000));
}

const decode = (s) => { try { return decodeURIComponent(s.replace(/\+/g, ' ')); } catch { return s; } };

function readable(headers, body) {
	const type = headers.find(([n]) => /^content-type$/i.test(n))?.[1];
	if (/json/.test(type)) try { return JSON.stringify(JSON.parse(body), null, 2); } catch { return body; }
	if (/form-urlencoded/.test(type)) return body.split('&').map((p) => { const [n, ...v] = p.split('='); return `${decode(n)} = ${decode(v.join('='))}`; }).join('\n');
	return body;
}

function url(m) {
	const [base, ...rest] = m.url.split('?'), query = rest.join('?');
	return query ? `${base}\n${query.split('&').map((p, i) => `  ${i ? '&' : '?'} ${decode(p)}`).join('\n')}` : base;
}

let wire = false;

function http(d, v, go, actions) {
	const out = [title(d)];
	const m = d.request || d.response;
	if (!m) return [...out, h('p', 'No message: this was made or decided inside one party.')];
	const first = d.request ? `${m.method} ${wire ? m.url : url(m)}` : `HTTP ${m.status}`;
	out.push(h('div.tools', h('label', h('input', { type: 'checkbox', checked: wire, onchange: (e) => { wire = e.target.checked; actions.again(); } }), ' as on the wire'),
		d.curl && h('button', { onclick: () => actions.copy(d.curl, 'curl command') }, 'Copy as curl'),
		d.row.pending && !v.live && h('button', { onclick: () => actions.edit(d.request) }, 'Edit before sending')));
	out.push(pre(d.request ? 'Request as sent' : 'Answer as received', [first, ...m.headers.map(([n, x]) => `${n}: ${x}`)].join('\n')));
	if (m.body) out.push(h('h3', 'Body'), pre('Body of the message', wire ? m.body : readable(m.headers, m.body)));
	return out;
}

function state(d) {
	const parties = [...new Set(d.held.map((x) => x.party))];
	const n = d.row.n;
	return [title(d), h('p.why', 'What each party holds after this message.'),
		!parties[0] && h('p', 'Nothing yet.'),
		parties.map((p) => {
			const all = d.held.filter((x) => x.party === p && (!x.gone || x.gone === n));
			return h('section.party', { 'data-party': p }, h('h3', partyName(p)), !all[0] && h('p', 'Nothing any more.'), h('ul.held', all.map((x) => {
				const [sign, kind] = x.gone === n ? ['−', 'gone'] : x.since === n ? ['+', 'new'] : [];
				return h('li', { class: kind }, h('b.mark', sign), h('code', x.name), h('span.hidden', sign && ` ${kind}`),
					h('code.value', long(x.value, 200)), h('span.in', sign === '−' ? 'used up here' : `since ${x.since}`));
			})));
		})];
}

const tabs = { explain, http, state };

export function inspect(tab, d, view, go, actions) {
	fill($('panel'), tabs[tab](d, view, go, actions));
}
