// RFC 9126: pushed authorization requests. The client proves who it is and
// sends the request itself; the browser carries only a reference to it.
package authserver

import (
	"errors"
	"time"

	"mcp-auth/core/exchange"
	"mcp-auth/core/message"
	"mcp-auth/core/oauth"
	"mcp-auth/core/table"
)

// Push serves POST /oauth/par. What the authorization endpoint would refuse is
// refused here, to the client itself.
func (s *Server) Push(now time.Time, m message.Request) message.Response {
	r, err := exchange.ReadPushedRequest(m)
	if err != nil {
		return fail(err, r.Client.Basic)
	}
	c, err := s.authenticate(now, r.Client)
	if err != nil {
		return fail(err, r.Client.Basic)
	}
	p, err := s.push(now, m, r, c)
	if err != nil {
		return fail(err, false)
	}
	reply := exchange.PushedReply(p)
	reply.Note = "keeps a pushed authorization request"
	return reply
}

func (s *Server) push(now time.Time, m message.Request, r exchange.PushedRequest, c Client) (exchange.Pushed, error) {
	var ok bool
	if r.RedirectURI, ok = redirectFor(c, r.RedirectURI); !ok {
		return exchange.Pushed{}, oauth.E(oauth.InvalidRequest, "redirect_uri must be, byte for byte, one that the client registered; only the port of a loopback address is free")
	}
	if _, err := s.admissible(r.AuthorizationRequest, nil, c); err != nil {
		return exchange.Pushed{}, err
	}
	var err error
	if r.DPoPKey, err = s.pushedKey(now, m, r.DPoPKey); err != nil {
		return exchange.Pushed{}, err
	}
	text, err := oauth.RandomText(s.cfg.Random, 32)
	if err != nil {
		return exchange.Pushed{}, err
	}
	p := exchange.Pushed{RequestURI: exchange.PushedPrefix + text, ExpiresIn: int64(s.cfg.Lifetimes.Pushed / time.Second)}
	return p, s.t.Pushed.Create(now, table.KeyOf(p.RequestURI), PushedRecord{r.AuthorizationRequest}, now.Add(s.cfg.Lifetimes.Pushed))
}

// pushedKey is the key that the code is for: dpop_jkt, or the proof's that came
// with the request, which means the same (RFC 9449 section 10.1).
func (s *Server) pushedKey(now time.Time, m message.Request, named string) (string, error) {
	if s.cfg.DPoP == DPoPOff || exchange.Proofs(m.Header) == 0 {
		return named, nil
	}
	p, err := s.checkProof(now, m)
	switch {
	case err != nil:
		return "", err
	case named != "" && named != p.Key:
		return "", oauth.E(oauth.InvalidDPoPProof, "DPoP proof: it is of another key than dpop_jkt names; send one of the two, or both of one key")
	}
	return p.Key, nil
}

var spentPage = trouble{400, "The request is unknown, used or expired",
	"The application sent its request ahead, and the reference to it works once, for a short time and for that application alone.",
	"Go back to the application and start again."}

// pushed takes the request that a reference stands for: once, and for the
// client that pushed it. Another client's attempt takes nothing.
func (s *Server) pushed(now time.Time, clientID, requestURI string) (request, Client, *trouble) {
	key := table.KeyOf(requestURI)
	read, err := s.t.Pushed.Get(now, key)
	switch {
	case errors.Is(err, table.ErrMissing), err == nil && read.Value.ClientID != clientID:
		return request{}, Client{}, &spentPage
	case err != nil:
		return request{}, Client{}, &lookUpPage
	}
	c, err := s.client(now, clientID)
	if err != nil {
		return request{}, Client{}, clientless(err)
	}
	switch err = s.t.Pushed.Take(now, key, read); {
	case errors.Is(err, table.ErrMoved):
		return request{}, Client{}, &spentPage
	case err != nil:
		return request{}, Client{}, &lookUpPage
	}
	return request{read.Value.AuthorizationRequest, nil}, c, nil
}
