// RFC 8628 section 3.3: the page where the user answers for the device.
package authserver

import (
	"errors"
	"io"
	"strings"
	"time"

	"mcp-auth/core/message"
	"mcp-auth/core/oauth"
	"mcp-auth/core/pages"
	"mcp-auth/core/table"
)

// userCodeLetters has no vowels and nothing that looks alike (RFC 8628
// section 6.1).
const userCodeLetters = "BCDFGHJKLMNPQRSTVWXZ"

// newUserCode makes XXXX-XXXX without bias: bytes from 240 on are thrown away.
func newUserCode(random io.Reader) (string, error) {
	code := make([]byte, 0, 9)
	var b [1]byte
	for len(code) < 9 {
		if len(code) == 4 {
			code = append(code, '-')
		}
		if _, err := io.ReadFull(random, b[:]); err != nil {
			return "", err
		}
		if b[0] < 240 {
			code = append(code, userCodeLetters[b[0]%20])
		}
	}
	return string(code), nil
}

// userCodeKey finds a code however it was typed: case, dashes and spaces do
// not count. What cannot be a code has no key.
func userCodeKey(typed string) table.Key {
	k, _ := readUserCode(typed)
	return k
}

func readUserCode(typed string) (k table.Key, ok bool) {
	code := strings.ToUpper(strings.NewReplacer("-", "", " ", "").Replace(typed))
	if len(code) != 8 || strings.Trim(code, userCodeLetters) != "" {
		return table.Key{}, false
	}
	return table.KeyOf(code), true
}

// Wrong user codes that may come from one place within codeWindow.
const (
	wrongCodes = 8
	codeWindow = time.Minute
)

var guessingPage = trouble{429, "Too many wrong codes", "This address has entered too many codes that do not exist.", "Wait a minute, then enter the code your device shows."}

// DeviceVerify serves GET /oauth/device/verify. It never approves anything.
func (s *Server) DeviceVerify(now time.Time, m message.Request) message.Response {
	entry := pages.DeviceEntry{Action: s.base + DeviceVerifyPath}
	f, err := message.ParseForm(m.Query())
	if err == nil {
		entry.UserCode, err = f.One("user_code")
	}
	if err != nil {
		entry.Trouble = "The code could not be read. Type it as your device shows it."
		return pages.DeviceEntryPage(entry)
	}
	if entry.UserCode == "" {
		return pages.DeviceEntryPage(entry)
	}
	return s.lookUp(now, m.Peer, entry)
}

func (s *Server) lookUp(now time.Time, peer string, entry pages.DeviceEntry) message.Response {
	from := guesser(peer)
	if full, err := exhausted(now, s.t.Guesses, from, wrongCodes); err != nil {
		return failed(err)
	} else if full {
		return guessingPage.after(codeWindow)
	}
	key, d, err := s.liveDevice(now, entry.UserCode)
	if errors.Is(err, table.ErrMissing) {
		switch err := count(now, s.t.Guesses, from, 1, codeWindow); {
		case errors.Is(err, table.ErrMoved): // many guess at once
			return guessingPage.after(codeWindow)
		case err != nil:
			return failed(err)
		}
		entry.Trouble = "No device is waiting with this code. Codes work once and for a limited time; check it, or start again on the device."
		return pages.DeviceEntryPage(entry)
	}
	if err != nil {
		return failed(err)
	}
	return s.confirm(now, key, d, entry.UserCode)
}

// liveDevice finds a device that waits for an answer. Unknown, expired, used
// and answered are one and the same to whoever types codes.
func (s *Server) liveDevice(now time.Time, typed string) (table.Key, Device, error) {
	code, ok := readUserCode(typed)
	if !ok {
		return code, Device{}, table.ErrMissing
	}
	found, err := s.t.UserCodes.Get(now, code)
	if err != nil {
		return code, Device{}, err
	}
	d, err := s.t.Devices.Get(now, found.Value)
	if err == nil && (d.Value.State != DevicePending || now.UnixNano() >= d.Value.ExpiresAt) {
		err = table.ErrMissing
	}
	return found.Value, d.Value, err
}

// confirm shows who asks for what, bound to this browser and this code.
func (s *Server) confirm(now time.Time, device table.Key, d Device, userCode string) message.Response {
	c, err := s.client(now, d.Terms.Client)
	if err != nil {
		return clientless(err).page()
	}
	id, key, err := s.secret(24)
	if err != nil {
		return failed(err)
	}
	cookie, browser, err := s.browserCookie(id, DeviceVerifyPath)
	if err == nil {
		page := DevicePage{Device: device, Code: userCodeKey(userCode), Browser: browser}
		err = s.t.DevicePages.Create(now, key, page, now.Add(s.cfg.Lifetimes.Transaction))
	}
	if err != nil {
		return failed(err)
	}
	scope, _ := oauth.ParseScope(d.Terms.Scope)
	left := time.Duration(d.ExpiresAt - now.UnixNano())
	page := pages.DeviceConfirmPage(pages.DeviceConfirm{ClientName: c.ClientName, ClientID: d.Terms.Client, Registered: !c.Seeded && !c.Document, Document: c.Document,
		Resource: d.Terms.Resource, Scopes: scope, UserCode: shownCode(userCode), Transaction: id, Action: s.base + DeviceDecisionPath,
		Minutes: int(left / time.Minute)})
	page.Header = page.Header.With("Set-Cookie", cookie)
	page.Note = "asking for approval of a device"
	return page
}

// shownCode writes a typed code as the device shows it.
func shownCode(typed string) string {
	code := strings.ToUpper(strings.NewReplacer("-", "", " ", "").Replace(typed))
	return code[:4] + "-" + code[4:]
}

// DecideDevice serves POST /oauth/device/verify/consent.
func (s *Server) DecideDevice(now time.Time, m message.Request) message.Response {
	f, bad := s.decisionForm(m)
	if bad != nil {
		return bad.page()
	}
	key := table.KeyOf(f.transaction)
	page, err := s.t.DevicePages.Get(now, key)
	if errors.Is(err, table.ErrMissing) || err == nil && !sameBrowser(m, f.transaction, page.Value.Browser) {
		return strangePage.page()
	}
	if err != nil {
		return failed(err)
	}
	if code, ok := readUserCode(f.userCode); f.userCode != "" && (!ok || code != page.Value.Code) {
		return trouble{403, "Another code than the one shown", "The answer named another code than this page was about; neither was approved.",
			"Open the verification page again and enter the code."}.page()
	}
	return s.answerDevice(now, page.Value.Device, f.approve)
}

// answerDevice commits the decision. It is final.
func (s *Server) answerDevice(now time.Time, device table.Key, approve bool) message.Response {
	for range 100 { // polls move the record meanwhile
		read, err := s.t.Devices.Get(now, device)
		if errors.Is(err, table.ErrMissing) || err == nil && now.UnixNano() >= read.Value.ExpiresAt {
			return trouble{400, "The code has expired", "The device can no longer use this answer.", "Start again on the device."}.page()
		}
		if err != nil {
			break
		}
		if read.Value.State != DevicePending {
			return decidedPage.page()
		}
		d := read.Value
		if d.State = DeviceDenied; approve {
			d.State = DeviceApproved
		}
		err = s.t.Devices.Swap(now, device, read, d, read.Expires)
		if err == nil {
			reply := pages.DeviceOutcomePage(approve)
			reply.Note = "the user answered for a device"
			return reply
		}
		if !errors.Is(err, table.ErrMoved) {
			break
		}
	}
	return storagePage.page()
}
