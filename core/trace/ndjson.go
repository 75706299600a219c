// The trace as a file: one JSON object a line, the first one says what wrote
// it.
package trace

import (
	"bytes"
	"errors"
	"strconv"

	"mcp-auth/core/message"
)

// Version is the version of the file's form.
const Version = 1

// AppendHeader appends the first line.
func AppendHeader(dst []byte, producer string) []byte {
	v := message.Obj(message.M("v", message.Num(Version)), message.M("producer", message.Str(producer)))
	return append(v.Append(dst), '\n')
}

// AppendNDJSON appends one event as a line.
func AppendNDJSON(dst []byte, ev Event) []byte {
	return append(eventValue(ev).Append(dst), '\n')
}

type members []message.Member

func (m *members) text(name, value string) {
	if value != "" {
		*m = append(*m, message.M(name, message.Str(value)))
	}
}

func eventValue(ev Event) message.Value {
	m := members{message.M("n", message.Num(int64(ev.N))), message.M("at", message.Str(message.Moment(ev.At)))}
	m.text("kind", string(ev.Kind))
	m.text("step", ev.Step)
	m.text("from", string(ev.From))
	m.text("to", string(ev.To))
	if r := ev.Request; r != nil {
		m = append(m, message.M("req", message.Obj(message.M("method", message.Str(r.Method)), message.M("url", message.Str(r.URL)),
			message.M("headers", headerValue(r.Header)), message.M("body", message.Str(string(r.Body))))))
	}
	if r := ev.Response; r != nil {
		m = append(m, message.M("res", message.Obj(message.M("status", message.Num(int64(r.Status))),
			message.M("headers", headerValue(r.Header)), message.M("body", message.Str(string(r.Body))))))
	}
	m.text("note", ev.Note)
	m.text("cite", ev.Cite)
	if c := ev.Check; c != nil {
		m = append(m, message.M("check", message.Obj(message.M("id", message.Str(c.ID)), message.M("level", message.Str(c.Level)),
			message.M("want", message.Str(c.Want)), message.M("got", message.Str(c.Got)), message.M("ok", message.Boolean(c.OK)))))
	}
	if t := ev.Tried; t != nil {
		m = append(m, message.M("tried", message.Obj(message.M("url", message.Str(t.URL)), message.M("rule", message.Str(t.Rule)),
			message.M("outcome", message.Str(t.Outcome)))))
	}
	if v := ev.Outcome; v != nil {
		m = append(m, message.M("outcome", outcomeValue(*v)))
	}
	if len(ev.Params) > 0 {
		all := make([]message.Value, len(ev.Params))
		for i, p := range ev.Params {
			all[i] = message.Obj(message.M("name", message.Str(p.Name)), message.M("value", message.Str(p.Value)), message.M("role", message.Str(p.Role)))
		}
		m = append(m, message.M("params", message.Arr(all...)))
	}
	return message.Obj(m...)
}

func outcomeValue(v Outcome) message.Value {
	var m members
	m.text("kind", string(v.Kind))
	m.text("step", v.Step)
	m.text("code", v.Code)
	m.text("want", v.Want)
	m.text("got", v.Got)
	m.text("hint", v.Hint)
	if v.Due {
		m = append(m, message.M("due", message.Boolean(true)))
	}
	return message.Obj(m...)
}

func headerValue(h message.Header) message.Value {
	all := make([]message.Value, len(h))
	for i, f := range h {
		all[i] = message.Strs([]string{f.Name, f.Value})
	}
	return message.Arr(all...)
}

// ParseNDJSON reads a file written by this version.
func ParseNDJSON(data []byte) ([]Event, error) {
	lines := bytes.Split(bytes.TrimSuffix(data, []byte("\n")), []byte("\n"))
	head, err := message.ParseJSON(lines[0])
	if err != nil {
		return nil, errors.New("line 1 of the trace: " + err.Error())
	}
	if v, _ := head.Get("v").Int(); v != Version {
		return nil, errors.New(`line 1 of the trace must say "v":1`)
	}
	var all []Event
	for i, line := range lines[1:] {
		v, err := message.ParseJSON(line)
		if err == nil && v.Kind() != message.Object {
			err = errors.New("an object is wanted")
		}
		var ev Event
		if err == nil {
			ev, err = readEvent(v)
		}
		if err != nil {
			return nil, errors.New("line " + strconv.Itoa(i+2) + " of the trace: " + err.Error())
		}
		all = append(all, ev)
	}
	return all, nil
}

func readEvent(v message.Value) (Event, error) {
	text := func(v message.Value, name string) string { s, _ := v.Get(name).Text(); return s }
	n, _ := v.Get("n").Int()
	at, err := message.ParseMoment(text(v, "at"))
	if err != nil {
		return Event{}, errors.New("at is no time")
	}
	ev := Event{N: int(n), At: at, Kind: Kind(text(v, "kind")), Step: text(v, "step"), From: Party(text(v, "from")), To: Party(text(v, "to")),
		Note: text(v, "note"), Cite: text(v, "cite")}
	if r := v.Get("req"); r.Kind() == message.Object {
		ev.Request = &message.Request{Method: text(r, "method"), URL: text(r, "url"), Header: readHeader(r), Body: []byte(text(r, "body"))}
	}
	if r := v.Get("res"); r.Kind() == message.Object {
		status, _ := r.Get("status").Int()
		ev.Response = &message.Response{Status: int(status), Header: readHeader(r), Body: []byte(text(r, "body"))}
	}
	if c := v.Get("check"); c.Kind() == message.Object {
		ok, _ := c.Get("ok").Bool()
		ev.Check = &Check{ID: text(c, "id"), Level: text(c, "level"), Want: text(c, "want"), Got: text(c, "got"), OK: ok}
	}
	if t := v.Get("tried"); t.Kind() == message.Object {
		ev.Tried = &Tried{URL: text(t, "url"), Rule: text(t, "rule"), Outcome: text(t, "outcome")}
	}
	if d := v.Get("outcome"); d.Kind() == message.Object {
		due, _ := d.Get("due").Bool()
		ev.Outcome = &Outcome{Due: due, Kind: Ending(text(d, "kind")), Step: text(d, "step"), Code: text(d, "code"), Want: text(d, "want"), Got: text(d, "got"), Hint: text(d, "hint")}
	}
	for _, p := range v.Get("params").Elems() {
		ev.Params = append(ev.Params, Param{text(p, "name"), text(p, "value"), text(p, "role")})
	}
	return ev, nil
}

func readHeader(v message.Value) message.Header {
	var h message.Header
	for _, pair := range v.Get("headers").Elems() {
		if e := pair.Elems(); len(e) == 2 {
			name, _ := e[0].Text()
			value, _ := e[1].Text()
			h = append(h, message.Field{Name: name, Value: value})
		}
	}
	return h
}
