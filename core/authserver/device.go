// RFC 8628 sections 3.1 to 3.5: device authorization, and its polls.
package authserver

import (
	"errors"
	"time"
	"unique"

	"mcp-auth/core/exchange"
	"mcp-auth/core/message"
	"mcp-auth/core/oauth"
	"mcp-auth/core/table"
)

// DeviceAuthorization serves POST /oauth/device/authorize.
func (s *Server) DeviceAuthorization(now time.Time, m message.Request) message.Response {
	r, err := exchange.ReadDeviceRequest(m)
	if err != nil {
		return fail(err, r.Client.Basic)
	}
	c, err := s.authenticate(now, r.Client)
	if err != nil {
		return fail(err, r.Client.Basic)
	}
	d, err := s.startDevice(now, c, r)
	if err != nil {
		return fail(err, false)
	}
	return exchange.DeviceReply(d)
}

func (s *Server) startDevice(now time.Time, c Client, r exchange.DeviceRequest) (oauth.DeviceAuthorization, error) {
	if !c.has(oauth.GrantDeviceCode) {
		return oauth.DeviceAuthorization{}, oauth.E(oauth.UnauthorizedClient, "the client is not registered for the device grant")
	}
	scope, bad := grantable(r.Scope, c)
	if bad != nil {
		return oauth.DeviceAuthorization{}, bad
	}
	resource, bad := s.target(r.Resource)
	if bad != nil {
		return oauth.DeviceAuthorization{}, bad
	}
	if err := s.countStart(now, r.Client.ClientID); err != nil {
		return oauth.DeviceAuthorization{}, err
	}
	return s.createDevice(now, Terms{Client: r.Client.ClientID, Subject: Subject, Scope: scope, Resource: resource})
}

func starts(client string) table.Key { return table.KeyOf("device " + client) }

func (s *Server) countStart(now time.Time, client string) error {
	const what = "the client has too many device authorizations; finish or wait for some to expire"
	full, err := exhausted(now, s.t.Throttles, starts(client), int32(s.cfg.Limits.ClientStarts))
	if err == nil && !full {
		err = count(now, s.t.Throttles, starts(client), 1, s.cfg.Lifetimes.Device)
	}
	if err != nil || full {
		return tooMany(err, what, time.Minute)
	}
	return nil
}

func (s *Server) createDevice(now time.Time, t Terms) (oauth.DeviceAuthorization, error) {
	text, key, err := s.secret(32)
	if err != nil {
		return oauth.DeviceAuthorization{}, err
	}
	life := s.cfg.Lifetimes.Device
	d := Device{Terms: t, ExpiresAt: now.Add(life).UnixNano(), Interval: int64(s.cfg.Lifetimes.Interval)}
	// The record outlives the code, so that a late poll learns why.
	if err := s.t.Devices.Create(now, key, d, now.Add(2*life)); err != nil {
		return oauth.DeviceAuthorization{}, err
	}
	userCode, err := s.createUserCode(now, key)
	if err != nil {
		_ = take(now, s.t.Devices, key)
		return oauth.DeviceAuthorization{}, err
	}
	verify := s.cfg.Issuer + DeviceVerifyPath
	return oauth.DeviceAuthorization{DeviceCode: text, UserCode: userCode, VerificationURI: verify,
		VerificationURIComplete: verify + "?user_code=" + userCode,
		ExpiresIn:               int64(life / time.Second), Interval: wholeSeconds(s.cfg.Lifetimes.Interval)}, nil
}

// wholeSeconds are the seconds to tell somebody who must wait at least so long.
func wholeSeconds(wait time.Duration) int64 { return int64((wait + time.Second - 1) / time.Second) }

func (s *Server) createUserCode(now time.Time, device table.Key) (string, error) {
	for range 10 { // a code in use is met once in 10^6 at 10,000 devices
		code, err := newUserCode(s.cfg.Random)
		if err != nil {
			return "", err
		}
		err = s.t.UserCodes.Create(now, userCodeKey(code), device, now.Add(s.cfg.Lifetimes.Device))
		if !errors.Is(err, table.ErrExists) {
			return code, err
		}
	}
	return "", table.ErrExists
}

// deviceGrant answers a poll.
func (s *Server) deviceGrant(now time.Time, c Client, r exchange.TokenRequest) (oauth.Token, error) {
	if r.DeviceCode == "" {
		return oauth.Token{}, oauth.E(oauth.InvalidRequest, "device_code is missing")
	}
	key := table.KeyOf(r.DeviceCode)
	for range 100 { // each turn lost is a turn that another poll won
		read, err := s.t.Devices.Get(now, key)
		if errors.Is(err, table.ErrMissing) {
			return oauth.Token{}, errDevice
		}
		if err != nil {
			return oauth.Token{}, err
		}
		t, err := s.poll(now, c, r, key, read)
		if !errors.Is(err, table.ErrMoved) {
			return t, err
		}
	}
	return oauth.Token{}, table.ErrMoved
}

var errDevice = oauth.E(oauth.InvalidGrant, "the device code is unknown, used, or another client's; start the device authorization again")

func (s *Server) poll(now time.Time, c Client, r exchange.TokenRequest, key table.Key, read table.Record[Device]) (oauth.Token, error) {
	d := read.Value
	if d.Terms.Client != r.Client.ClientID {
		return oauth.Token{}, errDevice
	}
	if r.Resource != "" && !oauth.SameResource(r.Resource, d.Terms.Resource) {
		return oauth.Token{}, oauth.E(oauth.InvalidTarget, "resource differs from the one of the device authorization")
	}
	switch {
	case d.State == DeviceRedeemed:
		return oauth.Token{}, errDevice
	case d.State == DeviceDenied:
		return oauth.Token{}, oauth.E(oauth.AccessDenied, "the user said no")
	case now.UnixNano() >= d.ExpiresAt:
		return oauth.Token{}, oauth.E(oauth.ExpiredToken, "the device code has expired; start the device authorization again")
	}
	next, slow := polled(d, now, s.cfg.Lifetimes.Interval)
	if d.State == DeviceApproved && !slow {
		return s.redeemDevice(now, c, r.Key, key, read)
	}
	if err := s.t.Devices.Swap(now, key, read, next, read.Expires); err != nil {
		return oauth.Token{}, err
	}
	if slow {
		return oauth.Token{}, oauth.E(oauth.SlowDown, "polled too soon: wait "+message.Decimal(wholeSeconds(time.Duration(next.Interval)))+" seconds between polls")
	}
	return oauth.Token{}, oauth.E(oauth.AuthorizationPending, "the user has not answered yet")
}

// slowDown is what a too early poll adds for good (RFC 8628 section 3.5).
const slowDown = int64(5 * time.Second)

// polled is the device after a poll at now, and whether that came too soon.
// Only a poll faster than base, the interval first asked for, adds to it, and
// never so much that a client that keeps it misses the expiry.
func polled(d Device, now time.Time, base time.Duration) (next Device, slow bool) {
	at := now.UnixNano()
	gap := at - d.LastPoll
	next = d
	next.LastPoll = at
	if d.LastPoll == 0 || gap >= d.Interval {
		return next, false
	}
	if gap >= int64(base) {
		return next, true
	}
	if longest := (d.ExpiresAt - at) / 2; d.Interval+slowDown <= longest {
		next.Interval = d.Interval + slowDown
	}
	return next, true
}

func (s *Server) redeemDevice(now time.Time, c Client, holder string, key table.Key, read table.Record[Device]) (oauth.Token, error) {
	t, grant, err := s.issueGrant(now, c, boundTo(unique.Make(read.Value.Terms), holder))
	if err != nil {
		return oauth.Token{}, err
	}
	spent := read.Value
	spent.State, spent.Grant = DeviceRedeemed, grant
	if err := s.t.Devices.Swap(now, key, read, spent, read.Expires); err != nil {
		_ = take(now, s.t.Grants, grant)
		return oauth.Token{}, err
	}
	_ = count(now, s.t.Throttles, starts(read.Value.Terms.Client), -1, 0)
	return t, nil
}
