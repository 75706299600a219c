// The core in a worker of its own: a hostile document cannot freeze the page.
// Commands come in as {id, call, args}, answers go out as {id, value}.
import './wasm_exec.js';

// Some hosts serve .gz as it is, others undo it on the way: the first bytes say.
async function read(url) {
	const r = await fetch(url).catch(() => { throw Error('no answer came; load it again'); });
	if (!r.ok) throw new Error(`it is not here (${r.status}): run scripts/build-page`);
	const b = new Uint8Array(await r.arrayBuffer());
	if (b[0] !== 0x1f || b[1] !== 0x8b) return b;
	return new Response(new Blob([b]).stream().pipeThrough(new DecompressionStream('gzip'))).arrayBuffer();
}

async function start() {
	const go = new Go();
	const { instance } = await WebAssembly.instantiate(await read('core.wasm.gz'), go.importObject);
	globalThis.memory = instance.exports.mem;
	go.run(instance);
	postMessage({ ready: true });
}

onmessage = ({ data: { id, call, args } }) => {
	try {
		postMessage({ id, value: JSON.parse(globalThis.core[call](...args)) });
	} catch (e) {
		postMessage({ id, value: { error: String(e) } });
	}
};

start().catch((e) => postMessage({ failed: e.message }));
