// Says where the verdict is that the page did not start. It is no module: from
// file: none loads.
globalThis.broken = (text) => {
	for (const [what, say] of [['#step', 'It did not load'], ['.mark', '✕'], ['#sentence', text]]) document.querySelector(what).textContent = say;
	document.getElementById('verdict').className = 'is-bad';
};
addEventListener('error', () => {
	if (/^Loading/.test(document.getElementById('step')?.textContent)) broken(location.protocol === 'file:' ? 'A browser loads no modules from a file. Serve the folder, for example with: python3 -m http.server' : 'A file of the page is missing or was cut off. Load it again, or run scripts/build-page.');
}, true);
