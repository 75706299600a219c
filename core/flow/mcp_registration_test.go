// What MCP authorization demands of a client: registration.
package flow

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/matryer/is"

	"mcp-auth/core/exchange"
	"mcp-auth/core/message"
	"mcp-auth/core/oauth"
)

const wDocument = "https://client.example/client.json"

// takesDocuments is the metadata of a server that takes documents as clients.
var takesDocuments = metadata(`{`, `{"client_id_metadata_document_supported":true,`)

func TestMCPClient10_OrderOfRegistration(t *testing.T) {
	is := is.New(t)
	login := func(m Response, c Client) (id string, registered bool, err error) {
		p := honest(map[string]Response{"GET " + wASPlace: m})
		f, err := p.codeLogin(t, c)
		return f.Login.Client.ClientID, slices.Contains(p.asked(), "POST "+wRegister), err
	}
	all := Client{ID: "given", Document: wDocument, Register: true}
	id, registered, err := login(takesDocuments, all)
	is.True(err == nil && id == "given" && !registered) // the given one first
	all.ID = ""
	id, registered, err = login(takesDocuments, all)
	is.True(err == nil && id == wDocument && !registered) // then the document, where the server takes it
	id, registered, err = login(discovery["metadata"], all)
	is.True(err == nil && id == "c1" && registered) // else registration
	_, registered, err = login(discovery["metadata"], Client{Document: wDocument})
	is.True(err != nil && !registered) // else the user is asked
}

func TestMCPClient11_DocumentsAsClients(t *testing.T) {
	is := is.New(t)
	p := honest(map[string]Response{"GET " + wASPlace: takesDocuments})
	f, err := p.codeLogin(t, Client{Document: wDocument})
	is.NoErr(err)                                    // the login goes through
	is.Equal(p.query(t).Get("client_id"), wDocument) // the URL is the ID, byte for byte
	is.Equal(p.form(t).Get("client_id"), wDocument)  // at both endpoints
	is.Equal(f.Login.AuthMethod, oauth.AuthNone)     // nothing secret is shared
	for _, id := range []string{"http://client.example/c", "https://client.example", "https://client.example/", "https://u@client.example/c", "https://client.example/c#x", "https://client.example/a/../c"} {
		is.True(oauth.CheckClientIDURL(id) != nil) // https, with a path, plain
	}
	document := func(old, new string) message.Response {
		body := exchange.ClientDocument(wDocument, oauth.ClientMetadata{ClientName: "n", RedirectURIs: []string{wRedirect}, TokenEndpointAuthMethod: oauth.AuthNone})
		return jsonAnswer(200, strings.Replace(string(body), old, new, 1)).Response
	}
	_, faults := exchange.ReadClientDocument(wDocument, document("", ""))
	is.Equal(len(faults), 0) // the document that we write is good
	for _, member := range []string{`"client_id"`, `"client_name"`, `"redirect_uris"`} {
		_, faults = exchange.ReadClientDocument(wDocument, document(member, `"x"`))
		is.True(len(faults) > 0) // without one of the three it is not
	}
	_, faults = exchange.ReadClientDocument(wDocument+"x", document("", ""))
	is.True(len(faults) > 0) // nor at another URL
}

func TestMCPClient12_13_17_WhatIsRegistered(t *testing.T) {
	is := is.New(t)
	p := honest(nil)
	_, err := p.codeLogin(t, registering)
	is.NoErr(err) // the login goes through
	v, err := message.ParseJSON([]byte(p.posted(wRegister)))
	is.NoErr(err) // RFC 7591 wants JSON
	text := func(name string) string { s, _ := v.Get(name).Text(); return s }
	list := func(name string) (all []string) {
		for _, e := range v.Get(name).Elems() {
			s, _ := e.Text()
			all = append(all, s)
		}
		return all
	}
	is.Equal(text("application_type"), "native")                                       // a program on the user's machine
	is.Equal(list("redirect_uris"), []string{wRedirect})                               // that listens there
	is.Equal(list("grant_types"), []string{"authorization_code", "refresh_token"})     // and wants to stay
	is.Equal(list("response_types"), []string{"code"})                                 //
	is.True(text("client_name") != "" && text("token_endpoint_auth_method") == "none") // named, and without a secret
}

func TestMCPClient14_ARegistrationRefusedForItsRedirect(t *testing.T) {
	is := is.New(t)
	p := honest(map[string]Response{"POST " + wRegister: registrations["registration no redirect"]})
	_, err := p.codeLogin(t, registering)
	var no *Refusal
	is.True(errors.As(err, &no))                         // the server said no, by the book
	is.Equal(codeOf(no.Err), oauth.InvalidRedirectURI)   // in its own word
	is.True(strings.Contains(no.Hint, "--redirect-uri")) // and what may be changed is named
	is.Equal(len(p.visited), 0)                          // nobody was sent anywhere
}

func TestMCPClient15_CredentialsBelongToAnIssuer(t *testing.T) {
	is := is.New(t)
	p := honest(nil)
	_, err := p.codeLogin(t, Client{ID: "of-another", Secret: "s3cret-s3cret", Issuer: "https://other.example", Register: true})
	var v *Violation
	is.True(errors.As(err, &v) && strings.Contains(v.Hint, "register")) // refused, with the way on
	for _, s := range p.sent {
		is.True(!strings.Contains(string(s.Request.Body)+s.Request.URL, "of-another")) // the ID is not shown
	}
	is.Equal(len(p.visited), 0) // to anybody
	f, err := honest(nil).codeLogin(t, registering)
	is.True(err == nil && f.Login.Server.Issuer == wIssuer && f.Login.Client.ClientID == "c1") // what a login leaves says whose it is
}

func TestMCPClient16_RegisteredBeforehand(t *testing.T) {
	is := is.New(t)
	p := honest(nil)
	_, err := p.codeLogin(t, Client{ID: "given", Secret: "s3cret-s3cret"})
	is.NoErr(err)                                                                                             // the login goes through
	is.True(!slices.Contains(p.asked(), "POST "+wRegister))                                                   // nothing is registered
	is.Equal(p.query(t).Get("client_id"), "given")                                                            // the given client
	is.Equal(p.sent[len(p.sent)-1].Request.Header.Get("Authorization"), "Basic Z2l2ZW46czNjcmV0LXMzY3JldA==") // proves itself
}
