// Live mode: the core's machines towards a real server. This file performs
// what they ask for; a failure is named, never shown as "Failed to fetch".
import { call } from './core.js';

let channel = null;
let wake = null; // ends a wait

export const redirect = () => new URL(document.documentElement.dataset.served === 'native' ? '/callback' : 'callback.html', location.href).href;

/** Ends what a run before was waiting for. */
export function stop() {
	wake?.('stopped');
	wake = null;
	channel?.close();
	channel = null;
}

/** Does the one thing that is pending; false when there is nothing to do. */
export async function step(show, say) {
	const p = await call('pending');
	if (!p) return false;
	if (p.send) {
		const [kind, what] = await exchange(p.send);
		await show(await call('deliver', kind, what, Date.now(), new URL(p.send.url).origin, location.origin));
		return true;
	}
	if (p.visit) return visit(p.visit, show, say);
	say(`Waiting until ${new Date(p.wait).toLocaleTimeString()}`);
	const how = await new Promise((done) => { wake = done; setTimeout(() => done('time'), Math.max(0, p.wait - Date.now())); });
	say('');
	if (how === 'time') await show(await call('deliver', 'timer', '', Date.now()));
	return how === 'time';
}

async function visit(url, show, say) {
	if (!/^https?:\/\//i.test(url)) throw new Error('the authorization address is no http address; it is not opened');
	channel = new BroadcastChannel('mcp-auth callback');
	const came = new Promise((done) => { wake = () => done(null); channel.onmessage = (e) => typeof e.data === 'string' && e.data.startsWith(`${redirect()}?`) && done(e.data); });
	open(url, '_blank', 'noopener');
	say(`If no window opened, open ${url}`);
	await show(await call('deliver', 'visited', '', Date.now()));
	const back = await came;
	say('');
	if (!back) return false;
	await show(await call('deliver', 'callback', back, Date.now()));
	return true;
}

async function exchange(m) {
	const headers = new Headers(m.headers);
	try {
		const r = await fetch(m.url, { method: m.method, headers, body: m.body || undefined, redirect: 'manual', credentials: 'omit', cache: 'no-store', referrerPolicy: 'no-referrer', signal: AbortSignal.timeout(30000) });
		if (r.type === 'opaqueredirect') return ['trouble', 'redirect'];
		return ['response', { status: r.status, headers: [...r.headers], body: await body(r) }];
	} catch (e) {
		return ['trouble', await why(m.url, e)];
	}
}

const limit = 1 << 20;

/** At most a megabyte of a body: nothing of a login is longer. */
async function body(r) {
	const parts = [];
	let size = 0;
	for (const reader = r.body?.getReader(); reader; ) {
		const { done, value } = await reader.read();
		if (done) break;
		parts.push(value);
		if ((size += value.length) > limit) { await reader.cancel(); throw new RangeError(); }
	}
	return new Blob(parts).text();
}

const loopback = (host) => /^(localhost|127\.0\.0\.1|\[::1\])$/.test(host);

/** The cause of a fetch that failed, by what can be found out; the core has
 * the texts. */
async function why(url, e) {
	if (e.name === 'TimeoutError') return 'timeout';
	if (e.name === 'RangeError') return 'long';
	const u = new URL(url);
	const local = loopback(u.hostname);
	if (!navigator.onLine && !local) return 'offline';
	if (location.protocol === 'https:' && u.protocol === 'http:' && !local) return 'mixed';
	if (local && !loopback(location.hostname)) {
		for (const name of ['loopback-network', 'local-network-access']) {
			const state = await navigator.permissions.query({ name }).then((p) => p.state, () => '');
			if (state === 'denied' || state === 'prompt') return state;
		}
	}
	const there = await fetch(url, { mode: 'no-cors', credentials: 'omit', signal: AbortSignal.timeout(10000) }).then(() => true, () => false);
	return there ? 'cors' : 'nobody';
}
