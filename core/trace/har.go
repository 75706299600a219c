// The trace as HAR 1.2, for the tools that people have already.
package trace

import (
	"strings"
	"time"

	"mcp-auth/core/message"
)

// HAR renders the exchanges as an HTTP archive; all events stand beside them
// under _mcpauth. It is not redacted here: render what Redact returned.
func HAR(events []Event, producer string) []byte {
	entries := []message.Value{}
	all := make([]message.Value, len(events))
	var sent Event // the last request
	for i, ev := range events {
		all[i] = eventValue(ev)
		switch {
		case ev.Kind == KindRequest:
			sent = ev
		case ev.Kind == KindResponse && sent.Request != nil && ev.Response != nil:
			entries = append(entries, harEntry(sent, ev.At, *ev.Response))
		case ev.Kind == KindNavigate && ev.Request != nil:
			entries = append(entries, harEntry(ev, ev.At, message.Response{}))
		}
	}
	name, version, _ := strings.Cut(producer, " ")
	creator := message.Obj(message.M("name", message.Str(name)), message.M("version", message.Str(version)))
	return message.Obj(message.M("log", message.Obj(message.M("version", message.Str("1.2")), message.M("creator", creator),
		message.M("entries", message.Arr(entries...)), message.M("_mcpauth", message.Arr(all...))))).AppendSorted(nil, 1)
}

func harEntry(sent Event, answered time.Time, r message.Response) message.Value {
	took := message.Num(answered.Sub(sent.At).Milliseconds())
	return message.Obj(
		message.M("startedDateTime", message.Str(message.Moment(sent.At))),
		message.M("time", took),
		message.M("request", harRequest(*sent.Request)),
		message.M("response", harResponse(r)),
		message.M("cache", message.Obj()),
		message.M("timings", message.Obj(message.M("send", message.Num(0)), message.M("wait", took), message.M("receive", message.Num(0)))),
		message.M("_step", message.Str(sent.Step)))
}

func harRequest(m message.Request) message.Value {
	query, _ := message.ParseForm(Query(m.URL))
	members := []message.Member{
		message.M("method", message.Str(m.Method)), message.M("url", message.Str(m.URL)), message.M("httpVersion", message.Str("HTTP/1.1")),
		message.M("cookies", message.Arr()), message.M("headers", harHeaders(m.Header)), message.M("queryString", harPairs(query)),
		message.M("headersSize", message.Num(-1)), message.M("bodySize", message.Num(int64(len(m.Body))))}
	if len(m.Body) > 0 {
		members = append(members, message.M("postData", message.Obj(message.M("mimeType", message.Str(m.Header.Get("Content-Type"))),
			message.M("text", message.Str(string(m.Body))))))
	}
	return message.Obj(members...)
}

func harResponse(r message.Response) message.Value {
	return message.Obj(
		message.M("status", message.Num(int64(r.Status))), message.M("statusText", message.Str("")), message.M("httpVersion", message.Str("HTTP/1.1")),
		message.M("cookies", message.Arr()), message.M("headers", harHeaders(r.Header)), message.M("redirectURL", message.Str(r.Header.Get("Location"))),
		message.M("headersSize", message.Num(-1)), message.M("bodySize", message.Num(int64(len(r.Body)))),
		message.M("content", message.Obj(message.M("size", message.Num(int64(len(r.Body)))),
			message.M("mimeType", message.Str(r.Header.Get("Content-Type"))), message.M("text", message.Str(string(r.Body))))))
}

func harHeaders(h message.Header) message.Value {
	all := make([]message.Value, len(h))
	for i, f := range h {
		all[i] = message.Obj(message.M("name", message.Str(f.Name)), message.M("value", message.Str(f.Value)))
	}
	return message.Arr(all...)
}

func harPairs(f message.Form) message.Value {
	all := make([]message.Value, len(f))
	for i, p := range f {
		all[i] = message.Obj(message.M("name", message.Str(p.Name)), message.M("value", message.Str(p.Value)))
	}
	return message.Arr(all...)
}
