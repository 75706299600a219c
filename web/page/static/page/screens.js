// The second screens: the authorization server's own pages, byte for byte, in
// a frame where no script runs, and what a device would print.
import { $, away, fill, h } from './dom.js';

let shown = ''; // the page that is in the frame
let frame = null;

/** The page's own forms become requests to the server in the page. */
function connect(url, submit) {
	const doc = frame.contentDocument;
	frame.style.height = `${doc.documentElement.scrollHeight}px`;
	frame.closest('.page').scrollIntoView({ block: 'end' });
	doc.querySelector('.buttons')?.scrollIntoView({ block: 'nearest' });
	const origin = new URL(url).origin;
	doc.onsubmit = (e) => {
		e.preventDefault();
		const f = e.target;
		const body = new URLSearchParams(new FormData(f, e.submitter)).toString();
		const to = new URL(f.getAttribute('action') || '', url).href;
		const headers = [['Accept', 'text/html']];
		if (f.method === 'get') return submit({ method: 'GET', url: `${to}?${body}`, headers, body: '' });
		submit({ method: 'POST', url: to, body, headers: [...headers, ['Content-Type', 'application/x-www-form-urlencoded'], ['Origin', origin], ['Sec-Fetch-Site', 'same-origin']] });
	};
}

function page(s, submit) {
	if (shown === s.html && frame) return frame.closest('.screen');
	shown = s.html;
	const phone = s.kind === 'phone', url = URL.createObjectURL(new Blob([s.html], { type: 'text/html;charset=utf-8' }));
	frame = h('iframe', { sandbox: 'allow-same-origin allow-forms', title: phone ? 'The page on the phone' : "The authorization server's page", src: url });
	frame.onload = () => { URL.revokeObjectURL(url); connect(s.url, submit); };
	return h('div.screen.page', h('header', h('b', phone ? 'Phone' : 'Browser'), h('code', s.url)), frame);
}

function terminal(s, actions, live) {
	const tools = live ? away(/^https?:/.test(s.url) && s.url, 'Open it') : [h('button.small', { onclick: actions.early }, 'Poll too early'), h('button.small', { onclick: () => actions.advance(901) }, 'Let it expire')];
	return h('div.screen.terminal', h('header', h('b', 'Device')),
		h('div.text', { tabindex: 0, role: 'region', 'aria-label': 'What the device prints' }, h('p', 'Open on another device:'), h('p', s.url), h('p', 'and enter the code', h('span.code', s.code)), h('p', `It is good for ${s.left || 0} s more.`),
			h('div.tools', tools)));
}

export function showScreens(view, actions) {
	const all = view.over ? [] : view.screens;
	$('screens').hidden = !all[0];
	if (!all.some((s) => s.html)) frame = null;
	const wanted = all.map((s) => (s.html ? page(s, actions.submit) : terminal(s, actions, view.live)));
	const box = $('screens');
	// A frame that is moved loads again, so it stays where it is.
	if (frame && box.contains(frame)) for (const c of [...box.children]) { if (!wanted.includes(c)) c.remove(); }
	else fill(box);
	wanted.forEach((w) => { if (!box.contains(w)) w.matches('.terminal') ? box.prepend(w) : box.append(w); });
}
