//go:build js && wasm

// One run in the page: made, moved, shown, exported.
package main

import (
	"errors"
	"syscall/js"
	"time"

	"mcp-auth/core/explain"
	"mcp-auth/core/message"
	"mcp-auth/core/stage"
	"mcp-auth/core/trace"
)

// producer is written into what the page exports.
const producer = "mcp-auth page"

type bridge struct {
	stage    *stage.Stage
	recorded []trace.Event // of a file; the stage is then not shown
	file     string        // the file, to the byte
}

// begin makes a run: new({flow, registration, revision, fault, seed, live, redirect, secret}).
func (b *bridge) begin(args []js.Value) message.Value {
	text := func(name string) string {
		if v := args[0].Get(name); v.Type() == js.TypeString {
			return v.String()
		}
		return ""
	}
	seed := uint32(0)
	if v := args[0].Get("seed"); v.Type() == js.TypeNumber {
		seed = uint32(v.Int())
	}
	s, err := stage.New(stage.Config{Flow: text("flow"), Registration: text("registration"), Revision: text("revision"), Fault: text("fault"),
		Seed: seed, Live: text("live"), Redirect: text("redirect"), Secret: text("secret")})
	if err != nil {
		return fault(err)
	}
	b.stage, b.recorded = s, nil
	return s.View()
}

// move makes a move: "step", "submit" with a request, "advance" with seconds,
// "early", "edit" with a request.
func (b *bridge) move(args []js.Value) message.Value {
	if b.stage == nil {
		return fault(errors.New("no run was begun"))
	}
	var m stage.Move
	switch args[0].String() {
	case "step":
		m = stage.Step{}
	case "submit":
		m = stage.Submit{Request: request(args[1])}
	case "advance":
		m = stage.Advance{By: time.Duration(args[1].Int()) * time.Second}
	case "early":
		m = stage.Early{}
	case "edit":
		m = stage.Edit{Request: request(args[1])}
	}
	if err := b.stage.Do(m); err != nil {
		return fault(err)
	}
	return b.stage.View()
}

func (b *bridge) back([]js.Value) message.Value {
	if b.stage == nil {
		return fault(errors.New("no run was begun"))
	}
	s, err := b.stage.Back()
	if err != nil {
		return fault(err)
	}
	b.stage = s
	return s.View()
}

func (b *bridge) events() []trace.Event {
	if b.recorded != nil || b.stage == nil {
		return b.recorded
	}
	return b.stage.Events()
}

func (b *bridge) row(args []js.Value) message.Value { return stage.Detail(b.events(), args[0].Int()) }

// load shows a trace that was recorded elsewhere.
func (b *bridge) load(args []js.Value) message.Value {
	b.file = args[0].String()
	events, err := trace.ParseNDJSON([]byte(b.file))
	if err != nil {
		return fault(err)
	}
	if len(events) == 0 {
		return fault(errors.New("the trace has no events"))
	}
	b.recorded = events
	return stage.Replay(events)
}

// export renders the run: ndjson, har, curl, mermaid, markdown. Secrets are
// labels unless the second argument is true. A file that was loaded goes out
// as it came.
func (b *bridge) export(args []js.Value) message.Value {
	events, kind := b.events(), args[0].String()
	open := len(args) > 1 && args[1].Truthy()
	if kind == "ndjson" && b.recorded != nil {
		return message.Str(b.file)
	}
	if !open {
		events = trace.Redact(events)
	}
	switch kind {
	case "har":
		return message.Str(string(trace.HAR(events, producer)))
	case "curl":
		return message.Str(explain.Curls(events))
	case "mermaid":
		return message.Str(explain.Mermaid(events))
	case "markdown":
		return message.Str(explain.Report(events, producer))
	}
	data := trace.AppendHeader(nil, producer)
	for _, ev := range events {
		data = trace.AppendNDJSON(data, ev)
	}
	return message.Str(string(data))
}

// pending is the request that a live run wants to be performed.
func (b *bridge) pending([]js.Value) message.Value {
	if b.stage == nil {
		return message.NullValue()
	}
	return b.stage.Pending()
}

// deliver brings what came of it: deliver(kind, what, now, server, page); the
// last two are origins, for a trouble's text.
func (b *bridge) deliver(args []js.Value) message.Value {
	now := time.UnixMilli(int64(args[2].Float())).UTC()
	kind, what := args[0].String(), args[1]
	var err error
	switch kind {
	case "response":
		err = b.stage.Response(now, response(what))
	case "trouble":
		err = b.stage.Trouble(now, explain.Trouble(what.String(), args[3].String(), args[4].String()))
	case "callback":
		err = b.stage.Callback(now, what.String())
	case "visited":
		b.stage.Visited()
	case "timer":
		err = b.stage.Timer(now)
	}
	if err != nil {
		return fault(err)
	}
	return b.stage.View()
}

func request(v js.Value) message.Request {
	return message.Request{Method: v.Get("method").String(), URL: v.Get("url").String(), Header: header(v.Get("headers")), Body: []byte(v.Get("body").String())}
}

func response(v js.Value) message.Response {
	return message.Response{Status: v.Get("status").Int(), Header: header(v.Get("headers")), Body: []byte(v.Get("body").String())}
}

func header(v js.Value) (h message.Header) {
	for i := range v.Length() {
		h = append(h, message.Field{Name: v.Index(i).Index(0).String(), Value: v.Index(i).Index(1).String()})
	}
	return h
}
