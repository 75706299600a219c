// The consent page: shown to one browser, answered once.
package authserver

import (
	"errors"
	"strings"
	"time"

	"mcp-auth/core/message"
	"mcp-auth/core/oauth"
	"mcp-auth/core/pages"
	"mcp-auth/core/table"
)

// showConsent stores the request and binds its page to the browser: the
// hidden field and the cookie must come back together.
func (s *Server) showConsent(now time.Time, t Transaction, c Client) message.Response {
	id, key, err := s.secret(24)
	if err != nil {
		return s.redirectError(t.RedirectURI, t.State, Unavailable(err))
	}
	cookie, browser, err := s.browserCookie(id, AuthorizePath)
	if err == nil {
		t.Browser = browser
		err = s.t.Transactions.Create(now, key, t, now.Add(s.cfg.Lifetimes.Transaction))
	}
	if err != nil {
		return s.redirectError(t.RedirectURI, t.State, Unavailable(err))
	}
	scope, _ := oauth.ParseScope(t.Terms.Scope)
	page := pages.ConsentPage(pages.Consent{
		ClientName: c.ClientName, ClientID: t.Terms.Client, Registered: !c.Seeded && !c.Document, Document: c.Document, LocalOnly: c.localOnly(), Resource: t.Terms.Resource,
		Scopes: scope, RedirectURI: t.RedirectURI, Transaction: id, Action: s.base + ConsentPath, Issuer: s.cfg.Issuer,
		Minutes: int(s.cfg.Lifetimes.Transaction / time.Minute)})
	page.Header = page.Header.With("Set-Cookie", cookie)
	page.Note = "asking for consent"
	return page
}

// Decide serves POST /oauth/authorize/consent.
func (s *Server) Decide(now time.Time, m message.Request) message.Response {
	f, bad := s.decisionForm(m)
	if bad != nil {
		return bad.page()
	}
	id, key := f.transaction, table.KeyOf(f.transaction)
	read, err := s.t.Transactions.Get(now, key)
	if errors.Is(err, table.ErrMissing) || err == nil && !sameBrowser(m, id, read.Value.Browser) {
		return strangePage.page()
	}
	if err != nil {
		return failed(err)
	}
	t := read.Value
	if t.Decided {
		return decidedPage.page()
	}
	t.Decided = true
	switch err := s.t.Transactions.Swap(now, key, read, t, read.Expires); {
	case errors.Is(err, table.ErrMoved):
		return decidedPage.page()
	case err != nil:
		return failed(err)
	}
	return s.decide(now, t, f.approve)
}

var (
	strangePage = trouble{403, "This page cannot be answered from here",
		"The answer did not come from the browser that was shown the page, or the page has expired.",
		"Go back to the application and start again."}
	decidedPage = trouble{409, "Already answered", "This request was answered before, and it counts once.",
		"Return to the application; start again there if it is still waiting."}
	storagePage = trouble{503, "The server could not save the answer", "The storage failed and nothing was decided.",
		"Go back and press the button again."}
	foreignPage = trouble{403, "The answer came from another site",
		"Only the page that this server has shown may answer.", "Go back to the application and start again."}
)

var fullPage = trouble{503, "The server is full", "It holds as many records as it may, and nothing was decided.", "Wait a minute until some have expired, then try again."}

// failed is the page of what failed: unavailable, for people.
func failed(err error) message.Response {
	if errors.Is(err, table.ErrFull) {
		return fullPage.after(time.Minute)
	}
	return storagePage.page()
}

// A decision is what both the consent and the device page post.
type decision struct {
	transaction string
	userCode    string
	approve     bool
}

// decisionForm reads a decision that this server's own page posted.
func (s *Server) decisionForm(m message.Request) (decision, *trouble) {
	if !s.ownPage(m.Header) {
		return decision{}, &foreignPage
	}
	f, err := message.ReadForm(m)
	var fe *message.FormError
	if errors.As(err, &fe) {
		return decision{}, &trouble{fe.Status, "The answer could not be read", fe.Text, "Use the buttons of the page."}
	}
	transaction, err1 := f.One("transaction")
	userCode, err2 := f.One("user_code")
	word, err3 := f.One("decision")
	if errors.Join(err1, err2, err3) != nil || word != "approve" && word != "deny" {
		return decision{}, &trouble{400, "The answer is not clear", "Exactly one of approve and deny must be chosen.", "Use the buttons of the page."}
	}
	if transaction == "" {
		return decision{}, &strangePage
	}
	return decision{transaction, userCode, word == "approve"}, nil
}

// ownPage reports whether the browser says that the post came from our page;
// a client that says nothing is let through to the cookie check.
func (s *Server) ownPage(h message.Header) bool {
	for _, origin := range h.Values("Origin") {
		if origin != s.origin {
			return false
		}
	}
	switch h.Get("Sec-Fetch-Site") {
	case "", "same-origin", "none":
		return true
	}
	return false
}

// browserCookie makes the cookie of one page. Each page has its own, so that
// two tabs do not disturb each other.
func (s *Server) browserCookie(id, path string) (header string, key table.Key, err error) {
	text, key, err := s.secret(18)
	if err != nil {
		return "", key, err
	}
	header = cookieName(id) + "=" + text + "; Path=" + s.base + path + "; HttpOnly; SameSite=Lax; Max-Age=" +
		message.Decimal(int64(s.cfg.Lifetimes.Transaction/time.Second))
	if strings.HasPrefix(s.cfg.Issuer, "https://") {
		header += "; Secure"
	}
	return header, key, nil
}

func cookieName(id string) string { return "mcp_auth_" + id[:min(8, len(id))] }

func sameBrowser(m message.Request, id string, browser table.Key) bool {
	name := cookieName(id)
	for _, field := range m.Header.Values("Cookie") {
		for pair := range strings.SplitSeq(field, ";") {
			n, value, _ := strings.Cut(strings.Trim(pair, " "), "=")
			if n == name && table.KeyOf(value) == browser {
				return true
			}
		}
	}
	return false
}
