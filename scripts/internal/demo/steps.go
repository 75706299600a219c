// The walkthrough, and what else must go as the documents say.
package main

// A step is one command. {O} and {B} stand for the two resources.
type step struct {
	title string // of the part that begins here
	line  string
	user  string // how the user decides: "approve" or "deny"; empty: nobody is asked
	code  int    // exit code
	want  string // part of stdout, or of stderr when the code is not 0
}

const (
	saved = "Saved active profile"
	echo  = `call {O} tools/call --tool-name echo --tool-arguments {"message":"hello","uppercase":true}`
	ping  = "tools/call --tool-name ping"
)

var steps = []step{
	{title: "Bearer token", line: "login {B} --auth-mode bearer --bearer-token test-bearer-token", want: saved},
	{line: "call {B} initialize", want: `"protocolVersion"`},
	{line: "call {B} tools/list", want: `"whoami"`},
	{line: "call {B} " + ping, want: `"pong": true`},

	{title: "Discovery", line: "discover {O}", want: "Supported auth modes: bearer, client-creds, device, auth-code"},

	{title: "Authorization code with PKCE", line: "login {O} --auth-mode auth-code --register", user: "approve", want: saved},
	{line: "call {O} initialize", want: `"serverInfo"`},
	{line: "call {O} tools/list", want: `"delete_notes"`},
	{line: echo, want: `"message": "HELLO"`},
	{line: `call {O} tools/call --tool-name write_note --tool-arguments {"name":"a","content":"b"}`, code: 3, want: "mcp:write"},
	{line: "login {O} --auth-mode auth-code --client-id dev-public-client --verbose", user: "approve", want: saved},
	{line: "login {O} --auth-mode auth-code --register", user: "deny", code: 7, want: "access_denied"},

	{title: "Device", line: "login {O} --auth-mode device --register", user: "approve", want: saved},
	{line: "call {O} initialize", want: `"serverInfo"`},
	{line: "call {O} tools/list", want: `"echo"`},
	{line: "login {O} --auth-mode device --client-id dev-public-client", user: "approve", want: saved},
	{line: "login {O} --auth-mode device --register", user: "deny", code: 7, want: "denied"},

	{title: "Client credentials", line: "login {O} --auth-mode client-creds --register --scope mcp:write", want: saved},
	{line: "call {O} initialize", want: `"serverInfo"`},
	{line: "call {O} tools/list", want: `"echo"`},
	{line: "call {O} " + ping, want: `"pong": true`},
	{line: `call {O} tools/call --tool-name write_note --tool-arguments {"name":"a","content":"b"}`, want: `"content"`},
	{line: "login {O} --auth-mode client-creds --client-id dev-confidential-client --client-secret dev-confidential-secret", want: saved},
	{line: "login {O} --auth-mode client-creds --client-id dev-admin-client --client-secret dev-admin-secret --scope mcp:admin", want: saved},
	{line: "--verbose call {O} tools/call --tool-name delete_notes", want: `"deleted"`},

	{title: "Profiles", line: "profile list", want: "client-creds"},
	{line: "profile show --resource-url {O}", want: `"dev-admin-client"`},
	{line: "logout {O}", want: "Logged out from"},
	{line: "call {O} tools/list", code: 3, want: "Run login again"},
}
