// Live mode: the core's machines towards a real server. This file performs
// what they ask for; a failure is named, never shown as "Failed to fetch".
import { call } from './core.js';
import { $, away } from './dom.js';

let wake = () => {}; // ends a wait

export let visiting = ''; // the server's page that is open, while its answer is waited for
export const again = () => { open(visiting, '_blank', 'noopener'); };

/** What the page's policy lets it ask; a policy cannot name [::1]. */
export const reachable = (u) => URL.canParse(u) && (/^https:|^http:\/\/(localhost|127\.0\.0\.1)(:|$)/.test(u = new URL(u).origin) || u === location.origin);
export const rule = 'The page can ask https servers, and http ones on localhost or 127.0.0.1.';

export const redirect = () => new URL(document.documentElement.dataset.served === 'native' ? '/callback' : 'callback.html', location.href).href;

/** Ends what a run before was waiting for. */
export function stop() {
	wake();
	visiting = '';
}

/** Does the one thing that is pending; false when there is nothing to do. */
export async function step(show, say) {
	const p = await call('pending');
	if (!p) return false;
	if (p.send) {
		$('sentence').textContent = `Waiting for ${new URL(p.send.url).host} to answer…`;
		const [kind, what] = await exchange(p.send);
		await show(await call('deliver', kind, what, Date.now(), new URL(p.send.url).origin, location.origin));
		return true;
	}
	if (p.visit) return visit(p.visit, show, say);
	say(`Waiting until ${new Date(p.wait).toLocaleTimeString()}`);
	const due = await new Promise((done) => { wake = () => done(false); setTimeout(done, p.wait - Date.now(), true); });
	say();
	if (due) await show(await call('deliver', 'timer', '', Date.now()));
	return due;
}

async function visit(url, show, say) {
	if (!/^https?:\/\//i.test(url)) throw new Error('the authorization address is no http address; it is not opened');
	const channel = new BroadcastChannel('mcp-auth callback');
	const state = (u) => new URL(u).searchParams.get('state');
	const came = new Promise((done) => {
		wake = () => done('');
		channel.onmessage = ({ data }) => {
			if (typeof data !== 'string' || !data.startsWith(`${redirect()}?`)) return;
			[null, state(data)].includes(state(url)) ? done(data) : say('A callback with another state came, and was not taken.');
		};
	});
	visiting = url;
	again();
	say('If no window opened, ', away(url, 'open it here'));
	await show(await call('deliver', 'visited', '', Date.now()));
	const back = await came;
	channel.close();
	visiting = '';
	say();
	if (!back) return false;
	await show(await call('deliver', 'callback', back, Date.now()));
	return true;
}

async function exchange(m) {
	try {
		const r = await fetch(m.url, { method: m.method, headers: m.headers, body: m.body || undefined, redirect: 'manual', credentials: 'omit', cache: 'no-store', referrerPolicy: 'no-referrer', signal: AbortSignal.timeout(30000) });
		if (r.type === 'opaqueredirect') return ['trouble', 'redirect'];
		return ['response', { status: r.status, headers: [...r.headers], body: await (await upTo(1, r.body)).text() }];
	} catch (e) {
		return ['trouble', await why(m.url, e)];
	}
}

/** The whole of a stream, if it is no longer than so many megabytes. */
export async function upTo(limit, stream) {
	const parts = [];
	let size = 0;
	for (const reader = stream?.getReader(); reader; ) {
		const { done, value } = await reader.read();
		if (done) break;
		parts.push(value);
		if ((size += value.length) > limit << 20) { reader.cancel().catch(() => {}); throw new RangeError(`it is longer than ${limit} MB`); }
	}
	return new Blob(parts);
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
	if (!reachable(url)) return rule;
	if (local && !loopback(location.hostname)) {
		for (const name of ['loopback-network', 'local-network-access']) {
			const state = await navigator.permissions.query({ name }).then((p) => p.state, () => '');
			if (/denied|prompt/.test(state)) return state;
		}
	}
	const there = await fetch(url, { mode: 'no-cors', credentials: 'omit', signal: AbortSignal.timeout(10000) }).then(() => true, () => false);
	return there ? 'cors' : 'nobody';
}
