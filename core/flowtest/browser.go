// Package flowtest plays whole flows: a user with a browser, a server, a
// clock that is moved by hand, and scripts that say what happens. It needs
// neither files nor the testing package, so that it runs on every platform.
package flowtest

import (
	"errors"
	"strings"

	"mcp-auth/core/message"
)

// A Transport performs one exchange.
type Transport func(message.Request) (message.Response, error)

// A Browser is a user's browser without script: it keeps cookies, follows
// redirects within the server, and presses the buttons of forms.
type Browser struct {
	Do      Transport
	cookies []message.Pair
}

// A Page is what the browser shows.
type Page struct {
	URL    string
	Status int
	Body   string
	Left   string // where a redirect led that is not the server's; the page is then empty
	Header message.Header
}

// Visit opens a URL.
func (b *Browser) Visit(url string) (Page, error) {
	return b.follow(message.Request{Method: "GET", URL: url, Header: message.Header{{Name: "Accept", Value: "text/html"}}})
}

// Press submits the page's form with one of its buttons.
func (b *Browser) Press(p Page, name, value string) (Page, error) {
	method, action, fields, ok := form(p.Body)
	if !ok {
		return Page{}, errors.New("the page has no form")
	}
	fields.Add(name, value)
	origin := message.Request{URL: p.URL}.Origin()
	if strings.HasPrefix(action, "/") {
		action = origin + action
	}
	if method == "get" {
		return b.Visit(message.AppendQuery(action, fields))
	}
	m := message.PostForm(action, fields)
	m.Header = message.Header{{Name: "Accept", Value: "text/html"}, {Name: "Content-Type", Value: message.FormType},
		{Name: "Origin", Value: origin}, {Name: "Sec-Fetch-Site", Value: "same-origin"}}
	return b.follow(m)
}

// Send performs a request that a page has made.
func (b *Browser) Send(m message.Request) (Page, error) { return b.follow(m) }

func (b *Browser) follow(m message.Request) (Page, error) {
	for range 5 {
		if c := b.cookieHeader(); c != "" {
			m.Header = m.Header.With("Cookie", c)
		}
		r, err := b.Do(m)
		if err != nil {
			return Page{}, err
		}
		b.store(r.Header)
		location := r.Header.Get("Location")
		if r.Status < 300 || r.Status > 399 || location == "" {
			return Page{URL: m.URL, Status: r.Status, Body: string(r.Body), Header: r.Header}, nil
		}
		if (message.Request{URL: location}).Origin() != m.Origin() {
			return Page{URL: m.URL, Status: r.Status, Left: location, Header: r.Header}, nil
		}
		m = message.Request{Method: "GET", URL: location}
	}
	return Page{}, errors.New("too many redirects")
}

func (b *Browser) store(h message.Header) {
	for _, v := range h.Values("Set-Cookie") {
		pair, _, _ := strings.Cut(v, ";")
		name, value, _ := strings.Cut(pair, "=")
		b.cookies = append(b.cookies, message.Pair{Name: name, Value: value})
	}
}

func (b *Browser) cookieHeader() string {
	var all []string
	for _, c := range b.cookies {
		all = append(all, c.Name+"="+c.Value)
	}
	return strings.Join(all, "; ")
}

// form reads the page's one form and its hidden fields.
func form(page string) (method, action string, fields message.Form, ok bool) {
	_, rest, ok := strings.Cut(page, "<form ")
	if !ok {
		return "", "", nil, false
	}
	inside, _, _ := strings.Cut(rest, "</form>")
	tag, inside, _ := strings.Cut(inside, ">")
	for part := range strings.SplitSeq(inside, "<input ") {
		part, _, _ = strings.Cut(part, ">")
		if attribute(part, "type") == "hidden" {
			fields.Add(attribute(part, "name"), attribute(part, "value"))
		}
	}
	return attribute(tag, "method"), attribute(tag, "action"), fields, true
}

func attribute(tag, name string) string {
	_, rest, ok := strings.Cut(tag, name+`="`)
	if !ok {
		return ""
	}
	value, _, _ := strings.Cut(rest, `"`)
	return unescape.Replace(value)
}

var unescape = strings.NewReplacer("&lt;", "<", "&gt;", ">", "&#34;", `"`, "&#39;", "'", "&amp;", "&")
