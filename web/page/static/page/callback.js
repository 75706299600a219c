// The redirect ends here. The address is cleared before anything else is
// loaded, and handed to the page that waits on this origin.
(() => {
	const url = location.href;
	history.replaceState(null, '', location.pathname);
	const channel = new BroadcastChannel('mcp-auth callback');
	channel.postMessage(url);
	setTimeout(() => { channel.close(); close(); }, 300);
})();
