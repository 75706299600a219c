// Exit codes, and how each kind of error is told.
package command

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"time"

	"mcp-auth/cli/terminal"
	"mcp-auth/core/flow"
	"mcp-auth/core/message"
	"mcp-auth/core/oauth"
	"mcp-auth/core/profile"
	"mcp-auth/native/drive"
)

// Exit codes.
const (
	exitOther       = 1   // unclassified
	exitUsage       = 2   // flags, arguments, JSON in arguments
	exitAuth        = 3   // authentication needed or refused
	exitNetwork     = 4   // no answer, or none for now
	exitRPC         = 5   // JSON-RPC error, or a tool's isError
	exitProtocol    = 6   // the server broke the protocol
	exitUser        = 7   // the user said no, or let it lapse
	exitInterrupted = 130 // Ctrl-C
)

// A usageError says that we were called wrongly.
type usageError struct{ text string }

func (e *usageError) Error() string { return e.text }

func usage(format string, args ...any) error { return &usageError{fmt.Sprintf(format, args...)} }

// An rpcError is a JSON-RPC error, or a tool's; the reply is printed already.
type rpcError struct{ text string }

func (e *rpcError) Error() string { return e.text }

// An advised error is one with a better hint than its kind has.
type advised struct {
	error
	hint string
}

func (e *advised) Unwrap() error { return e.error }

// end tells the error, if there is one, and returns the exit code.
func (g *globals) end(ctx context.Context, err error) int {
	if err == nil {
		return 0
	}
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		g.Fail(terminal.Failure{Code: "interrupted", Message: "interrupted; nothing was stored"}, g.output == "json")
		return exitInterrupted
	}
	f, code := g.describe(err)
	var better *advised
	if errors.As(err, &better) {
		f.Hint = better.hint
	}
	f.Message = g.hide(f.Message)
	f.Cause, f.URL, f.Hint = g.hide(f.Cause), g.hide(f.URL), g.hide(f.Hint)
	g.Fail(f, g.output == "json")
	return code
}

// hide takes the run's secrets out of a text.
func (g *globals) hide(s string) string {
	if g.redact == nil {
		return s
	}
	return g.redact.Text(s)
}

func (g *globals) describe(err error) (terminal.Failure, int) {
	f := terminal.Failure{Code: "other", Message: err.Error()}
	var (
		wrong  *usageError
		needed *loginNeeded
		rpc    *rpcError
		broken *flow.Violation
		world  *flow.Interrupted
		lapsed *flow.Lapsed
		no     *flow.Refusal
	)
	switch {
	case errors.As(err, &wrong):
		f.Code, f.Hint = "usage", "see "+g.command.FlagSet.Name()+" --help"
		return f, exitUsage
	case errors.As(err, &needed):
		f.Code, f.Hint = needed.code, needed.hint
		return f, exitAuth
	case errors.As(err, &rpc):
		f.Code = "rpc"
		return f, exitRPC
	case errors.As(err, &broken) && broken.Chosen:
		f.Code, f.Step, f.URL, f.Spec, f.Hint = "unsupported", broken.Step, broken.URL, broken.Cite, broken.Hint
		f.Message = "this cannot be done as asked: wanted " + broken.Want + ", got " + broken.Got
		return f, exitUsage
	case errors.As(err, &broken):
		f.Code, f.Step, f.URL, f.Spec, f.Hint = "protocol", broken.Step, broken.URL, broken.Cite, broken.Hint
		f.Message = "the server broke a rule: wanted " + broken.Want + ", got " + broken.Got
		return f, exitProtocol
	case errors.As(err, &world):
		f.Code, f.Step, f.URL, f.Hint = "network", world.Step, world.URL, "check the URL and that the server runs"
		f.Message = "no answer: " + world.Err.Error()
		var (
			proxy     *drive.ProxyError
			answer    *drive.AnswerError
			authority x509.UnknownAuthorityError
			untrusted *tls.CertificateVerificationError
		)
		switch {
		case errors.As(err, &answer):
			f.Message, f.Hint = answer.Text, ""
		case errors.As(err, &authority):
			f.Hint = "this machine does not know who signed the certificate: add the signer to the system's store, or on Linux name a PEM file with it in SSL_CERT_FILE"
		case errors.As(err, &untrusted):
			f.Hint = "check the host in the URL; if it is right, the server's certificate must be mended"
		case errors.As(err, &proxy):
			f.Hint = "check HTTPS_PROXY and the other proxy variables; NO_PROXY names hosts to reach without one"
		}
		return f, exitNetwork
	case errors.As(err, &lapsed):
		f.Code, f.Hint = "user.lapsed", "run the command again"
		if lapsed.Denied {
			f.Code = "user.denied"
		}
		return f, exitUser
	case errors.As(err, &no):
		return g.refusal(f, no)
	case errors.Is(err, errDocument):
		f.Code, f.Hint = "document", "mend what is marked wrong, host it again, and check again"
		return f, exitProtocol
	case errors.Is(err, profile.ErrNotFound):
		f.Code, f.Hint = "profile.not_found", "mcp-auth profile list shows what there is"
	}
	return f, exitOther
}

// refusal tells what the peer said by the book.
func (g *globals) refusal(f terminal.Failure, r *flow.Refusal) (terminal.Failure, int) {
	f.Step, f.URL, f.Status, f.Hint = r.Step, r.URL, r.Status, r.Hint
	var e *oauth.Error
	if !errors.As(r, &e) {
		return f, exitAuth
	}
	f.Code, f.OAuthError = "auth."+e.Code, e.Code
	text := e.Error()
	if r.Status != 0 {
		text = "HTTP " + message.Decimal(int64(r.Status)) + ": " + text
	}
	f.Message = g.refusedWhat(r.Step) + " failed: " + text
	exit := exitAuth
	if r.Step == "mcp" && e.Code != oauth.InsufficientScope && e.Code != oauth.InvalidToken {
		f.Code, f.OAuthError, exit = "http", "", exitOther
		f.Message = "MCP call failed: " + statusText(r.Status, e.Description)
	}
	if unavailable(r) {
		f.Code, f.Hint, exit = "network.unavailable", "the server is busy or failing; try again in "+later(e.RetryAfter), exitNetwork
		f.RetryAfter = e.RetryAfter
	}
	return f, exit
}

// unavailable reports whether a refusal is about the server, not about who
// asked: busy or failing, it may answer later (RFC 6749 section 4.1.2.1).
func unavailable(err error) bool {
	var r *flow.Refusal
	var e *oauth.Error
	if !errors.As(err, &r) || !errors.As(err, &e) {
		return false
	}
	return r.Status == http.StatusTooManyRequests || r.Status >= 500 || e.Code == oauth.TemporarilyUnavailable || e.Code == oauth.ServerError
}

func later(seconds int) string {
	if seconds <= 0 {
		return "a moment"
	}
	return (time.Duration(seconds) * time.Second).String()
}

// statusText is a status with what the server says to it, else with its name.
func statusText(status int, says string) string {
	text := fmt.Sprintf("HTTP %d", status)
	switch {
	case says != "":
		return text + ": " + says
	case http.StatusText(status) != "":
		return text + " " + http.StatusText(status)
	}
	return text
}

func (g *globals) refusedWhat(step string) string {
	if step == "token" && g.tokenRequest != "" {
		return g.tokenRequest
	}
	switch step {
	case "register":
		return "Dynamic registration"
	case "token":
		return "Token request"
	case "device":
		return "Device authorization"
	case "mcp":
		return "MCP call"
	case "revoke":
		return "Revocation"
	}
	return "Authorization"
}
