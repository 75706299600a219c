// The page's side of the worker: calls as promises.

// Starting a worker from an address is guarded by Trusted Types; this is the
// one address that is allowed.
const here = new URL('worker.js', import.meta.url).href;
const policy = globalThis.trustedTypes?.createPolicy('core', {
	createScriptURL: (url) => { if (url === here) return url; throw new TypeError('not the worker'); },
});

const waiting = new Map();
let next = 0;
const worker = new Worker(policy ? policy.createScriptURL(here) : here, { type: 'module' });

export const ready = new Promise((resolve, reject) => {
	worker.onmessage = ({ data }) => {
		if (data.ready) return resolve();
		if (data.failed) return reject(new Error(data.failed));
		waiting.get(data.id)(data.value);
		waiting.delete(data.id);
	};
	worker.onerror = (e) => reject(new Error(e.message || 'the worker did not start'));
});

/** Calls the core; throws an error that it answers. */
export async function call(name, ...args) {
	await ready;
	const value = await new Promise((resolve) => {
		waiting.set(++next, resolve);
		worker.postMessage({ id: next, call: name, args });
	});
	if (value?.error !== undefined) throw new Error(value.error);
	return value;
}
