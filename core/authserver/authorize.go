// RFC 6749 section 4.1.1, RFC 7636 section 4.3, RFC 8707 section 2.1: the
// authorization endpoint.
package authserver

import (
	"errors"
	"strings"
	"time"
	"unique"

	"mcp-auth/core/exchange"
	"mcp-auth/core/message"
	"mcp-auth/core/oauth"
	"mcp-auth/core/pages"
	"mcp-auth/core/table"
)

// Authorize serves GET and POST /oauth/authorize. Until client and redirect
// URI are both proven good an error is a page; from then on it is a redirect
// (RFC 6749 section 4.1.2.1).
func (s *Server) Authorize(now time.Time, m message.Request) message.Response {
	f, bad := authorizeForm(m)
	if bad != nil {
		return bad.page()
	}
	var r request
	var c Client
	clientID, requestURI, pushed := exchange.ReadPushedURL(f)
	if pushed {
		r, c, bad = s.pushed(now, clientID, requestURI)
	} else {
		r, c, bad = s.identify(now, f)
	}
	if bad != nil {
		return bad.page()
	}
	if s.cfg.RequirePushed && !pushed {
		return s.redirectError(r.RedirectURI, r.State, oauth.E(oauth.InvalidRequest, "the request must be pushed: send it to pushed_authorization_request_endpoint first"))
	}
	terms, err := s.admissible(r.AuthorizationRequest, r.fault, c)
	if err != nil {
		return s.redirectError(r.RedirectURI, r.State, asError(err))
	}
	s.touch(now, r.ClientID, c)
	return s.ask(now, r.AuthorizationRequest, c, terms)
}

// A trouble is an error that may not be redirected.
type trouble struct {
	status            int
	title, text, next string
}

// page is what people see. A storage that failed may be back at once.
func (t trouble) page() message.Response {
	if t.status == 503 {
		return t.after(time.Second)
	}
	return pages.ErrorPage(t.status, t.title, t.text, t.next)
}

// after is the page that says as well when to come back.
func (t trouble) after(wait time.Duration) message.Response {
	r := pages.ErrorPage(t.status, t.title, t.text, t.next)
	r.Header = r.Header.With("Retry-After", message.Decimal(int64(wait/time.Second)))
	return r
}

func authorizeForm(m message.Request) (message.Form, *trouble) {
	if m.Method == "POST" {
		f, err := message.ReadForm(m)
		var fe *message.FormError
		if errors.As(err, &fe) {
			return nil, &trouble{fe.Status, "The request could not be read", fe.Text, "Send the parameters as a form, or as a GET with a query."}
		}
		return f, nil
	}
	f, err := message.ParseForm(m.Query())
	if err != nil {
		return nil, &trouble{400, "The request could not be read", err.Error(), "Go back to the application and start again; its authorization URL is malformed."}
	}
	return f, nil
}

// A request with its resolved redirect URI and what is wrong with the rest.
type request struct {
	exchange.AuthorizationRequest
	fault error
}

func (s *Server) identify(now time.Time, f message.Form) (request, Client, *trouble) {
	const again = "Go back to the application and start again; if this happens every time, the application is set up wrongly."
	r, repeated, fault := exchange.ReadAuthorizationRequest(f)
	if repeated {
		return request{}, Client{}, &trouble{400, "The request is ambiguous", "client_id and redirect_uri must each be sent once.", again}
	}
	if r.ClientID == "" {
		return request{}, Client{}, &trouble{400, "The request does not name the application", "client_id is missing: it says which client asks.", again}
	}
	c, err := s.client(now, r.ClientID)
	if err != nil {
		return request{}, Client{}, clientless(err)
	}
	redirect, ok := redirectFor(c, r.RedirectURI)
	if !ok {
		return request{}, Client{}, &trouble{400, "The return address is not registered",
			"The redirect_uri must be, byte for byte, one that the client registered; only the port of a loopback address is free.", again}
	}
	r.RedirectURI = redirect
	return request{r, fault}, c, nil
}

var lookUpPage = trouble{503, "The server could not look it up", "The storage failed and nothing was changed.", "Load this page again."}

// clientless tells a person why there is no client.
func clientless(err error) *trouble {
	var bad *documentError
	switch {
	case errors.Is(err, table.ErrMissing):
		return &trouble{400, "Unknown application", "No client with this client_id is registered here. A test server forgets its clients when it restarts.",
			"Let the application register again, for example with mcp-auth login --register."}
	case errors.As(err, &bad):
		return &trouble{400, "The application's document cannot be used",
			"The client_id is the URL of a document that should describe the application: " + strings.TrimSpace(bad.text+". "+bad.detail),
			"Whoever publishes the document can check it with mcp-auth client cimd check."}
	}
	return &lookUpPage
}

// redirectFor returns where the answer goes. A client with one registered
// https URI may leave it out (OAuth 2.1 section 2.3.2).
func redirectFor(c Client, asked string) (string, bool) {
	if asked == "" {
		if len(c.RedirectURIs) == 1 && len(c.RedirectURIs[0]) > 8 && c.RedirectURIs[0][:8] == "https://" {
			return c.RedirectURIs[0], true
		}
		return "", false
	}
	for _, registered := range c.RedirectURIs {
		if oauth.RedirectMatches(registered, asked) {
			return asked, true
		}
	}
	return "", false
}

// admissible checks everything that is told to the client by redirect.
func (s *Server) admissible(r exchange.AuthorizationRequest, fault error, c Client) (Terms, error) {
	if fault != nil {
		return Terms{}, fault
	}
	if bad := admissibleKind(r, c); bad != nil {
		return Terms{}, bad
	}
	key := s.keyFor(r)
	if key != "" && oauth.CheckChallenge(key) != nil { // a SHA-256 in base64url, as a challenge is
		return Terms{}, oauth.E(oauth.InvalidRequest, "dpop_jkt must be the 43 characters of the key's SHA-256 thumbprint in base64url (RFC 7638)")
	}
	if r.Resource == "" && s.cfg.Compat == "" {
		return Terms{}, oauth.E(oauth.InvalidTarget, "resource is missing: send the resource member of the protected resource metadata")
	}
	resource, bad := s.target(r.Resource)
	if bad != nil {
		return Terms{}, bad
	}
	scope, bad := grantable(r.Scope, c)
	if bad != nil {
		return Terms{}, bad
	}
	return Terms{Client: r.ClientID, Subject: Subject, Scope: scope, Resource: resource, Key: key}, nil
}

func admissibleKind(r exchange.AuthorizationRequest, c Client) *oauth.Error {
	switch {
	case r.ResponseType == "":
		return oauth.E(oauth.InvalidRequest, "response_type is missing: send code")
	case r.ResponseType != "code":
		return oauth.E(oauth.UnsupportedResponseType, "response_type must be code")
	case !c.has(oauth.GrantAuthorizationCode):
		return oauth.E(oauth.UnauthorizedClient, "the client is not registered for authorization_code")
	case r.ResponseMode != "" && r.ResponseMode != "query":
		return oauth.E(oauth.InvalidRequest, "response_mode must be query")
	case r.Request:
		return oauth.E(oauth.InvalidRequest, "request objects are not served, and request_uri only as the pushed authorization request endpoint gave it: send plain parameters")
	case r.CodeChallenge == "":
		return oauth.E(oauth.InvalidRequest, "code_challenge is missing: PKCE is required")
	case r.CodeChallengeMethod != oauth.S256:
		return oauth.E(oauth.InvalidRequest, "code_challenge_method must be S256")
	}
	if err := oauth.CheckChallenge(r.CodeChallenge); err != nil {
		return oauth.E(oauth.InvalidRequest, err.Error())
	}
	return nil
}

// ask shows the consent page, unless a test hook answers it.
func (s *Server) ask(now time.Time, r exchange.AuthorizationRequest, c Client, terms Terms) message.Response {
	t := Transaction{Terms: terms, RedirectURI: r.RedirectURI, State: r.State, Challenge: r.CodeChallenge}
	if s.manual(terms.Scope) {
		return s.showConsent(now, t, c)
	}
	return s.decide(now, t, s.cfg.Approval == ApprovalAuto)
}

// manual reports whether a person must decide: always for mcp:admin.
func (s *Server) manual(scope string) bool {
	all, _ := oauth.ParseScope(scope)
	return s.cfg.Approval == ApprovalManual || all.Has(oauth.ScopeAdmin)
}

// decide sends the user agent back with a code or a denial.
func (s *Server) decide(now time.Time, t Transaction, approve bool) message.Response {
	if !approve {
		return s.redirectError(t.RedirectURI, t.State, oauth.E(oauth.AccessDenied, "the user said no"))
	}
	text, key, err := s.secret(32)
	if err == nil {
		code := Code{Terms: unique.Make(t.Terms), RedirectURI: t.RedirectURI, Challenge: t.Challenge}
		err = s.t.Codes.Create(now, key, code, now.Add(s.cfg.Lifetimes.Code))
	}
	if err != nil {
		return s.redirectError(t.RedirectURI, t.State, Unavailable(err))
	}
	answer := exchange.AuthorizationResponse{Code: text, State: t.State, Issuer: s.cfg.Issuer}
	reply := message.Redirect(303, answer.URL(t.RedirectURI))
	reply.Note = "approved: a code goes to the client"
	return reply
}

func (s *Server) redirectError(redirect, state string, e *oauth.Error) message.Response {
	answer := exchange.AuthorizationResponse{Err: e, State: state, Issuer: s.cfg.Issuer}
	reply := message.Redirect(303, answer.URL(redirect))
	reply.Note = e.Error()
	return reply
}
