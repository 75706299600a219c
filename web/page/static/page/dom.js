// Making elements. Foreign text only becomes text nodes; what does not
// show, or turns the reading direction, is written as its code point.
const hidden = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/g;
const visible = (s) => String(s).replace(hidden, (c) => `\\u{${c.codePointAt(0).toString(16)}}`);

/** h('p.note#id', {title: 'x', onclick: f}, 'text', child, ...) */
export function h(what, attributes, ...children) {
	const [, tag, rest] = /^([a-z0-9]+)(.*)$/.exec(what);
	const e = document.createElement(tag);
	for (const [, sign, name] of rest.matchAll(/([.#])([\w-]+)/g)) sign === '.' ? e.classList.add(name) : (e.id = name);
	if (attributes && (typeof attributes !== 'object' || attributes instanceof Node || Array.isArray(attributes))) children.unshift(attributes);
	else for (const [k, v] of Object.entries(attributes || {})) {
		if (k === 'class') v && e.classList.add(...v.split(' '));
		else if (k.startsWith('on')) e.addEventListener(k.slice(2), v);
		else if (v !== false && v != null) e.setAttribute(k, v === true ? '' : v);
	}
	fill(e, ...children);
	return e;
}

export const $ = (id) => document.getElementById(id);
export const fill = (e, ...children) => e.replaceChildren(...children.flat(9).filter((c) => c != null && c !== false).map((c) => (c instanceof Node ? c : visible(c))));

export const away = (href, ...children) => h('a', { href, rel: 'noopener noreferrer', target: '_blank' }, ...children);

/** Long values are cut for the eye, with a button for the rest. */
export function long(text, limit = 2000) {
	if (text.length <= limit) return h('span', text);
	const rest = h('button.small', { onclick: () => box.replaceWith(long(text, 100 * limit)) }, `show more of ${text.length} characters`);
	const box = h('span', text.slice(0, limit), '… ', rest);
	return box;
}
