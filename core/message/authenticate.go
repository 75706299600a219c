// RFC 9110 section 11.6.1: challenges, what a WWW-Authenticate field carries.
package message

import (
	"errors"
	"strings"
)

// A Challenge is one challenge of a WWW-Authenticate field. It carries a
// token68 or parameters, never both.
type Challenge struct {
	Scheme  string
	Token68 string
	Params  []Pair
}

// Param returns the first value of a parameter, whose name compares without
// case, and how often it was sent.
func (c Challenge) Param(name string) (value string, count int) {
	for _, p := range c.Params {
		if strings.EqualFold(p.Name, name) {
			if count++; count == 1 {
				value = p.Value
			}
		}
	}
	return value, count
}

// String writes the challenge with quoted values. What a quoted string cannot
// carry is left out.
func (c Challenge) String() string {
	var b strings.Builder
	b.WriteString(c.Scheme)
	if c.Token68 != "" {
		b.WriteByte(' ')
		b.WriteString(c.Token68)
	}
	for i, p := range c.Params {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteByte(' ')
		b.WriteString(p.Name)
		b.WriteString(`="`)
		writeQuoted(&b, p.Value)
		b.WriteByte('"')
	}
	return b.String()
}

func writeQuoted(b *strings.Builder, s string) {
	for i := 0; i < len(s); i++ {
		if c := s[i]; !control(c) {
			if c == '"' || c == '\\' {
				b.WriteByte('\\')
			}
			b.WriteByte(c)
		}
	}
}

var errChallenge = errors.New(`the challenge is malformed: a scheme is wanted, then name="value" with commas between (RFC 9110 section 11.6.1)`)

// ParseChallenges reads all WWW-Authenticate fields of a response, at most
// 64 KiB in all.
func ParseChallenges(values []string) ([]Challenge, error) {
	var all []Challenge
	total := 0
	for _, v := range values {
		if total += len(v); total > 64<<10 {
			return nil, errors.New("the challenges are longer than 64 KiB")
		}
		p := challengeParser{rest: v}
		if err := p.list(&all); err != nil {
			return nil, err
		}
	}
	return all, nil
}

type challengeParser struct{ rest string }

// list reads challenges separated by commas; a comma also separates the
// parameters of one challenge, so what follows it decides.
func (p *challengeParser) list(all *[]Challenge) error {
	for {
		p.skip(" \t,")
		if p.rest == "" {
			return nil
		}
		scheme := p.token()
		if scheme == "" {
			return errChallenge
		}
		c := Challenge{Scheme: scheme}
		if err := p.challenge(&c); err != nil {
			return err
		}
		*all = append(*all, c)
	}
}

func (p *challengeParser) challenge(c *Challenge) error {
	if p.rest == "" || p.rest[0] == ',' {
		return nil
	}
	if p.rest[0] != ' ' {
		return errChallenge
	}
	p.skip(" ")
	if p.token68(c) {
		return nil
	}
	for {
		before := p.rest
		p.skip(" \t,")
		name, value, ok, err := p.param()
		if err != nil {
			return err
		}
		if !ok { // not name=value: the next challenge begins here
			p.rest = before
			return p.separator()
		}
		c.Params = append(c.Params, Pair{name, value})
		p.skip(" \t")
		if p.rest == "" {
			return nil
		}
		if p.rest[0] != ',' {
			return errChallenge
		}
	}
}

func (p *challengeParser) separator() error {
	p.skip(" \t")
	if p.rest != "" && p.rest[0] != ',' {
		return errChallenge
	}
	return nil
}

// token68 reads a token68 that is the challenge's whole content.
func (p *challengeParser) token68(c *Challenge) bool {
	end := strings.IndexAny(p.rest, ", \t")
	if end < 0 {
		end = len(p.rest)
	}
	after := strings.TrimLeft(p.rest[end:], " \t")
	if !IsToken68(p.rest[:end]) || after != "" && after[0] != ',' {
		return false
	}
	c.Token68, p.rest = p.rest[:end], after
	return true
}

// param reads name=value. Where ok is false it has read what is no parameter,
// and its caller goes back.
func (p *challengeParser) param() (name, value string, ok bool, err error) {
	name = p.token()
	p.skip(" \t")
	if name == "" || p.rest == "" || p.rest[0] != '=' {
		return "", "", false, nil
	}
	p.rest = p.rest[1:]
	p.skip(" \t")
	if p.rest != "" && p.rest[0] == '"' {
		value, err = p.quoted()
		return name, value, true, err
	}
	if value = p.token(); value == "" {
		return "", "", false, errChallenge
	}
	return name, value, true, nil
}

func (p *challengeParser) quoted() (string, error) {
	var b strings.Builder
	for i := 1; i < len(p.rest); i++ {
		switch c := p.rest[i]; {
		case c == '"':
			p.rest = p.rest[i+1:]
			return b.String(), nil
		case c == '\\' && i+1 < len(p.rest):
			if i++; control(p.rest[i]) {
				return "", errChallenge
			}
			b.WriteByte(p.rest[i])
		case control(c):
			return "", errChallenge
		default:
			b.WriteByte(c)
		}
	}
	return "", errors.New("the challenge has an unbalanced quote")
}

// control reports what may stand in no quoted string, escaped or not.
func control(c byte) bool { return c < ' ' && c != '\t' || c == 0x7f }

func (p *challengeParser) skip(set string) { p.rest = strings.TrimLeft(p.rest, set) }

func (p *challengeParser) token() string {
	n := 0
	for n < len(p.rest) && tokenChar(p.rest[n]) {
		n++
	}
	t := p.rest[:n]
	p.rest = p.rest[n:]
	return t
}

func tokenChar(c byte) bool {
	return c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z' || strings.IndexByte("!#$%&'*+-.^_`|~", c) >= 0
}

// IsToken reports whether s is a token (RFC 9110 section 5.6.2), the form of a
// field name and of an authentication scheme.
func IsToken(s string) bool {
	for i := 0; i < len(s); i++ {
		if !tokenChar(s[i]) {
			return false
		}
	}
	return s != ""
}
