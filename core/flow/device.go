// The device flow (RFC 8628).
package flow

import (
	"errors"
	"time"

	"mcp-auth/core/exchange"
	"mcp-auth/core/message"
	"mcp-auth/core/oauth"
)

// Device logs in on a second screen. Its outcome is Login.
type Device struct {
	loginer

	device   oauth.DeviceAuthorization
	interval time.Duration
	next     time.Time // no poll before it
	expires  time.Time
}

// NewDevice makes the flow.
func NewDevice(t Target, c Client, scope string) *Device {
	return &Device{loginer: loginer{seeker: seeker{Target: t}, Client: c, Scope: scope}}
}

// DeviceRows is the table of Device.
var DeviceRows = append(seeking(func(f *Device) *seeker { return &f.seeker }, (*Device).discovered, nil, Registering, StartingDevice),
	Row[Device]{Registering, OnResponse, []State{StartingDevice, Failed}, "RFC 7591 section 3.2", (*Device).registered},
	Row[Device]{Registering, OnTrouble, []State{Failed}, "", troubled[Device]},
	Row[Device]{StartingDevice, OnResponse, []State{AwaitingPoll, Failed}, "RFC 8628 section 3.2", (*Device).started},
	Row[Device]{StartingDevice, OnTrouble, []State{Failed}, "", troubled[Device]},
	Row[Device]{AwaitingPoll, OnTimer, []State{AwaitingPoll, Polling, Failed}, "RFC 8628 section 3.4", (*Device).poll},
	Row[Device]{Polling, OnResponse, []State{AwaitingPoll, Polling, Finished, Failed}, "RFC 8628 section 3.5", (*Device).polled},
	Row[Device]{Polling, OnTrouble, []State{AwaitingPoll}, "RFC 8628 section 3.5", (*Device).unanswered},
)

// Step implements Flow.
func (f *Device) Step(now time.Time, ev Event) ([]Effect, error) {
	return step(f, &f.machine, DeviceRows, now, ev)
}

func (f *Device) discovered() []Effect {
	if effects := f.choose(ModeDevice); effects != nil {
		return effects
	}
	return f.identify(oauth.ClientMetadata{TokenEndpointAuthMethod: f.publicly(), GrantTypes: []string{oauth.GrantDeviceCode, oauth.GrantRefreshToken}}, f.start)
}

func (f *Device) registered(ev Event) []Effect {
	if effects := f.loginer.registered(ev, "", false); effects != nil {
		return effects
	}
	return f.start()
}

func (f *Device) start() []Effect {
	r := exchange.DeviceRequest{Scope: f.Login.RequestedScope, Resource: f.resourceToSend(), Client: f.auth()}
	return f.send(StartingDevice, stepDevice, r.Message(f.Login.Server.Metadata.DeviceAuthorizationEndpoint))
}

// Bounds of what a server may ask of the device, in seconds.
const (
	shortestInterval = 1
	longestInterval  = 60
	defaultInterval  = 5
	longestLife      = 24 * 3600
)

func (f *Device) started(ev Event) []Effect {
	d, err := exchange.ReadDeviceReply(ev.(Response).Response)
	if err != nil {
		return f.rejected(err)
	}
	for _, uri := range [...]string{d.VerificationURI, d.VerificationURIComplete} {
		if why := reachable(f.ResourceURL, uri); uri != "" && why != "" {
			return f.violated("a verification_uri with https, or http on loopback", message.PrintableLine(uri), "RFC 8628 section 3.2", "it is not shown, since it may not be a page")
		}
	}
	if d.ExpiresIn <= 0 {
		got := message.Decimal(d.ExpiresIn) + " seconds"
		if d.ExpiresIn == 0 {
			got = "none, 0, or what is no integer"
		}
		return f.violated("expires_in above zero", got, "RFC 8628 section 3.2", "the code would be dead at once")
	}
	if d.Interval == 0 {
		d.Interval = defaultInterval
	}
	d.Interval = min(max(d.Interval, shortestInterval), longestInterval)
	d.ExpiresIn = min(d.ExpiresIn, longestLife)
	f.device, f.interval = d, time.Duration(d.Interval)*time.Second
	f.expires = f.now.Add(time.Duration(d.ExpiresIn) * time.Second)
	return append([]Effect{Show{Authorization: d, ExpiresAt: f.expires}}, f.wait()...)
}

// wait orders the next poll, or the last look at the clock.
func (f *Device) wait() []Effect {
	f.state, f.resent = AwaitingPoll, false // each poll may meet a new nonce
	f.next = f.now.Add(f.interval)
	if f.next.After(f.expires) {
		f.next = f.expires
	}
	return []Effect{Wait{f.next}}
}

func (f *Device) poll(Event) []Effect {
	switch {
	case !f.now.Before(f.expires):
		return f.lapsed()
	case f.now.Before(f.next):
		return []Effect{Wait{f.next}}
	}
	return f.askToken(Polling, exchange.TokenRequest{GrantType: oauth.GrantDeviceCode, DeviceCode: f.device.DeviceCode})
}

func (f *Device) lapsed() []Effect {
	return f.fail(&Lapsed{Text: "Device code expired before authorization completed."})
}

func (f *Device) polled(ev Event) []Effect {
	r := ev.(Response).Response
	t, err := exchange.ReadTokenReply(r)
	if err == nil {
		return f.gotToken(t)
	}
	if f.wantsNonce(r, err) {
		return f.askToken(Polling, f.asked)
	}
	var e *oauth.Error
	errors.As(err, &e)
	switch {
	case e != nil && e.Code == oauth.AuthorizationPending:
		return f.wait()
	case e != nil && e.Code == oauth.SlowDown:
		f.interval = min(f.interval+5*time.Second, longestInterval*time.Second)
		return f.wait()
	case e != nil && e.Code == oauth.AccessDenied:
		return f.fail(&Lapsed{Denied: true, Text: "Device authorization was denied."})
	case e != nil && e.Code == oauth.ExpiredToken:
		return f.lapsed()
	case r.Status == 429 || r.Status >= 500:
		return f.missed("status " + message.Decimal(int64(r.Status)))
	}
	return f.rejected(err)
}

func (f *Device) unanswered(ev Event) []Effect { return f.missed(ev.(Trouble).Err.Error()) }

// missed backs off and goes on: the user may still answer.
func (f *Device) missed(why string) []Effect {
	f.interval = min(2*f.interval, longestInterval*time.Second)
	notice := Notice{"no answer to a poll (" + why + "); trying again until the code expires"}
	return append([]Effect{notice}, f.wait()...)
}
