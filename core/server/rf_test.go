package server_test

import (
	"strings"
	"testing"
	"unicode"

	"mcp-auth/core/message"
)

func TestRF01_Rotation(t *testing.T) {
	b := newBench(t)
	_, rt := b.login()
	r := b.refresh(rt)
	b.Equal(r.Status, 200)                         // refreshed
	b.True(text(r, "refresh_token") != rt)         // with a new one
	b.refused(b.refresh(rt), 400, "invalid_grant") // the old one is spent
}

func TestRF02_ReuseKillsTheFamily(t *testing.T) {
	b := newBench(t)
	at1, rt1 := b.login()
	r := b.refresh(rt1)
	b.refused(b.refresh(rt1), 400, "invalid_grant")
	b.refused(b.refresh(text(r, "refresh_token")), 400, "invalid_grant")
	b.True(!b.alive(at1))                     // the first access token is dead
	b.True(!b.alive(text(r, "access_token"))) // and the second
}

func TestRF03_ParallelRefreshes(t *testing.T) {
	b := newBench(t)
	for range 20 {
		_, rt := b.login()
		won, token := 0, ""
		for _, r := range parallel(20, func() message.Response { return b.refresh(rt) }) {
			if r.Status == 200 {
				won++
				token = text(r, "access_token")
				continue
			}
			b.refused(r, 400, "invalid_grant")
		}
		b.Equal(won, 1)         // exactly one wins
		b.True(!b.alive(token)) // then the family is dead
	}
}

func TestRF04_RefreshTokenOfAnotherClient(t *testing.T) {
	b := newBench(t)
	_, rt := b.login()
	b.refused(b.refresh(rt, "client_id="+b.pub2), 400, "invalid_grant")
	b.Equal(b.refresh(rt).Status, 200) // no effect
}

func TestRF05_WiderScope(t *testing.T) {
	b := newBench(t)
	_, rt := b.login()
	b.refused(b.refresh(rt, "scope=mcp%3Aread+mcp%3Awrite"), 400, "invalid_scope")
	b.Equal(b.refresh(rt).Status, 200) // not consumed
}

func TestRF06_OtherResource(t *testing.T) {
	b := newBench(t)
	_, rt := b.login()
	b.refused(b.refresh(rt, "resource="+enc("https://other.example/")), 400, "invalid_target")
	b.Equal(b.refresh(rt).Status, 200) // not consumed
}

func TestRF07_ClientWithoutTheGrant(t *testing.T) {
	b := newBench(t)
	c := b.register(`"redirect_uris":["` + redirect + `"],"grant_types":["authorization_code"],"token_endpoint_auth_method":"none"`).ClientID
	r := b.redeem(b.code("client_id="+c), "client_id="+c)
	b.Equal(r.Status, 200)                // a token
	b.Equal(text(r, "refresh_token"), "") // but no refresh token
	b.refused(b.refresh("x", "client_id="+c), 400, "unauthorized_client")
}

func TestRF08_TokensOfOtherKinds(t *testing.T) {
	b := newBench(t)
	at, rt := b.login()
	b.refused(b.refresh(at), 400, "invalid_grant")
	b.refused(b.refresh(b.code()), 400, "invalid_grant")
	b.Equal(b.mcp(rt, ping).Status, 401) // a refresh token opens nothing
}

func TestRF09_AlteredRefreshToken(t *testing.T) {
	b := newBench(t)
	_, rt := b.login()
	flipped := []rune(rt)
	if unicode.IsUpper(flipped[0]) {
		flipped[0] = unicode.ToLower(flipped[0])
	} else {
		flipped[0] = unicode.ToUpper(flipped[0])
	}
	bad := []string{rt[:len(rt)-1], rt + "a"}
	if string(flipped) != rt {
		bad = append(bad, string(flipped))
	}
	for _, token := range bad {
		b.refused(b.refresh(token), 400, "invalid_grant")
	}
	b.Equal(b.refresh(rt).Status, 200) // the original still works
}

func TestRF10_ConfidentialClientMustAuthenticate(t *testing.T) {
	b := newBench(t)
	r := b.post("/oauth/token", "grant_type=refresh_token&refresh_token=x&client_id=dev-confidential-client")
	b.refused(r, 401, "invalid_client")
	b.True(strings.Contains(text(r, "error_description"), "confidential")) // it says why
}

// RFC 6749 section 6: a refresh may ask for less, and the grant keeps what it
// was given.
func TestRF05_NarrowerScope(t *testing.T) {
	b := newBench(t)
	c := "client_id=" + b.register(`"redirect_uris":["`+redirect+`"],"grant_types":["authorization_code","refresh_token"],"token_endpoint_auth_method":"none","scope":"mcp:read mcp:write"`).ClientID
	r := b.redeem(b.code(c, "scope=mcp%3Aread+mcp%3Awrite"), c)
	b.Equal(text(r, "scope"), "mcp:read mcp:write") // granted
	r = b.refresh(text(r, "refresh_token"), c, "scope=mcp%3Aread")
	b.Equal(text(r, "scope"), "mcp:read") // less, as it was asked for
	r = b.refresh(text(r, "refresh_token"), c)
	b.Equal(text(r, "scope"), "mcp:read mcp:write") // and all of it again
	b.refused(b.refresh(text(r, "refresh_token"), c, "scope=%22"), 400, "invalid_scope")
}

// RFC 6749 section 5.2: what a grant needs and does not bring.
func TestTK_WhatAGrantNeeds(t *testing.T) {
	b := newBench(t)
	for _, grant := range []string{"", "grant_type=authorization_code", "grant_type=refresh_token", "grant_type=" + enc("urn:ietf:params:oauth:grant-type:device_code")} {
		b.refused(b.post("/oauth/token", grant+"&client_id=dev-public-client"), 400, "invalid_request")
	}
}
