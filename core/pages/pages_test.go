// What holds for every page, whatever it shows (C-05, AZ-18, AZ-19, AZ-23,
// CM-13, DV-09, DV-10).
package pages_test

import (
	"crypto/sha256"
	"encoding/base64"
	"regexp"
	"strings"
	"testing"

	"github.com/matryer/is"

	"mcp-auth/core/message"
	"mcp-auth/core/pages"
)

func TestC05Headers(t *testing.T) {
	for _, s := range samples() {
		t.Run(s.name, func(t *testing.T) {
			is := is.New(t)
			for name, want := range map[string]string{"X-Frame-Options": "DENY", "Referrer-Policy": "same-origin",
				"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store", "Content-Type": "text/html; charset=utf-8"} {
				is.Equal(s.reply.Header.Values(name), []string{want}) // the header is sent once
			}
			is.Equal(s.reply.Header.Count("Location"), 0) // a page leads nowhere
			policy := directives(s.reply)
			is.Equal(policy["default-src"], "'none'")             // nothing may load
			is.Equal(policy["frame-ancestors"], "'none'")         // nobody may frame
			is.Equal(policy["base-uri"], "'none'")                // no base element can move the form
			is.True(policy["form-action"] != "")                  // forms are bounded
			is.Equal(policy["style-src"], hashOfStyle(s.reply))   // the hash is the one of the style in the page
			is.True(!strings.Contains(policy["all"], "unsafe"))   // nothing unsafe is allowed
			is.Equal(strings.Contains(policy["all"], ","), false) // one policy
		})
	}
}

// directives reads the page's policy.
func directives(r message.Response) map[string]string {
	all := map[string]string{"all": r.Header.Get("Content-Security-Policy")}
	for d := range strings.SplitSeq(all["all"], ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(d), " ")
		all[name] = strings.TrimSpace(value)
	}
	return all
}

func hashOfStyle(r message.Response) string {
	_, rest, _ := strings.Cut(string(r.Body), "<style>")
	style, _, _ := strings.Cut(rest, "</style>")
	sum := sha256.Sum256([]byte(style))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

var (
	reference = regexp.MustCompile(`(?i)\b(?:src|href|action|formaction|data|poster|srcset)="([^"]*)"`)
	element   = regexp.MustCompile(`(?i)<(script|img|iframe|object|embed|link|base|svg|video|audio)\b`)
	quoted    = regexp.MustCompile(`"[^"]*"`)
	handler   = regexp.MustCompile(`(?i)<[^>]*\s(on[a-z]+|style)=`)
)

// active is the first attribute that the policy would have to stop.
func active(body string) string {
	return handler.FindString(quoted.ReplaceAllString(body, `""`))
}

func TestNothingFromElsewhere(t *testing.T) {
	for _, s := range samples() {
		t.Run(s.name, func(t *testing.T) {
			is := is.New(t)
			body := string(s.reply.Body)
			is.Equal(element.FindString(body), "")      // nothing that runs or loads
			is.Equal(active(body), "")                  // no attribute that the policy forbids
			is.True(!strings.Contains(body, "url("))    // the style loads no image
			is.True(!strings.Contains(body, "@import")) // the style loads nothing
			for _, m := range reference.FindAllStringSubmatch(body, -1) {
				is.True(strings.HasPrefix(m[1], "/") && !strings.HasPrefix(m[1], "//") || strings.HasPrefix(m[1], "#")) // links stay on the server
			}
		})
	}
}

func TestReadableByEveryone(t *testing.T) {
	label := regexp.MustCompile(`<label for="([^"]+)">`)
	for _, s := range samples() {
		t.Run(s.name, func(t *testing.T) {
			is := is.New(t)
			body := string(s.reply.Body)
			is.True(strings.HasPrefix(body, `<!doctype html><html lang="en">`)) // the language is named
			is.Equal(strings.Count(body, "<title>"), 1)                         // one title
			is.Equal(strings.Count(body, "<h1>"), 1)                            // one first heading
			is.Equal(strings.Count(body, "<main"), 1)                           // one main landmark
			is.True(strings.Contains(body, "width=device-width"))               // a phone does not shrink it
			is.True(!strings.Contains(body, "user-scalable"))                   // and may zoom
			labels := label.FindAllStringSubmatch(body, -1)
			is.Equal(len(labels), strings.Count(body, `type="text"`)) // each field has a label
			for _, l := range labels {
				is.True(strings.Contains(body, ` id="`+l[1]+`"`)) // and the label finds it
			}
			is.Equal(repeatedID(body), "") // ids are unique
			is.Equal(unbalanced(body), "") // every element is closed
		})
	}
}

func repeatedID(body string) string {
	seen := map[string]bool{}
	for _, m := range regexp.MustCompile(` id="([^"]*)"`).FindAllStringSubmatch(body, -1) {
		if seen[m[1]] {
			return m[1]
		}
		seen[m[1]] = true
	}
	return ""
}

// unbalanced names the first element that is closed wrongly.
func unbalanced(body string) string {
	var open []string
	for _, m := range regexp.MustCompile(`<(/?)([a-z][a-z0-9]*)[^>]*>`).FindAllStringSubmatch(body, -1) {
		switch tag := m[2]; {
		case tag == "meta" || tag == "input" || tag == "br":
		case m[1] == "":
			open = append(open, tag)
		case len(open) == 0 || open[len(open)-1] != tag:
			return tag
		default:
			open = open[:len(open)-1]
		}
	}
	return strings.Join(open, " ")
}

// payloads are foreign texts that would break out of a page.
var payloads = []string{`"><script>alert(1)</script>`, `' onfocus=alert(1) x='`, `<img src=x onerror=alert(1)>`, `</style><b>`, "\x00\x1b[31m\u202egnp.exe"}

func TestAZ18AZ19EveryFieldIsEscaped(t *testing.T) {
	for _, p := range payloads {
		for name, r := range hostile(p) {
			t.Run(name, func(t *testing.T) {
				is := is.New(t)
				body := string(r.Body)
				is.True(!strings.Contains(body, p))                    // the text does not occur as it came
				is.True(strings.Contains(body, message.EscapeHTML(p))) // but it is shown
				is.Equal(element.FindString(body), "")                 // no element came of it
				is.Equal(active(body), "")                             // nor an attribute
				is.Equal(unbalanced(body), "")                         // nor a closing tag
				is.Equal(len(directives(r)), 6)                        // and the policy has its directives and no more
			})
		}
	}
}

// hostile is every page with one field at a time replaced.
func hostile(p string) map[string]message.Response {
	all := map[string]message.Response{}
	for name, set := range map[string]func(*pages.Consent){
		"name": func(c *pages.Consent) { c.ClientName = p }, "id": func(c *pages.Consent) { c.ClientID = p },
		"resource": func(c *pages.Consent) { c.Resource = p }, "scope": func(c *pages.Consent) { c.Scopes = []string{p} },
		"redirect": func(c *pages.Consent) { c.RedirectURI = p }, "transaction": func(c *pages.Consent) { c.Transaction = p },
		"issuer": func(c *pages.Consent) { c.Issuer = p }, "action": func(c *pages.Consent) { c.Action = p }} {
		c := consent
		set(&c)
		all["consent "+name] = pages.ConsentPage(c)
	}
	for name, set := range map[string]func(*pages.DeviceConfirm){
		"name": func(d *pages.DeviceConfirm) { d.ClientName = p }, "id": func(d *pages.DeviceConfirm) { d.ClientID = p },
		"resource": func(d *pages.DeviceConfirm) { d.Resource = p }, "scope": func(d *pages.DeviceConfirm) { d.Scopes = []string{p} },
		"code": func(d *pages.DeviceConfirm) { d.UserCode = p }, "transaction": func(d *pages.DeviceConfirm) { d.Transaction = p }} {
		d := confirm
		set(&d)
		all["device "+name] = pages.DeviceConfirmPage(d)
	}
	foreign := consent
	foreign.ClientID, foreign.Document, foreign.LocalOnly = p, true, true
	all["consent document"] = pages.ConsentPage(foreign)
	all["entry code"] = pages.DeviceEntryPage(pages.DeviceEntry{Action: "/d", UserCode: p})
	all["entry trouble"] = pages.DeviceEntryPage(pages.DeviceEntry{Action: "/d", Trouble: p})
	all["error"] = pages.ErrorPage(400, p, p, p)
	all["callback"] = pages.CallbackPage(pages.CallbackOutcome{Status: 400, Title: "Denied", Text: p})
	all["inspector name"] = pages.InspectorPage(message.Form{{Name: p, Value: "v"}}, false)
	all["inspector value"] = pages.InspectorPage(message.Form{{Name: "state", Value: p}}, false)
	all["docs"] = pages.DocsPage(issuer, "1", []pages.RouteDoc{{Group: p, Method: p, Path: p, Summary: p, Details: p}})
	all["home"] = pages.HomePage(pages.Home{Issuer: issuer, Version: p, Metadata: issuer + "/" + p, Seeds: []pages.Seed{{ID: p, Secret: p, Grants: p, Scope: p}}, Tenants: []string{p}})
	return all
}

// Chromium applies form-action to the redirect that answers the post.
func TestFormActionListsTheRedirect(t *testing.T) {
	for redirect, want := range map[string]string{
		"http://127.0.0.1:51004/cb":            "'self' http://127.0.0.1:51004",
		"http://localhost:51004/cb":            "'self' http://localhost:51004",
		"http://[::1]:51004/cb":                "'self' http:", // host sources have no IPv6 literals
		"https://app.example/cb?tenant=1":      "'self' https://app.example",
		"https://APP.example:443/cb":           "'self' https://app.example",
		"com.example.app:/cb":                  "'self' com.example.app:",
		"https://x;script-src 'unsafe-inline'": "'self' https:", // nothing gets into the policy
		"not a uri":                            "'self'",
	} {
		t.Run(redirect, func(t *testing.T) {
			c := consent
			c.RedirectURI = redirect
			is.New(t).Equal(directives(pages.ConsentPage(c))["form-action"], want) // the form may lead there
		})
	}
	is := is.New(t)
	is.Equal(directives(pages.DeviceConfirmPage(confirm))["form-action"], "'self'")    // the device page answers here
	is.Equal(directives(pages.ErrorPage(400, "a", "b", "c"))["form-action"], "'none'") // an error page has no form
}

func TestConsentSaysWhoWhatAndWhere(t *testing.T) {
	is := is.New(t)
	body := string(pages.ConsentPage(consent).Body)
	for _, want := range []string{"MCP auth CLI", consent.ClientID, "Name not verified", resource, "list the tools", "<strong>127.0.0.1</strong>",
		consent.RedirectURI, "A program on this computer", "10 minutes", `value="approve">Approve`, `value="deny">Deny`} {
		is.True(strings.Contains(body, want)) // the page says it
	}
	seeded := consent
	seeded.Registered = false
	seeded.RedirectURI = "https://app.example/cb"
	body = string(pages.ConsentPage(seeded).Body)
	is.True(!strings.Contains(body, "not verified"))     // a known client's name stands
	is.True(!strings.Contains(body, "on this computer")) // a site is no program here
	is.True(!strings.Contains(body, "powerful"))         // reading is not marked
	seeded.Scopes = []string{"mcp:admin"}
	is.True(strings.Contains(string(pages.ConsentPage(seeded).Body), "powerful")) // admin is
}

// CM-13: an identifier that is a URL is judged by its host, and a loopback
// redirect is warned of.
func TestCM13ClientHostIsShown(t *testing.T) {
	is := is.New(t)
	c := consent
	c.ClientID = "https://client.example/metadata.json"
	body := string(pages.ConsentPage(c).Body)
	is.True(strings.Contains(body, "<strong>client.example</strong>"))             // the host of the client
	is.True(strings.Contains(body, "<strong>127.0.0.1</strong>"))                  // the host of the redirect
	is.True(strings.Contains(body, "<strong>A program on this computer</strong>")) // the warning
}

// DV-09: what GET shows is a form to type or a question, filled in at most.
func TestDV09DevicePages(t *testing.T) {
	is := is.New(t)
	entry := string(pages.DeviceEntryPage(pages.DeviceEntry{Action: "/oauth/device/verify", UserCode: "KVHK-HQZT"}).Body)
	is.True(strings.Contains(entry, `method="get"`))      // typing a code decides nothing
	is.True(!strings.Contains(entry, `name="decision"`))  // no decision on the first page
	is.True(strings.Contains(entry, `value="KVHK-HQZT"`)) // the code is filled in
	again := pages.DeviceEntryPage(pages.DeviceEntry{Action: "/d", Trouble: "no such code"})
	is.Equal(again.Status, 400)                                   // trouble is no success
	is.True(strings.Contains(string(again.Body), `role="alert"`)) // and is read out
	ask := string(pages.DeviceConfirmPage(confirm).Body)
	for _, want := range []string{`method="post"`, "exactly this code", `<p class="big">KVHK-HQZT`, "Did somebody send you this code?",
		`name="user_code" value="KVHK-HQZT"`, confirm.ClientID, resource, "create and change notes"} {
		is.True(strings.Contains(ask, want)) // the page says it
	}
}

func TestCallbackTellsTheTruth(t *testing.T) {
	is := is.New(t)
	says := func(o pages.CallbackOutcome, words string) bool {
		return strings.Contains(string(pages.CallbackPage(o).Body), words)
	}
	is.True(says(pages.CallbackOutcome{Status: 200}, "You can close this window."))               // success ends here
	is.True(says(pages.CallbackOutcome{Status: 400}, "the login is still waiting"))               // a stray request ends nothing
	is.True(says(pages.CallbackOutcome{Status: 400, Ended: true}, "The login has ended"))         // a denial does
	is.True(!says(pages.CallbackOutcome{Status: 400, Ended: true}, "the login is still waiting")) // and does not claim to wait
}

func TestMinutes(t *testing.T) {
	for n, want := range map[int]string{0: "for less than a minute.", 1: "for a minute.", 2: "for 2 minutes."} {
		c := consent
		c.Minutes = n
		is.New(t).True(strings.Contains(string(pages.ConsentPage(c).Body), want)) // the time is said in words
	}
}
