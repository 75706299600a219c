// Faults of the client: its machines, what performs them, its store.
package main

var clientFaults = []Fault{
	{"state-unchecked", "any callback counts as ours", "core/flow/callback.go", "oauth.SameSecret(r.State, f.StateValue)) {", "true) {", ofClient},
	{"iss-unchecked", "the issuer of the answer is not compared", "core/flow/callback.go", "cite, iss == want):", "cite, true):", ofClient},
	{"iss-may-be-missing", "a promised issuer may be missing", "core/flow/callback.go", "case iss == \"\" && f.Login.Server.Metadata.AuthorizationResponseIssSupported:", "case false:", ofClient},
	{"issuer-unchecked", "metadata may speak for another issuer", "core/flow/seekserver.go", "want, same := s.servers[0], doc.Issuer == s.servers[0]", "want, same := s.servers[0], true", ofClient},
	{"resource-unchecked", "resource metadata may be another resource's", "core/flow/seekresource.go", "ours, outcome := covers(doc.Resource, s.ResourceURL), \"ok\"", "ours, outcome := true, \"ok\"", ofClient},
	{"s256-not-asked-for", "a server without S256 is used", "core/flow/authcode.go", "slices.Contains(methods, oauth.S256)) {", "len(methods) < 99 || slices.Contains(methods, oauth.S256)) {", ofClient},
	{"loopback-is-public", "a remote resource leads to this machine", "core/message/address.go", "if a.IsLoopback() || a.IsPrivate() ||", "if a.IsPrivate() ||", ofClient},
	{"translated-is-public", "addresses that are translated or reserved count as anybody's", "core/message/address.go", "if p.Contains(a) {", "if p.Contains(a) && p.Bits() == 0 {", ofClient},
	{"named-is-guessed", "a server is guessed although the resource names where its metadata lies", "core/flow/seekresource.go", "if s.named || s.lost.broken {", "if false {", ofClient},
	{"device-page-anywhere", "verification_uri may be no page", "core/flow/device.go", "reachable(f.ResourceURL, uri); uri != \"\" && why != \"\"", "reachable(f.ResourceURL, uri); uri == \"x\" && why != \"\"", ofClient},
	{"step-up-for-ever", "a refused call logs in without end", "core/flow/ascent.go", "a.authorizations == MaxAuthorizations", "a.authorizations == 99", ofClient},
	{"redirects-followed", "requests with secrets follow redirects", "native/drive/client.go", "return http.ErrUseLastResponse }", "return nil }", ofClient},
	{"answers-unbounded", "an answer may be of any length", "native/drive/client.go", "io.LimitReader(reply.Body, maxBody+1), enough", "reply.Body, enough", ofClient},
	{"opener-shell", "the browser is opened through a shell", "native/drive/open.go", "exec.Command(name, argument(command[1:], url)...)", "exec.Command(\"sh\", \"-c\", name+\" \"+argument(command[1:], url)[0])", ofClient},
	{"terminal-escapes", "foreign text may move the cursor", "core/message/escape.go", "return r < 0x20 || r >= 0x7f && r < 0xa0 ||", "return r < 0x1b ||", ofClient},
	{"token-any-text", "a token may have line breaks", "core/exchange/token.go", "case !message.IsToken68(t.AccessToken):", "case t.AccessToken == \"\":", ofClient},
	{"verbose-tells-codes", "--verbose shows codes", "core/trace/redact.go", "\"code\": \"code\", ", "", ofClient},
}

var storeFaults = []Fault{
	{"file-0644", "profiles are readable by others", "native/keep/draft.go", "noFollow, 0o600)", "noFollow, 0o644)", ofStore},
	{"no-lock", "two processes write at once", "native/keep/keep.go", "unlock, err := f.lock()", "unlock, err := func() {}, error(nil)", ofStore},
	{"follows-links", "a link at the temporary name is followed", "native/keep/draft.go", "os.O_EXCL|noFollow", "os.O_TRUNC", ofStore},
	{"no-fsync", "a profile may not outlive a power cut", "native/keep/draft.go", "err = d.file.Sync()", "err = nil", ofStore},

	{"state-0644", "the state is readable by others", "native/sqlite/claim.go", "privateMode = 0o600", "privateMode = 0o644", ofFile},
	{"state-not-forced", "a power cut takes back what was answered", "native/sqlite/sqlite.go", "\"synchronous(FULL)\"", "\"synchronous(OFF)\"", ofFile},
	{"row-swap-blind", "a row is replaced whatever it has become", "core/rows/rows.go", "version = version + 1 WHERE kind = ? AND key = ? AND version = ?", "version = version + 1 WHERE kind = ? AND key = ? AND version >= 0 * ?", ofFile},
}
